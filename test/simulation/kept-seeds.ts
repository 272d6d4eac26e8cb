import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { FaultKind } from "#test/simulation/engine/faults.ts";
import {
  failuresOf,
  type ModeName,
  type RunOptions,
  rerunText,
  runInMode,
} from "#test/simulation/modes.ts";

type Kept = Pick<RunOptions, "seed" | "steps" | "role" | "hasLiar"> & {
  /** Fast when left out. */
  readonly mode?: ModeName;
  readonly always?: Partial<Record<FaultKind, number>>;
  readonly found: string;
};

/** What they found was of jobs, or of transfers: a file of tests for each, so that both cores have work to the end. */
type Subject = "jobs" | "transfers";

const KEPT: Readonly<Record<Subject, readonly Kept[]>> = JSON.parse(
  readFileSync(path.join(import.meta.dirname, "seeds.json"), "utf8"),
);

/** A test for each seed that once found something. */
export function testKept(subject: Subject): void {
  test.each(KEPT[subject])(
    "every invariant holds in seed $seed, which found: $found",
    async (one) => {
      const { mode = "fast", always = {}, ...rest } = one;
      const options = { ...rest, always: new Map(Object.entries(always) as [FaultKind, number][]) };
      const result = await runInMode(mode, options);
      expect(failuresOf(result), rerunText(mode, options)).toEqual([]);
    },
  );
}
