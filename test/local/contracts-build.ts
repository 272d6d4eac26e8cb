import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { FatalError } from "#shared/errors.ts";

const REPOSITORY = join(import.meta.dirname, "../..");
const NEEDED = [
  "ShardVault",
  "OptionBook",
  "UniswapV3Adapter",
  "ShardLens",
  "CollateralOFT",
  "LocalToken",
];

/**
 * Compiles this repository's contracts if their compiled form is not there.
 *
 * @param announce Told before the compiler runs: the first time takes a while.
 * @throws {FatalError} With the compiler's output.
 */
export function buildContracts(announce: (text: string) => void): void {
  const isBuilt = NEEDED.every((name) =>
    existsSync(join(REPOSITORY, "contracts/out", `${name}.sol`, `${name}.json`)),
  );
  if (isBuilt) return;
  announce("compiling the contracts (first time only)");
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  const forge = `@foundry-rs/forge-${process.platform}-${architecture}/bin/forge`;
  const result = spawnSync(
    createRequire(import.meta.url).resolve(forge),
    ["build", "contracts/src", "contracts/local"],
    {
      cwd: REPOSITORY,
      encoding: "utf8",
      // The compiler is a script: it must find the Node that runs this.
      env: { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}` },
    },
  );
  if (result.status !== 0) {
    throw new FatalError(
      "world-compile",
      `the contracts do not compile:\n${result.stdout}${result.stderr}`,
    );
  }
}
