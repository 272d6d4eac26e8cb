import { expect, test } from "vitest";
import { TWAP_GUARD, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";
import { generatedPath } from "#test/local/market/price-path.ts";

const CRASH_STEP = 72;

test("the same seed gives the same path, in whatever order it is asked for", () => {
  const forwards = generatedPath(7, CRASH_STEP);
  const backwards = generatedPath(7, CRASH_STEP);
  const last = backwards(200);
  const states = Array.from({ length: 201 }, (_, step) => forwards(step));
  expect(states[200]).toEqual(last);
  expect(backwards(50)).toEqual(states[50]);
  expect(generatedPath(8, CRASH_STEP)(50)).not.toEqual(states[50]);
});

test("a path starts at the start prices and stays there before the market starts", () => {
  const path = generatedPath(7, CRASH_STEP);
  expect(path(-5)).toEqual(path(0));
  expect(path(0).pricesUsd.ETH).toBeCloseTo(UNDERLYINGS.ETH.startPriceUsd, 6);
  expect(path(0).volatilities.BTC).toBeCloseTo(UNDERLYINGS.BTC.startVolatility, 9);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "seed %i crashes by 11 to 24 %% within ten seconds, and volatility rises",
  (seed) => {
    const path = generatedPath(seed, CRASH_STEP);
    for (const ticker of ["ETH", "BTC"] as const) {
      const before = path(CRASH_STEP - 1);
      const after = path(CRASH_STEP + 9);
      const fall = 1 - after.pricesUsd[ticker] / before.pricesUsd[ticker];
      expect(fall).toBeGreaterThan(0.11);
      expect(fall).toBeLessThan(0.24);
      expect(after.volatilities[ticker] / before.volatilities[ticker]).toBeGreaterThan(1.25);
    }
  },
);

test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
  "the pools' guard lets the crash of seed %i through, also after the block's own arbitrage",
  (seed) => {
    const path = generatedPath(seed, CRASH_STEP);
    const tick = (ticker: "ETH" | "BTC", step: number): number => {
      return Math.log(path(step).pricesUsd[ticker]) / Math.log(1.0001);
    };
    for (const ticker of ["ETH", "BTC"] as const) {
      for (let step = CRASH_STEP; step < CRASH_STEP + 12; step++) {
        const mean = (tick(ticker, step - 1) + tick(ticker, step - 2) + tick(ticker, step - 3)) / 3;
        expect(Math.abs(tick(ticker, step) - mean)).toBeLessThan(TWAP_GUARD.maxDeviationTicks);
      }
    }
  },
);

test("no second moves a price by more than a tenth, nor out of the range of the pools in eight hours", () => {
  const path = generatedPath(21, CRASH_STEP);
  for (let step = 1; step < 8 * 3_600; step++) {
    const [before, after] = [path(step - 1).pricesUsd.ETH, path(step).pricesUsd.ETH];
    expect(Math.abs(after / before - 1)).toBeLessThan(0.1);
    expect(after / UNDERLYINGS.ETH.startPriceUsd).toBeGreaterThan(0.5);
    expect(after / UNDERLYINGS.ETH.startPriceUsd).toBeLessThan(2);
  }
});
