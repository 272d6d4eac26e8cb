import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { FaultKind } from "#test/simulation/engine/faults.ts";
import { failuresOf, rerunText, runInMode } from "#test/simulation/modes.ts";

type Kept = {
  readonly seed: number;
  readonly steps: number;
  readonly always?: Partial<Record<FaultKind, number>>;
  readonly found: string;
};
const kept: readonly Kept[] = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "seeds.json"), "utf8"),
);

test.each(kept)("every invariant holds in seed $seed, which found: $found", async (one) => {
  const always = new Map(Object.entries(one.always ?? {}) as [FaultKind, number][]);
  const options = { seed: one.seed, steps: one.steps, always };
  const result = await runInMode("fast", options);
  expect(failuresOf(result), rerunText("fast", options)).toEqual([]);
});
