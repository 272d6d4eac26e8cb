import { afterAll, expect, test } from "vitest";
import { failuresOf, rerunText, runInMode, tracesOf } from "#test/simulation/modes.ts";
import type { SeedResult } from "#test/simulation/run-seed.ts";
import { renderTable } from "#test/simulation/table.ts";

const STEPS = 400;
const SEEDS = Array.from({ length: 20 }, (_, index) => 1_001 + index);
const results: SeedResult[] = [];

test.each(SEEDS)(
  "every invariant holds in seed %i with the real solver and real signatures",
  async (seed) => {
    const result = await runInMode("signed", { seed, steps: STEPS });
    results.push(result);
    expect(failuresOf(result), rerunText("signed", seed, STEPS)).toEqual([]);
  },
);

test("a signed and solved seed gives the same run twice", async () => {
  const once = () => runInMode("signed", { seed: 1_016, steps: STEPS });
  expect(tracesOf(await once())).toEqual(tracesOf(await once()));
});

afterAll(() => console.log(renderTable(results)));
