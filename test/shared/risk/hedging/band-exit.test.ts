import fc from "fast-check";
import { expect, test } from "vitest";
import { bandExitProbability } from "#shared/risk/hedging/band-exit.ts";
import { normalDistribution } from "#shared/risk/statistics/normal.ts";

function exit(deltaUnits: number, deviationUnits: number, halfWidthUnits = 1): number {
  return bandExitProbability({ deltaUnits, halfWidthUnits, deviationUnits });
}

test.each([
  // P(max |B| < 1 over a time of s²), Feller's theta function; 0.3708 is the classical value at 1.
  { deviation: 1, stays: 0.3707771 },
  { deviation: 2, stays: (4 / Math.PI) * Math.exp(-(Math.PI ** 2) / 2) },
])("from the centre with deviation $deviation it stays with $stays", ({ deviation, stays }) => {
  expect(1 - exit(0, deviation)).toBeCloseTo(stays, 6);
});

test("near an edge and far from the other it is twice the normal tail, by reflection", () => {
  expect(exit(0.9, 0.05)).toBeCloseTo(2 * normalDistribution(-2), 12);
  expect(exit(-0.9, 0.05)).toBeCloseTo(2 * normalDistribution(-2), 12);
});

test("the two series agree where one takes over from the other", () => {
  for (const at of [-0.95, -0.5, 0, 0.3, 0.8]) {
    expect(exit(at, 0.8 + 1e-9)).toBeCloseTo(exit(at, 0.8), 7);
  }
});

test("outside it is 1, at rest inside it is 0", () => {
  expect([exit(1, 0.1), exit(-1.5, 0), exit(0.99, 0)]).toEqual([1, 1, 0]);
});

test("it is a probability, grows with the deviation and towards the edge, and knows no side or unit", () => {
  const at = fc.double({ min: 0, max: 0.999, noNaN: true });
  const deviation = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(at, at, deviation, deviation, (one, other, left, right) => {
      const [near, far] = [Math.min(one, other), Math.max(one, other)];
      const [small, large] = [Math.min(left, right), Math.max(left, right)];
      const p = exit(near, small);
      expect(p).toBeGreaterThanOrEqual(0);
      expect(p).toBeLessThanOrEqual(1);
      expect(exit(near, large)).toBeGreaterThanOrEqual(p - 1e-9);
      expect(exit(far, small)).toBeGreaterThanOrEqual(p - 1e-9);
      expect(exit(-near, small)).toBeCloseTo(p, 12);
      expect(exit(7 * near, 7 * small, 7)).toBeCloseTo(p, 9);
    }),
  );
});

test("bad input is refused by name", () => {
  expect(() => exit(Number.NaN, 1)).toThrow(/^deltaUnits/);
  expect(() => exit(0, -1)).toThrow(/^deviationUnits/);
  expect(() => exit(0, 1, 0)).toThrow(/^halfWidthUnits/);
});
