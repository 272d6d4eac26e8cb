import { buildContracts, CONTRACTS_ARE_BUILT } from "#test/local/contracts-build.ts";

/**
 * Compiles the contracts once for all worlds of a run: forge writes its cache anew each time, also while another one
 * reads it, which would then compile everything under the eyes of a third.
 */
export function setup(): void {
  buildContracts((text) => process.stderr.write(`${text}\n`));
  process.env[CONTRACTS_ARE_BUILT] = "yes";
}
