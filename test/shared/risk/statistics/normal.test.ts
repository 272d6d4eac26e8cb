import fc from "fast-check";
import { expect, test } from "vitest";
import { millsRatio, normalDensity, normalDistribution } from "#shared/risk/statistics/normal.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

/** 40-digit values rounded to 17 digits (mpmath, erfc(-x/sqrt 2)/2). */
const DISTRIBUTION: readonly (readonly [number, number])[] = [
  [-37, 5.7255712225245768e-300],
  [-20, 2.7536241186062337e-89],
  [-8, 6.2209605742717841e-16],
  [-5, 2.8665157187919391e-7],
  [-1, 0.15865525393145705],
  [-0.5, 0.30853753872598689],
  [0, 0.5],
  [0.3, 0.61791142218895263],
  [1.96, 0.97500210485177963],
  [3, 0.99865010196836991],
];

test.each(DISTRIBUTION)(
  "the distribution function at %f agrees to 2e-15 of its value",
  (x, value) => {
    expect(Math.abs(normalDistribution(x) / value - 1)).toBeLessThan(2e-15);
  },
);

test("both tails reach their limits", () => {
  expect(normalDistribution(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(normalDistribution(Number.POSITIVE_INFINITY)).toBe(1);
  expect(normalDensity(Number.POSITIVE_INFINITY)).toBe(0);
  expect(normalDistribution(-60)).toBe(0);
});

test("the two tails sum to one and the function never falls", () => {
  fc.assert(
    fc.property(numberIn(-9, 9), numberIn(0, 1), (x, step) => {
      expect(normalDistribution(x) + normalDistribution(-x)).toBeCloseTo(1, 15);
      expect(normalDistribution(x + step)).toBeGreaterThanOrEqual(normalDistribution(x));
    }),
  );
});

test("the Mills ratio is the tail over the density", () => {
  fc.assert(
    fc.property(numberIn(-5, 30), (y) => {
      const ratio = normalDistribution(-y) / normalDensity(y);
      expect(Math.abs(millsRatio(y) / ratio - 1)).toBeLessThan(1e-14);
    }),
  );
});
