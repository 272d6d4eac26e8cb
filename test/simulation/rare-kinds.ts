import { FAULT_KINDS, type FaultKind, type Sight } from "#test/simulation/engine/faults.ts";
import { type ModeName, type RunOptions, runInMode } from "#test/simulation/modes.ts";
import type { SeedResult } from "#test/simulation/run-seed.ts";
import { neverSeen } from "#test/simulation/table.ts";

const FIRST_SEED = 2_002;
const LAST_SEED = 2_024;

/** Seeds more, in which what is missing comes more often, for as long as no run met some of what is wanted. */
export async function huntMissing(
  mode: ModeName,
  wanted: readonly (FaultKind | Sight)[],
  o: {
    readonly steps: number;
    /** Of the runs so far; those of this hunt are added. */
    readonly results: SeedResult[];
    readonly onResult: (result: SeedResult, options: RunOptions) => void;
  },
): Promise<void> {
  const { steps, results, onResult } = o;
  const missing = () => neverSeen(results, wanted);
  for (let seed = FIRST_SEED; seed <= LAST_SEED && missing().length > 0; seed += 1) {
    const rare = new Set<string>(missing());
    const always = new Map(FAULT_KINDS.flatMap((kind) => (rare.has(kind) ? [[kind, 3]] : [])));
    const options: RunOptions = { seed, steps, always, hasLiar: true, role: "share" };
    const result = await runInMode(mode, options);
    results.push(result);
    onResult(result, options);
  }
}
