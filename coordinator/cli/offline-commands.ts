import { writeFileSync } from "node:fs";
import { Argument, type Command } from "commander";
import { BadInputError } from "#coordinator/cli/bad-input-error.ts";
import { bandCommand } from "#coordinator/cli/band-command.ts";
import { impliedVolatilityCommand } from "#coordinator/cli/implied-volatility-command.ts";
import { jsonText } from "#coordinator/cli/json-text.ts";
import type { AnyOfflineCommand } from "#coordinator/cli/offline-command.ts";
import { priceCommand } from "#coordinator/cli/price-command.ts";
import { quoteCommand } from "#coordinator/cli/quote-command.ts";
import { readDocument } from "#coordinator/cli/read-document.ts";
import { riskCommand } from "#coordinator/cli/risk-command.ts";
import { scenarioPlot } from "#coordinator/cli/scenario-plot.ts";
import { textTable } from "#coordinator/cli/text-table.ts";
import { varCommand } from "#coordinator/cli/var-command.ts";

const COMMANDS: readonly AnyOfflineCommand[] = [
  priceCommand,
  impliedVolatilityCommand,
  varCommand,
  riskCommand,
  bandCommand,
  quoteCommand,
];

type Options = { readonly file?: string; readonly table?: true; readonly plot?: string };

/** Adds the offline tools and `schema` to the program. Bad input ends the process with exit code 2. */
export function addOfflineCommands(program: Command): void {
  for (const command of COMMANDS) {
    const added = program
      .command(command.name)
      .description(`${command.summary} (JSON in, JSON out; see \`schema ${command.name}\`)`)
      .option("--file <path>", "read the JSON document from a file instead of standard input")
      .option("--table", "print a table for people instead of JSON");
    if (command === riskCommand) {
      added.option("--plot <path>", "also write the scenario surface as an SVG picture");
    }
    added.action((options: Options) => exitingOnBadInput(() => answer(command, options)));
  }
  program
    .command("schema")
    .description("JSON schemas of a command's input and output documents")
    .addArgument(
      new Argument("<command>", "offline command").choices(COMMANDS.map(({ name }) => name)),
    )
    .action((name: string) => {
      const command = COMMANDS.find((candidate) => candidate.name === name);
      process.stdout.write(jsonText(command?.schemas()));
    });
}

function answer(command: AnyOfflineCommand, options: Options): void {
  const { output, tables } = command.answer(readDocument(options.file));
  if (options.plot !== undefined) {
    writePlot(options.plot, output);
  }
  process.stdout.write(options.table ? textTable(tables()) : jsonText(output));
}

function writePlot(file: string, output: unknown): void {
  try {
    writeFileSync(file, scenarioPlot(output as Parameters<typeof scenarioPlot>[0]));
  } catch (error) {
    throw new BadInputError(`--plot ${file}: ${(error as Error).message}; must be a writable file`);
  }
}

function exitingOnBadInput(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof BadInputError)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}
