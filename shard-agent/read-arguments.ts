import { resolve } from "node:path";
import { Command } from "commander";
import { parseCommandLine, requires } from "#shared/node/command-line.ts";

/**
 * The agent's command line; null when help was asked for and shown.
 *
 * @param args Without the interpreter and the script.
 * @throws {FatalError} `input-arguments` with the usage.
 */
export function readArguments(args: readonly string[]): { readonly configPath: string } | null {
  const command = new Command("riskshard-agent")
    .description("Reports one shard's risk, executes its mandates and quotes options.")
    .usage("--config <file>")
    .option("--config <file>", "configuration, as docs/examples/agent.yaml")
    .action(requires("config"));
  const flags = parseCommandLine<{ readonly config: string }>(command, args, "input-arguments");
  return flags && { configPath: resolve(flags.config) };
}
