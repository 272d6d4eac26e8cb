import { expect, test } from "vitest";
import { DAY_MS } from "#shared/units/time.ts";
import { timelineOf } from "#test/local/market/timeline.ts";

const START_MS = 1_800_000_000_123;

test("crash at 40 %, expiry at 60 %, standstill 20 s before the end", () => {
  const timeline = timelineOf(START_MS, 3);
  expect(timeline.crashAtMs - START_MS).toBe(72_000);
  expect(timeline.expiryAtMs).toBe(1_800_000_108_000);
  expect(timeline.stopsAtMs).toBe(START_MS + 160_000);
  expect(timeline.endsAtMs).toBe(START_MS + 180_000);
});

test("expiries are whole seconds and ascend", () => {
  const { expiriesMs } = timelineOf(START_MS, 3);
  expect(expiriesMs.every((expiry) => expiry % 1000 === 0)).toBe(true);
  expect([...expiriesMs].sort((a, b) => a - b)).toEqual([...expiriesMs]);
  expect(expiriesMs[1]).toBeGreaterThan(START_MS + 6 * DAY_MS);
});

test("a run without an end crashes and settles as one of five minutes, and never stands still", () => {
  const timeline = timelineOf(START_MS, null);
  expect(timeline.crashAtMs - START_MS).toBe(120_000);
  expect(timeline.stopsAtMs).toBeNull();
});
