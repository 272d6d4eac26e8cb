import fc from "fast-check";
import { expect, test } from "vitest";
import { sizeBand } from "#coordinator/stages/bands/size-band.ts";
import { whalleyWilmottHalfWidthUnits } from "#shared/risk/hedging/no-trade-band.ts";
import { aPolicy } from "#test/support/coordinator/coordinator-pass.ts";

const POLICY = aPolicy({ bandFloorUsd: 2000, bandCapNavFraction: 0.02, costFraction: 0.001 })
  .underlyings["ETH"];
if (POLICY === undefined) throw new Error("no ETH");
const LIMITS = POLICY;
const CONTEXT = {
  gammaUnitsPerUsd: 0.05,
  spotUsd: 2000,
  navUsd: 1_000_000,
  gasUsd: 0.5,
  measuredCostFraction: null,
  volatility: null,
  stressFraction: 1,
};

test("between floor and cap it is the formula", () => {
  const context = { ...CONTEXT, gammaUnitsPerUsd: 0.005 };
  const formula = whalleyWilmottHalfWidthUnits({
    ...LIMITS,
    gammaUnitsPerUsd: 0.005,
    spotUsd: 2000,
    years: LIMITS.bandHorizonYears,
    rate: 0,
  });
  expect(formula).toBeGreaterThan(1);
  expect(formula).toBeLessThan(10);
  expect(sizeBand(context, LIMITS)).toMatchObject({
    halfWidthUnits: formula,
    formulaUnits: formula,
    bound: "formula",
  });
});

test.each([
  { name: "no gamma: the policy's floor", change: { gammaUnitsPerUsd: 0 }, units: 1 },
  { name: "dear gas: what is worth its gas", change: { gammaUnitsPerUsd: 0, gasUsd: 8 }, units: 4 },
  {
    name: "unknown gas: the policy's floor",
    change: { gammaUnitsPerUsd: 0, gasUsd: null },
    units: 1,
  },
  { name: "much gamma: the cap", change: { gammaUnitsPerUsd: 9 }, units: 10 },
  {
    name: "little net asset value: the floor wins over the cap",
    change: { gammaUnitsPerUsd: 9, navUsd: 10 },
    units: 1,
  },
  {
    name: "negative net asset value: the floor",
    change: { gammaUnitsPerUsd: 9, navUsd: -1e6 },
    units: 1,
  },
])("$name", ({ change, units }) => {
  expect(sizeBand({ ...CONTEXT, ...change }, LIMITS).halfWidthUnits).toBeCloseTo(units, 12);
});

test("a venue that costs next to nothing, or less, makes no band wider than the policy's own cost does", () => {
  const limits = { ...LIMITS, bandCost: "measured" } as const;
  for (const measuredCostFraction of [-0.01, 0, 1e-5, 5e-4, 0.001]) {
    const free = sizeBand({ ...CONTEXT, gasUsd: 8, measuredCostFraction }, limits);
    const own = sizeBand({ ...CONTEXT, gasUsd: 8 }, LIMITS);
    expect(free.halfWidthUnits).toBeLessThanOrEqual(own.halfWidthUnits);
  }
});

test("it never leaves floor and cap, and grows with gamma", () => {
  const gamma = fc.double({ min: 0, max: 10, noNaN: true });
  fc.assert(
    fc.property(gamma, gamma, (one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const width = (gammaUnitsPerUsd: number) =>
        sizeBand({ ...CONTEXT, gammaUnitsPerUsd }, LIMITS).halfWidthUnits;
      expect(width(low)).toBeLessThanOrEqual(width(high));
      expect(width(low)).toBeGreaterThanOrEqual(1);
      expect(width(high)).toBeLessThanOrEqual(10);
    }),
  );
});
