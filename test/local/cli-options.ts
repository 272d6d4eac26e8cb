import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Command } from "commander";
import { FatalError } from "#shared/errors.ts";
import { parseCommandLine } from "#shared/node/command-line.ts";
import { number, whole } from "#test/support/runner/numeric-flags.ts";

/** What `npm start` was asked for. */
export type CliOptions = {
  readonly chains: number;
  readonly seed: number;
  readonly minutes: number | null;
  readonly jsonFile: string | null;
  readonly withTakers: boolean;
  readonly withMarket: boolean;
  readonly prices: { readonly file: string; readonly speed: number } | null;
  readonly shadow: boolean;
  /** Where the world keeps its description, configurations, keys, journals and logs. */
  readonly folder: string;
};

/** The repository's `.local`, which git ignores. */
const DEFAULT_FOLDER = join(import.meta.dirname, "../../.local");
const SEED_MAX = 2 ** 32 - 1;
const MINUTES = [1, 24 * 60] as const;
const SPEED_MAX = 86_400;
const SPEED_DEFAULT = 60;

type Flags = {
  readonly chains: number;
  readonly seed?: number;
  readonly minutes?: number;
  readonly json?: string;
  readonly takers: boolean;
  readonly market: boolean;
  readonly prices?: string;
  readonly speed?: number;
  readonly shadow?: boolean;
  readonly dir?: string;
};

/**
 * Flags of the command line; null when help was asked for and shown.
 *
 * @param args Without the interpreter and the script.
 * @throws {FatalError} `input-flags` with what was found and what is allowed.
 */
export function parseCliOptions(args: readonly string[]): CliOptions | null {
  const flags = parseCommandLine<Flags>(describeCommand(), args, "input-flags");
  if (flags === null) return null;
  const problems = contradictions(flags);
  if (problems.length > 0) throw new FatalError("input-flags", problems.join("; "));
  return {
    chains: flags.chains,
    seed: flags.seed ?? randomInt(SEED_MAX),
    minutes: flags.minutes ?? null,
    jsonFile: flags.json === undefined ? null : resolve(flags.json),
    withTakers: flags.takers,
    withMarket: flags.market,
    prices:
      flags.prices === undefined
        ? null
        : { file: resolve(flags.prices), speed: flags.speed ?? SPEED_DEFAULT },
    shadow: flags.shadow ?? false,
    folder: flags.dir === undefined ? DEFAULT_FOLDER : resolve(flags.dir),
  };
}

function describeCommand(): Command {
  return new Command("npm start --")
    .description("Brings up a local multi-chain world and runs riskshard in it.")
    .option(
      "--minutes <n>",
      "length of the run; without it the world runs until Ctrl-C",
      number(MINUTES),
    )
    .option(
      "--seed <n>",
      "seed of prices, takers and keys (default: random, printed)",
      whole([0, SEED_MAX]),
    )
    .option("--chains <n>", "number of chains", whole([2, 8]), 3)
    .option("--json <file>", "write the summary there")
    .option("--no-takers", "leave option trades to you")
    .option("--no-market", "leave prices and volatilities to you")
    .option(
      "--prices <file>",
      "replay a price history: CSV with timestamp,underlying,price,volatility",
    )
    .option(
      "--speed <x>",
      `seconds of the price history per second (default: ${SPEED_DEFAULT})`,
      number([0.01, SPEED_MAX]),
    )
    .option("--shadow", "the coordinator plans and records, and signs nothing")
    .option(
      "--dir <folder>",
      "folder of the world, so that two can run beside each other (default: .local)",
    );
}

function contradictions(flags: Flags): string[] {
  const problems: string[] = [];
  if (flags.prices !== undefined && !flags.market)
    problems.push("--prices: not together with --no-market");
  if (flags.speed !== undefined && flags.prices === undefined)
    problems.push("--speed: needs --prices");
  if (flags.json !== undefined && !existsSync(dirname(resolve(flags.json)))) {
    problems.push(`--json: the folder ${dirname(resolve(flags.json))} does not exist`);
  }
  return problems;
}
