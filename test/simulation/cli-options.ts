import { Command, InvalidArgumentError } from "commander";
import { FatalError } from "#shared/errors.ts";
import { parseCommandLine } from "#shared/node/command-line.ts";
import { FAULT_KINDS, type FaultKind } from "#test/simulation/engine/faults.ts";
import { PLANTS, type Plant } from "#test/simulation/plant/plants.ts";
import { KEEPER_ROLES, type KeeperRole } from "#test/simulation/world/simulated-world.ts";
import { number, whole } from "#test/support/runner/numeric-flags.ts";

/** What `npm run simulate` was asked for. */
export type SimulateOptions = {
  readonly seed: number;
  /** How many, one after the other from `seed`. */
  readonly seeds: number;
  readonly steps: number;
  readonly harmless: boolean;
  readonly signed: boolean;
  readonly solved: boolean;
  readonly plant: readonly Plant[];
  /** Rates of fault kinds, as multiples of the usual. */
  readonly always: ReadonlyMap<FaultKind, number>;
  readonly role?: KeeperRole;
  readonly liar: boolean;
  readonly verbose: boolean;
};

const SEED_MAX = 2 ** 32 - 1;
const SEEDS_MAX = 100_000;
const STEPS_MAX = 10_000_000;
const RATE_MAX = 1_000;
const LEFT_OUT = {
  harmless: false,
  signed: false,
  solved: false,
  plant: [],
  always: new Map(),
  liar: false,
  verbose: false,
} as const satisfies Partial<SimulateOptions>;

/**
 * Flags of the command line; null when help was asked for and shown.
 *
 * @param args Without the interpreter and the script.
 * @throws {FatalError} `input-flags` with what was found and what is allowed.
 */
export function parseSimulateOptions(args: readonly string[]): SimulateOptions | null {
  type Flags = Partial<SimulateOptions> & Pick<SimulateOptions, "seed" | "seeds" | "steps">;
  const flags = parseCommandLine<Flags>(describeCommand(), args, "input-flags");
  if (flags === null) return null;
  const options = { ...LEFT_OUT, ...flags };
  const problems = contradictions(options);
  if (problems.length > 0) throw new FatalError("input-flags", problems.join("; "));
  return options;
}

function describeCommand(): Command {
  return new Command("npm run simulate --")
    .description("Runs seeds of the simulation; docs/simulation.md says what is in them.")
    .option("--seed <n>", "the first seed", whole([0, SEED_MAX]), 1)
    .option("--seeds <n>", "how many, one after the other", whole([1, SEEDS_MAX]), 1)
    .option("--steps <n>", "steps with faults of each", whole([1, STEPS_MAX]), 4_000)
    .option("--harmless", "no fault at all")
    .option("--signed", "real signatures and calldata")
    .option("--solved", "plans by the real solver")
    .option("--plant <name>", "a fault of the product itself; may be repeated", planted)
    .option("--always <kind=rate>", "rate of a fault kind, 1 for the usual; may be repeated", rated)
    .option(
      "--role <role>",
      `of a shard's second agent: ${KEEPER_ROLES.join(", ")}`,
      oneOf(KEEPER_ROLES),
    )
    .option("--liar", "one of three endpoints of some shard lies")
    .option("--verbose", "every log line");
}

function contradictions({ harmless, always, plant, solved, seed, seeds }: SimulateOptions) {
  const problems: string[] = [];
  if (harmless && always.size > 0) problems.push("--always: not together with --harmless");
  if (plant.includes("worse-plan-is-taken") && !solved)
    problems.push("--plant worse-plan-is-taken: needs --solved");
  if (seed + seeds - 1 > SEED_MAX)
    problems.push(`--seeds: the last seed must be at most ${SEED_MAX}; found ${seed + seeds - 1}`);
  return problems;
}

function planted(text: string, before: readonly Plant[] = []): Plant[] {
  return [...before, oneOf(PLANTS)(text)];
}

/** `kind=rate`; the rate is 1 when left out. */
function rated(
  text: string,
  before: ReadonlyMap<FaultKind, number> = new Map(),
): Map<FaultKind, number> {
  const [kind = "", ...rate] = text.split("=");
  const times = rate.length === 0 ? 1 : number([0, RATE_MAX])(rate.join("="));
  return new Map(before).set(oneOf(FAULT_KINDS)(kind), times);
}

function oneOf<T extends string>(all: readonly T[]): (text: string) => T {
  return (text) => {
    const found = all.find((one) => one === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Must be one of ${all.join(", ")}.`);
  };
}
