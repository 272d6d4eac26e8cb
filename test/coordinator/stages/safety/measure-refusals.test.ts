import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BreakerState, levelOf } from "#coordinator/records/safety/breaker-state.ts";
import type { RefusalRun } from "#coordinator/records/safety/refusal-run.ts";
import { judgeBreakers } from "#coordinator/stages/safety/judge-breakers.ts";
import { measureRefusals, pauseAfter } from "#coordinator/stages/safety/measure-refusals.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const SCOPE = "trade:base/0xad/0x90/buy";
const RULE = DEFAULT_POLICY.breakers.tradeRefusals;

function aRun(count: number, lastAtMs = NOW_MS): RefusalRun {
  const refusals = Array.from({ length: count }, (_, index) => {
    return { jobId: hash32("0b"), recordedAtMs: index };
  });
  return { sinceMs: 0, refusals, lastAtMs, lastReason: "simulation-reverted" };
}

function measured(count: number, nowMs: number, rule = RULE) {
  const refusals = { [SCOPE]: aRun(count) };
  return measureRefusals({ refusals, before: [], rule, nowMs })[0];
}

test.each([
  [0, 0],
  [3, 0],
  [4, 30_000],
  [5, 60_000],
  [6, 120_000],
  [9, 960_000],
  [10, 1_800_000],
  [64, 1_800_000],
])("after %i refusals in a row the pause is %i ms by default", (count, pauseMs) => {
  expect(pauseAfter(count, RULE)).toBe(pauseMs);
});

test("a policy that switches the breaker off pauses nothing", () => {
  expect(pauseAfter(64, { ...RULE, reduceOnly: null })).toBe(0);
});

describe("a run of refusals", () => {
  test("counts while it pauses the trade, and says until when and for what", () => {
    expect(measured(5, NOW_MS + 59_999)).toEqual({
      kind: "tradeRefusals",
      scope: SCOPE,
      value: 5,
      detail: `refused 5 times in a row, the last as simulation-reverted; tried again from ${new Date(NOW_MS + 60_000).toISOString()}`,
    });
  });

  test("is 0 once the pause is over, and while it is too short for one", () => {
    expect(measured(5, NOW_MS + 60_000)).toMatchObject({
      value: 0,
      detail: "refused 5 times in a row, the last as simulation-reverted",
    });
    expect(measured(3, NOW_MS)).toMatchObject({ value: 0 });
  });

  test.each(["fee-too-high: 3 > 2", "gas-below-floor", "signing-ceiling: 3 > 2"])(
    "that ends with %s pauses for the first length however long it is: gas is not for ever",
    (lastReason) => {
      const refusals = { [SCOPE]: { ...aRun(9), lastReason } };
      const at = (nowMs: number) =>
        measureRefusals({ refusals, before: [], rule: RULE, nowMs })[0]?.value;
      expect(at(NOW_MS + 29_999)).toBe(9);
      expect(at(NOW_MS + 30_000)).toBe(0);
    },
  );

  test("pauses no longer where the clock was put back", () => {
    expect(measured(4, NOW_MS - 30_000)?.value).toBe(0);
    expect(measured(4, NOW_MS - 29_999)?.value).toBe(4);
  });
});

/** The breaker's level after each look, with its refusals told at these moments. */
function levels(toldMs: readonly number[], looksMs: readonly number[]): string[] {
  let breakers: Record<string, BreakerState> = {};
  return looksMs.map((atMs) => {
    const told = toldMs.filter((one) => one <= atMs);
    const refusals = { [SCOPE]: aRun(told.length, NOW_MS + (told.at(-1) ?? 0)) };
    const before = Object.values(breakers);
    const nowMs = NOW_MS + atMs;
    const measures = measureRefusals({ refusals, before, rule: RULE, nowMs });
    ({ breakers } = judgeBreakers(breakers, measures, { policy: DEFAULT_POLICY.breakers, nowMs }));
    return Object.values(breakers).map(levelOf).join();
  });
}

test("the breaker pauses the trade, lets one try through, and pauses it for twice as long when that is refused", () => {
  const told = [0, 1_000, 2_000, 3_000, 40_000];
  const looks = [2_500, 3_000, 32_999, 33_000, 39_999, 40_000, 99_999, 100_000];
  expect(levels(told, looks)).toEqual([
    "run",
    "reduce-only",
    "reduce-only",
    "run",
    "run",
    "reduce-only",
    "reduce-only",
    "run",
  ]);
});

test("what was done, or is counted no more, lifts the breaker at once", () => {
  const paused = measureRefusals({
    refusals: { [SCOPE]: aRun(4) },
    before: [],
    rule: RULE,
    nowMs: NOW_MS,
  });
  const policy = DEFAULT_POLICY.breakers;
  const tripped = judgeBreakers({}, paused, { policy, nowMs: NOW_MS }).breakers;
  const before = Object.values(tripped);
  expect(before.map(levelOf)).toEqual(["reduce-only"]);
  for (const refusals of [{}, { [SCOPE]: aRun(0) }, { [SCOPE]: aRun(3) }]) {
    const measures = measureRefusals({ refusals, before, rule: RULE, nowMs: NOW_MS + 1 });
    const after = judgeBreakers(tripped, measures, { policy, nowMs: NOW_MS + 1 });
    expect(Object.values(after.breakers).map(levelOf)).toEqual(["run"]);
    expect(after.events).toHaveLength(1);
    const later = {
      refusals: {},
      before: Object.values(after.breakers),
      rule: RULE,
      nowMs: NOW_MS,
    };
    const next = judgeBreakers(after.breakers, measureRefusals(later), { policy, nowMs: NOW_MS });
    expect(next.breakers).toEqual({});
  }
});

test("law: a pause grows with the refusals, never beyond its most, and always ends", () => {
  const anyRule = fc.record({
    tripAt: fc.double({ min: 0.5, max: 60, noNaN: true }),
    pauseMs: fc.integer({ min: 1_000, max: 86_400_000 }),
    pauseMaxMs: fc.integer({ min: 1_000, max: 86_400_000 }),
  });
  fc.assert(
    fc.property(anyRule, fc.integer({ min: 1, max: 64 }), ({ tripAt, ...pauses }, count) => {
      const rule = { ...RULE, reduceOnly: { tripAt, resetAt: 0.1 }, ...pauses };
      const pauseMs = pauseAfter(count, rule);
      expect(pauseMs > 0).toBe(count >= tripAt);
      expect(pauseAfter(count + 1, rule)).toBeGreaterThanOrEqual(pauseMs);
      expect(pauseMs).toBeLessThanOrEqual(pauses.pauseMaxMs);
      expect(measured(count, NOW_MS + pauses.pauseMaxMs, rule)?.value).toBe(0);
    }),
  );
});
