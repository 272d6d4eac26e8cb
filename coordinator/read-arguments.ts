import { resolve } from "node:path";
import { Command } from "commander";
import { parseCommandLine, requires } from "#shared/node/command-line.ts";

type Flags = { readonly config: string; readonly shadow?: boolean };

/**
 * The coordinator's command line; null when help was asked for and shown.
 *
 * @param args Without the interpreter and the script.
 * @throws {FatalError} `input-arguments` with the usage.
 */
export function readArguments(
  args: readonly string[],
): { readonly configPath: string; readonly shadow: boolean } | null {
  const command = new Command("riskshard-coordinator")
    .description("Nets the shards' risk and issues mandates to their agents.")
    .usage("--config <file> [--shadow]")
    .option("--config <file>", "configuration, as docs/examples/coordinator.yaml")
    .option("--shadow", "plan and record, and sign nothing")
    .action(requires("config"));
  const flags = parseCommandLine<Flags>(command, args, "input-arguments");
  return flags && { configPath: resolve(flags.config), shadow: flags.shadow ?? false };
}
