import fc from "fast-check";
import { expect, test } from "vitest";
import { sviTotalVariance } from "#shared/risk/volatility/svi-slice.ts";
import { DAY_MS, yearsBetween } from "#shared/units/time.ts";
import { type FeedSlice, surfaceSlices } from "#test/local/market/surface.ts";

const NOW_MS = Date.UTC(2030, 0, 1);
const EXPIRIES_MS = [NOW_MS + 90_000, NOW_MS + 7 * DAY_MS, NOW_MS + 90 * DAY_MS];

test("variance at the money is volatility squared times the years left", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.3, max: 1.5, noNaN: true }), (volatility) => {
      surfaceSlices(volatility, EXPIRIES_MS, NOW_MS).forEach((slice, index) => {
        const years = yearsBetween(NOW_MS, EXPIRIES_MS[index] ?? 0);
        expect(sviTotalVariance(parameters(slice), 0) / (volatility ** 2 * years)).toBeCloseTo(
          1,
          6,
        );
      });
    }),
  );
});

test("variance is positive at every strike and grows with expiry: no calendar arbitrage", () => {
  const slices = surfaceSlices(0.65, EXPIRIES_MS, NOW_MS).map(parameters);
  for (let logMoneyness = -0.6; logMoneyness <= 0.6; logMoneyness += 0.05) {
    const variances = slices.map((slice) => sviTotalVariance(slice, logMoneyness));
    expect(variances[0]).toBeGreaterThan(0);
    expect([...variances].sort((a, b) => a - b)).toEqual(variances);
  }
});

test("expired slices are left out", () => {
  expect(surfaceSlices(0.65, EXPIRIES_MS, NOW_MS + 90_000)).toHaveLength(2);
});

function parameters(slice: FeedSlice) {
  return {
    a: Number(slice.a) / 1e18,
    b: Number(slice.b) / 1e18,
    rho: Number(slice.rho) / 1e18,
    m: Number(slice.m) / 1e18,
    sigma: Number(slice.sigma) / 1e18,
  };
}
