import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type BreakerState,
  levelOf,
  newBreaker,
  type SafetyLevel,
} from "#coordinator/records/safety/breaker-state.ts";
import { resumeBreaker, stepBreaker } from "#coordinator/stages/safety/step-breaker.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { BreakerRule } from "#shared/policy/safety-policy.ts";

const RULE: BreakerRule = {
  reduceOnly: { tripAt: 0.2, resetAt: 0.1 },
  halt: { tripAt: 0.5, resetAt: 0.3 },
  tripAfterMs: 2_000,
  holdMs: 10_000,
  coolDownMs: 5_000,
  haltLatches: false,
};
const RANK = { run: 0, "reduce-only": 1, halt: 2 } as const;
type Sample = { readonly afterMs: number; readonly value: number | null };

function play(samples: readonly Sample[], rule: BreakerRule = RULE) {
  let state: BreakerState = newBreaker("drawdown", "global");
  let nowMs = 1_000_000;
  const levels: SafetyLevel[] = [];
  const changes: { readonly atMs: number; readonly from: string; readonly to: string }[] = [];
  for (const { afterMs, value } of samples) {
    nowMs += afterMs;
    const step = stepBreaker(state, { value, detail: "" }, { rule, nowMs });
    ({ state } = step);
    levels.push(levelOf(state));
    if (step.event !== undefined) changes.push(step.event);
  }
  return { state, levels, changes, nowMs };
}

const every = (count: number, value: number | null, afterMs = 1_000): Sample[] =>
  Array.from({ length: count }, () => ({ afterMs, value }));

const value = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(null));
const sample = fc.record({ afterMs: fc.integer({ min: 0, max: 4_000 }), value });
const samples = fc.array(sample, { maxLength: 60 });

describe("a breaker", () => {
  test("trips once the measure was at the threshold for long enough, and says what it saw", () => {
    const { levels, changes } = play([...every(3, 0.2)]);
    expect(levels).toEqual(["run", "run", "reduce-only"]);
    expect(changes).toEqual([
      {
        atMs: 1_003_000,
        kind: "drawdown",
        scope: "global",
        from: "run",
        to: "reduce-only",
        value: 0.2,
        threshold: 0.2,
        detail: "",
        reason: null,
      },
    ]);
  });

  test("reduces only by a drawdown until the loss is made up below the lower threshold, or a person resumes: no time lifts it", () => {
    const rule = DEFAULT_POLICY.breakers.drawdown;
    const day = 86_400_000;
    const still = play([...every(60, 0.12), ...every(400, 0.08, day)], rule);
    expect(levelOf(still.state)).toBe("reduce-only");
    const madeUp = play(
      [...every(60, 0.12), ...every(400, 0.08, day), ...every(2, 0.06, day)],
      rule,
    );
    expect(levelOf(madeUp.state)).toBe("run");
  });

  test("does not trip on a spike shorter than that", () => {
    expect(play([...every(2, 0.9), ...every(1, 0), ...every(2, 0.9)]).changes).toEqual([]);
  });

  test("lifts after the hold and the cool-down below its reset, one level after the other", () => {
    const { levels } = play([...every(3, 0.6), ...every(20, 0.15), ...every(20, 0.05)]);
    expect(levels[2]).toBe("halt");
    expect(levels[11]).toBe("halt");
    expect(levels[12]).toBe("reduce-only");
    expect(levels[26]).toBe("reduce-only");
    expect(levels[27]).toBe("run");
  });

  test("that latches halts until a person resumes, with the reason in the event", () => {
    const latched = play([...every(3, 0.6), ...every(100, 0)], { ...RULE, haltLatches: true });
    expect(latched.levels.at(-1)).toBe("halt");
    const o = { rule: RULE, nowMs: latched.nowMs, reason: "looked into it" };
    const resumed = resumeBreaker(latched.state, o);
    expect(levelOf(resumed.state)).toBe("run");
    expect(resumed.event).toMatchObject({ from: "halt", to: "run", reason: "looked into it" });
  });

  test("without thresholds never does anything, whatever it did before", () => {
    const tripped = play(every(3, 0.6)).state;
    const rule = { ...RULE, reduceOnly: null, halt: null };
    const { state } = stepBreaker(tripped, { value: 1, detail: "" }, { rule, nowMs: 2_000_000 });
    expect(levelOf(state)).toBe("run");
  });

  test("is monotone: a measure that is nowhere milder never has the milder level", () => {
    const pair = fc.record({
      afterMs: fc.integer({ min: 0, max: 4_000 }),
      value,
      more: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 60 }), fc.boolean(), (pairs, haltLatches) => {
        const rule = { ...RULE, haltLatches };
        const mild = play(pairs, rule);
        const hard = play(
          pairs.map((one) => ({ ...one, value: one.value === null ? null : one.value + one.more })),
          rule,
        );
        for (const [index, level] of mild.levels.entries())
          expect(RANK[hard.levels[index] ?? "run"]).toBeGreaterThanOrEqual(RANK[level]);
      }),
    );
  });

  test("does not flap: noise between reset and trip changes nothing, in whatever state it is", () => {
    const noise = fc.double({ min: 0.1, max: 0.199, noNaN: true });
    const start = fc.constantFrom(0, 0.3);
    fc.assert(
      fc.property(start, fc.array(noise, { maxLength: 80 }), (first, values) => {
        const before = play(every(3, first)).levels.at(-1);
        const after = play([...every(3, first), ...values.flatMap((one) => every(1, one))]);
        expect(after.levels.at(-1)).toBe(before);
      }),
    );
  });

  test("does not flap: between a trip and the next lift at least the hold passes", () => {
    fc.assert(
      fc.property(samples, (given) => {
        const { changes } = play(given);
        for (const [index, change] of changes.entries()) {
          const before = changes[index - 1];
          const isLift = RANK[change.to as SafetyLevel] < RANK[change.from as SafetyLevel];
          const wasTrip =
            before !== undefined &&
            RANK[before.to as SafetyLevel] > RANK[before.from as SafetyLevel];
          if (isLift && wasTrip && before.to === change.from)
            expect(change.atMs - before.atMs).toBeGreaterThanOrEqual(RULE.holdMs);
        }
      }),
    );
  });

  test("neither trips nor lifts on what is not known", () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 50 }), (given, unknowns) => {
        const before = play(given).levels.at(-1) ?? "run";
        expect(play([...given, ...every(unknowns, null)]).levels.at(-1) ?? "run").toBe(before);
      }),
    );
  });
});
