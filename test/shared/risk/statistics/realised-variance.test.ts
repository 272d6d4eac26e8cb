import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  meanVarianceAhead,
  newVarianceTrace,
  tracedVariance,
  traceReturn,
} from "#shared/risk/statistics/realised-variance.ts";

const DAY = 1 / 252;

describe("a trace of returns", () => {
  test("is Hull's exponentially weighted example: lambda 0.90, 1 % a day before, a move of 2 %: 1.14 %", () => {
    const halfLifeYears = (DAY * Math.LN2) / -Math.log(0.9);
    // A start that has faded: what all earlier days of 1 % left.
    const settled = { halfLifeYears, squares: 0.0001 / 0.1, years: DAY / 0.1 };
    const variance = tracedVariance(traceReturn(settled, 0.02, DAY)) ?? Number.NaN;
    expect(variance * DAY).toBeCloseTo(0.00013, 12);
    expect(Math.sqrt(variance * DAY)).toBeCloseTo(0.0114, 4);
  });

  test("of equal moves over equal steps gives exactly their variance, from the first on", () => {
    let trace = newVarianceTrace(0.01);
    expect(tracedVariance(trace)).toBeNull();
    for (let step = 0; step < 40; step += 1) {
      trace = traceReturn(trace, step % 2 === 0 ? 0.01 : -0.01, DAY);
      expect(tracedVariance(trace)).toBeCloseTo(0.0001 * 252, 12);
    }
  });

  test("forgets by half every half-life", () => {
    const move = traceReturn(newVarianceTrace(0.5), 0.1, 0);
    expect(traceReturn(move, 0, 0.5).squares).toBeCloseTo(0.005, 15);
    expect(traceReturn(move, 0, 1).squares).toBeCloseTo(0.0025, 15);
  });

  test("is never negative and scales with the square of the moves", () => {
    const steps = fc.array(
      fc.tuple(
        fc.double({ min: -0.2, max: 0.2, noNaN: true }),
        fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
      ),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const run = (factor: number): number => {
          const end = list.reduce(
            (trace, [move, years]) => traceReturn(trace, factor * move, years),
            newVarianceTrace(0.02),
          );
          return tracedVariance(end) ?? Number.NaN;
        };
        expect(run(1)).toBeGreaterThanOrEqual(0);
        expect(run(2)).toBeCloseTo(4 * run(1), 6);
      }),
    );
  });

  test("refuses what is no return, by name", () => {
    const trace = newVarianceTrace(1);
    expect(() => traceReturn(trace, Number.NaN, 1)).toThrow(/^logReturn: NaN/);
    expect(() => traceReturn(trace, 0, -1)).toThrow(/^years: -1/);
    expect(() => newVarianceTrace(0)).toThrow(/^halfLifeYears: 0/);
  });
});

describe("the mean variance ahead", () => {
  /** Hull: long-run variance rate 0.0002075 a day, 0.0003 now, a = 0.006511 a day. */
  const HULL = {
    varianceNow: 0.0003 * 252,
    varianceLong: 0.0002075 * 252,
    reversionPerYear: 0.006511 * 252,
  };

  test.each([
    { days: 10, volatility: 27.36 },
    { days: 30, volatility: 27.1 },
    { days: 50, volatility: 26.87 },
    { days: 100, volatility: 26.35 },
    { days: 500, volatility: 24.32 },
  ])("is Hull's term structure at $days days: $volatility %", ({ days, volatility }) => {
    const variance = meanVarianceAhead({ ...HULL, years: days / 252 });
    expect(100 * Math.sqrt(variance)).toBeCloseTo(volatility, 1);
  });

  test("starts at the variance now and ends at the long one", () => {
    expect(meanVarianceAhead({ ...HULL, years: 0 })).toBe(HULL.varianceNow);
    expect(meanVarianceAhead({ ...HULL, years: 1e6 })).toBeCloseTo(HULL.varianceLong, 6);
  });
});
