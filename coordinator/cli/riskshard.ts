import { Command, CommanderError } from "commander";
import { addOfflineCommands } from "#coordinator/cli/offline-commands.ts";
import { addOperatorCommands } from "#coordinator/cli/operator-commands.ts";
import { EXIT_BAD_INPUT, runMain } from "#shared/node/run-main.ts";

await runMain(async () => {
  const program = new Command("riskshard")
    .description("Cross-chain risk sharding: operator commands and offline quant tools")
    .showHelpAfterError("(--help shows what is allowed)")
    .exitOverride();
  addOfflineCommands(program);
  addOperatorCommands(program);
  try {
    await program.parseAsync();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has already said what is wrong, or shown the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  }
});
