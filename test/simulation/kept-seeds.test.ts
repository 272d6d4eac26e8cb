import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { failuresOf, rerunText, runInMode } from "#test/simulation/modes.ts";

type Kept = { readonly seed: number; readonly steps: number; readonly found: string };
const kept: readonly Kept[] = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "seeds.json"), "utf8"),
);

test.each(kept)("every invariant holds in seed $seed, which found: $found", async (one) => {
  const { seed, steps } = one;
  const result = await runInMode("fast", { seed, steps });
  expect(failuresOf(result), rerunText("fast", seed, steps)).toEqual([]);
});
