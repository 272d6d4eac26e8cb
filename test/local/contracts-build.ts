import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FatalError } from "#shared/errors.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
/** Variable of the environment that is set where the contracts were compiled for all worlds to come. */
export const CONTRACTS_ARE_BUILT = "RISKSHARD_CONTRACTS_ARE_BUILT";

/**
 * Compiles this repository's contracts. The compiler decides what is out of date, so a changed
 * source is never deployed in its old form; with nothing changed it takes a fraction of a second.
 *
 * @param announce Told before the first compilation: it takes a while.
 * @throws {FatalError} `world-compile`, with the compiler's output.
 */
export function buildContracts(announce: (text: string) => void): void {
  if (process.env[CONTRACTS_ARE_BUILT] !== undefined) return;
  if (!existsSync(join(REPOSITORY, "contracts/out/ShardVault.sol/ShardVault.json")))
    announce("compiling the contracts (first time only)");
  const forge = join(REPOSITORY, "tools/forge.ts");
  const result = spawnSync(process.execPath, [forge, "build", "contracts/src", "contracts/local"], {
    cwd: REPOSITORY,
    encoding: "utf8",
  });
  if (result.status !== 0) {
    throw new FatalError(
      "world-compile",
      `the contracts do not compile:\n${result.stdout}${result.stderr}`,
    );
  }
}
