import { loadSolverEngine } from "#test/simulation/coordinator/simulated-solver.ts";
import { runSeed, type SeedOptions, type SeedResult } from "#test/simulation/run-seed.ts";
import { fastCodec } from "#test/simulation/world/codec.ts";
import { realCodec } from "#test/simulation/world/real-codec.ts";

const SIGNED_FAULTY_MS = 35_000;
const engine = await loadSolverEngine();

type Mode = {
  readonly flags: string;
  readonly options: () => Pick<SeedOptions, "codec" | "engine" | "faultyMs">;
};

/** Ways to run a seed, and what asks for the same on the command line. */
const MODES = {
  fast: { flags: "", options: () => ({ codec: fastCodec() }) },
  solved: { flags: " --solved", options: () => ({ codec: fastCodec(), engine }) },
  signed: {
    flags: " --signed --solved",
    options: () => ({ codec: realCodec(), engine, faultyMs: SIGNED_FAULTY_MS }),
  },
} as const satisfies Record<string, Mode>;

export type ModeName = keyof typeof MODES;

export type RunOptions = Omit<SeedOptions, "codec" | "engine" | "faultyMs">;

/** One seed in one mode. */
export function runInMode(mode: ModeName, options: RunOptions): Promise<SeedResult> {
  return runSeed({ ...MODES[mode].options(), ...options });
}

/** What went wrong in a run, and how to see it again. */
export function failuresOf({ violations }: Pick<SeedResult, "violations">): string[] {
  return violations.map((one) => `step ${one.step} ${one.id}: ${one.detail}`);
}

export function rerunText(mode: ModeName, options: RunOptions): string {
  const { seed, steps, role, hasLiar = false, always = new Map() } = options;
  const flags = [
    MODES[mode].flags,
    ...(hasLiar ? [" --liar"] : []),
    ...(role === undefined ? [] : [` --role ${role}`]),
    ...[...always].map(([kind, rate]) => ` --always ${kind}=${rate}`),
  ].join("");
  const command = `npm run simulate -- --seed ${seed} --steps ${steps}${flags} --verbose`;
  return `seed ${seed} fails; rerun: ${command}, and add it to seeds.json`;
}

/** All of a run that must be the same when it is run again. */
export function tracesOf({ steps, virtualMs, counts, jobs, ids }: SeedResult): unknown {
  return { steps, virtualMs, counts: [...counts], jobs, ids };
}
