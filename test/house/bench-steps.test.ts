import { expect, test } from "vitest";
import { measure } from "#test/bench/measure.ts";
import { steps } from "#test/bench/steps.ts";

test.each(steps())("the benchmark's step runs: $name", ({ run }) => {
  expect(run).not.toThrow();
});

test("a timing is the time of one call", () => {
  const timing = measure("busy", () => {
    const untilMs = performance.now() + 0.5;
    while (performance.now() < untilMs);
  });

  expect(timing.medianUs).toBeGreaterThanOrEqual(490);
  expect(timing.medianUs).toBeLessThan(5000);
  expect(timing.worstUs).toBeGreaterThanOrEqual(timing.medianUs);
});
