import { expect, test } from "vitest";
import { measure } from "#test/bench/measure.ts";
import { steps } from "#test/bench/steps.ts";

test.each(steps())("the benchmark's step runs: $name", ({ run }) => {
  expect(run).not.toThrow();
});

test("a timing is the time of one call", () => {
  const startedMs = performance.now();
  const timing = measure("busy", () => {
    const untilMs = performance.now() + 0.5;
    while (performance.now() < untilMs);
  });
  const tookUs = (performance.now() - startedMs) * 1000;

  expect(timing.medianUs).toBeGreaterThanOrEqual(490);
  expect(timing.worstUs).toBeGreaterThanOrEqual(timing.medianUs);
  // However slow the machine: half of the calls took the median at least, and all of them not longer than all there was.
  expect((timing.medianUs * timing.calls) / 2).toBeLessThanOrEqual(tookUs);
});
