import { afterAll, expect, test } from "vitest";
import { SOLVER_KINDS } from "#test/simulation/engine/faults.ts";
import {
  failuresOf,
  type RunOptions,
  rerunText,
  runInMode,
  tracesOf,
} from "#test/simulation/modes.ts";
import { huntMissing } from "#test/simulation/rare-kinds.ts";
import type { SeedResult } from "#test/simulation/run-seed.ts";
import { neverSeen, renderTable } from "#test/simulation/table.ts";

const STEPS = 400;
/** Of the first hundred and seventy those that meet nearly all, and what the solver meets in at least four runs, in the fewest steps. */
const SEEDS = [
  1_005, 1_010, 1_012, 1_016, 1_022, 1_034, 1_040, 1_044, 1_095, 1_105, 1_115, 1_139, 1_145, 1_150,
  1_152, 1_156, 1_160, 1_161, 1_165, 1_166,
];
/** A solved seed takes three seconds, on a busy machine ten. */
const RARE_KINDS_TIMEOUT_MS = 240_000;
/** In each seed one fault of the solver comes often: they are too short for all to come by chance. */
const OFTEN = ["solver-crash", "solver-timeout", "solver-garbage", "solver-wrong"] as const;
const OFTEN_RATE = 3;
/** A short one in which agents restart: the numbers of their reports depend on what they wrote before. */
const TWICE_SEED = 1_034;
const results: SeedResult[] = [];

function optionsOf(seed: number): RunOptions {
  const often = OFTEN[seed % OFTEN.length] ?? OFTEN[0];
  return { seed, steps: STEPS, always: new Map([[often, OFTEN_RATE]]) };
}

test.each(SEEDS)(
  "every invariant holds in seed %i with the real solver and real signatures",
  async (seed) => {
    const result = await runInMode("signed", optionsOf(seed));
    results.push(result);
    expect(failuresOf(result), rerunText("signed", optionsOf(seed))).toEqual([]);
  },
);

test("a signed and solved seed gives the same run twice", async () => {
  const once = () => runInMode("signed", optionsOf(TWICE_SEED));
  const before = results.find(({ seed }) => seed === TWICE_SEED) ?? (await once());
  expect(tracesOf(await once())).toEqual(tracesOf(before));
});

test("every kind of fault of the solver bit, and its plans were taken", {
  timeout: RARE_KINDS_TIMEOUT_MS,
}, async () => {
  const onResult: Parameters<typeof huntMissing>[2]["onResult"] = (result, options) =>
    expect(failuresOf(result), rerunText("solved", options)).toEqual([]);
  await huntMissing("solved", SOLVER_KINDS, { steps: STEPS, results, onResult });
  expect(neverSeen(results, SOLVER_KINDS)).toEqual([]);
});

afterAll(() => console.log(renderTable(results)));
