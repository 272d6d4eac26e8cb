import { describe, expect, test } from "vitest";
import { boundedSeries } from "#test/local/observe/bounded-series.ts";

describe("boundedSeries", () => {
  test("keeps everything while there is room", () => {
    const series = boundedSeries<number>(4);
    for (const n of [1, 2, 3]) series.push(n);
    expect(series.entries()).toEqual([1, 2, 3]);
  });

  test("never holds more than its limit and stays evenly spaced", () => {
    const series = boundedSeries<number>(100);
    for (let n = 0; n < 100_000; n += 1) series.push(n);
    const entries = series.entries();
    expect(entries.length).toBeLessThanOrEqual(100);
    expect(entries.length).toBeGreaterThan(40);
    const steps = new Set(entries.slice(1).map((n, i) => n - (entries[i] ?? 0)));
    expect(steps.size).toBe(1);
    expect(entries[0]).toBe(0);
  });

  test("refuses a limit it cannot keep", () => {
    expect(() => boundedSeries(1)).toThrow("limit: 1");
  });
});
