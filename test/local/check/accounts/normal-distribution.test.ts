import { describe, expect, test } from "vitest";
import { normalProbability } from "#test/local/check/accounts/normal-distribution.ts";

// Abramowitz and Stegun, table 26.1 (15 decimals), and its tail asymptotics to relative precision.
const TABLE = [
  { x: 0, probability: 0.5 },
  { x: 0.5, probability: 0.691462461274013 },
  { x: 1, probability: 0.841344746068543 },
  { x: 1.96, probability: 0.97500210485178 },
  { x: 3, probability: 0.99865010196837 },
];

describe("normalProbability", () => {
  test.each(TABLE)("agrees with the published table at $x", ({ x, probability }) => {
    expect(normalProbability(x)).toBeCloseTo(probability, 13);
    expect(normalProbability(-x)).toBeCloseTo(1 - probability, 13);
  });

  test("keeps relative precision in the far tail", () => {
    expect(normalProbability(-8) / 6.22096057427178e-16).toBeCloseTo(1, 10);
    expect(normalProbability(-10) / 7.61985302416053e-24).toBeCloseTo(1, 10);
    expect(normalProbability(Number.POSITIVE_INFINITY)).toBe(1);
    expect(normalProbability(Number.NEGATIVE_INFINITY)).toBe(0);
  });

  test("joins series and tail without a step", () => {
    expect(normalProbability(-6.0000001) / normalProbability(-6)).toBeCloseTo(1, 5);
    expect(normalProbability(6.0000001)).toBeGreaterThanOrEqual(normalProbability(6));
  });

  test("refuses NaN", () => {
    expect(() => normalProbability(Number.NaN)).toThrow(RangeError);
  });
});
