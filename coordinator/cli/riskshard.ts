import { Command } from "commander";
import { addOfflineCommands } from "#coordinator/cli/offline-commands.ts";
import { addOperatorCommands } from "#coordinator/cli/operator-commands.ts";
import { runMain } from "#shared/node/run-main.ts";

await runMain(async () => {
  const program = new Command("riskshard")
    .description("Cross-chain risk sharding: operator commands and offline quant tools")
    .showHelpAfterError();
  addOfflineCommands(program);
  addOperatorCommands(program);
  await program.parseAsync();
});
