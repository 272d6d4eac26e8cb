import { describe, expect, test } from "vitest";
import {
  lelandVolatility,
  residualVarianceUsd2,
  stepTrackingErrorUsd,
  trackingErrorToExpiryUsd,
} from "#shared/risk/hedging/hedging-cost.ts";
import { tradeToBandUnits, zakamoulineHalfWidthUnits } from "#shared/risk/hedging/no-trade-band.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { seededUniform, standardNormal } from "#shared/risk/statistics/random.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

describe("published values", () => {
  test.each(readVectors<"vol" | "bidAskSpread" | "adjustedVol">("hedging.json", "leland"))(
    "Leland's volatility in Sinclair",
    (row) => {
      const found = lelandVolatility({
        side: "short",
        volatility: row.vol,
        costFraction: row.bidAskSpread / 2,
        rehedgeYears: 1 / 365,
      });
      expect(Math.abs(found - row.adjustedVol)).toBeLessThan(5e-4);
    },
  );

  test.each(readVectors<"gamma" | "vega" | "variance" | "gammaPart">("hedging.json", "residual"))(
    "residual variance of Stoikov and Saglam",
    (row) => {
      const book = {
        gammaUnitsPerUsd: row.gamma,
        vegaUsdPerVolPoint: row.vega * 0.01,
        spotUsd: 100,
        volatility: 0.01,
        volatilityOfVolatilityPoints: 0.035,
        years: 0.5,
      };
      expect(residualVarianceUsd2(book) / row.variance).toBeCloseTo(1, 5);
      expect(residualVarianceUsd2({ ...book, vegaUsdPerVolPoint: 0 }) / row.gammaPart).toBeCloseTo(
        1,
        5,
      );
    },
  );

  test.each(
    readVectors<"gamma" | "F" | "T" | "vol" | "riskAversion" | "cost" | "H0" | "H1" | "halfWidth">(
      "no-trade-bands.json",
      "zakamouline",
    ),
  )("Zakamouline's band", (row) => {
    const inputs = {
      gammaUnitsPerUsd: row.gamma,
      spotUsd: row.F,
      years: row.T,
      rate: 0,
      costFraction: row.cost,
      riskAversionPerUsd: row.riskAversion,
      volatility: row.vol,
    };
    expect(zakamoulineHalfWidthUnits(inputs)).toBeCloseTo(row.halfWidth, 6);
    expect(zakamoulineHalfWidthUnits({ ...inputs, gammaUnitsPerUsd: 0 })).toBeCloseTo(row.H0, 12);
  });
});

describe("tradeToBandUnits", () => {
  const BAND = { centreUnits: 5, halfWidthUnits: 0.2 };
  test.each([
    [5, 0],
    [5.2, 0],
    [4.8, 0],
    [6, -0.8],
    [3, 1.8],
  ])("at delta %f trades %f, to the nearest edge", (delta, trade) => {
    expect(tradeToBandUnits(delta, BAND)).toBeCloseTo(trade, 12);
  });

  test("aims inside the band on request", () => {
    expect(tradeToBandUnits(6, { ...BAND, targetFraction: 0 })).toBe(-1);
    expect(tradeToBandUnits(3, { ...BAND, targetFraction: 0.5 })).toBeCloseTo(1.9, 12);
  });
});

test("the tracking error of hedging a straddle is what a simulation finds, and halves at four times the trades", () => {
  const option = { type: "call", spotUsd: 100, strikeUsd: 100, volatility: 0.3, rate: 0 } as const;
  const years = 30 / 365;
  const stated = (rehedges: number) =>
    trackingErrorToExpiryUsd({
      vegaUsdPerVolPoint: blackScholes({ ...option, years }).vegaUsdPerVolPoint,
      volatility: 0.3,
      rehedges,
    });
  expect(stated(40)).toBeCloseTo(stated(10) / 2, 12);
  const errors = simulatedHedgeErrors({ years, rehedges: 30, paths: 2000 });
  const deviation = Math.sqrt(
    errors.reduce((sum, error) => sum + error * error, 0) / errors.length,
  );
  expect(Math.abs(deviation / stated(30) - 1)).toBeLessThan(0.12);
});

function simulatedHedgeErrors(of: { years: number; rehedges: number; paths: number }): number[] {
  const uniform = seededUniform(7);
  const step = of.years / of.rehedges;
  return Array.from({ length: of.paths }, () => {
    let spotUsd = 100;
    let cashUsd = 0;
    let held = 0;
    for (let n = 0; n < of.rehedges; n += 1) {
      const inputs = {
        type: "call",
        spotUsd,
        strikeUsd: 100,
        years: of.years - n * step,
        volatility: 0.3,
        rate: 0,
      } as const;
      const value = blackScholes(inputs);
      cashUsd += n === 0 ? value.priceUsd : 0;
      cashUsd -= (value.deltaUnits - held) * spotUsd;
      held = value.deltaUnits;
      spotUsd *= Math.exp(0.3 * Math.sqrt(step) * standardNormal(uniform) - 0.045 * step);
    }
    return cashUsd + held * spotUsd - Math.max(0, spotUsd - 100);
  });
}

test("one step's error follows from gamma", () => {
  const error = stepTrackingErrorUsd({
    gammaUnitsPerUsd: -0.01,
    spotUsd: 100,
    volatility: 0.4,
    rehedgeYears: 1 / 365,
  });
  expect(error).toBeCloseTo((0.01 * 1e4 * 0.16) / 365 / Math.SQRT2, 12);
});

test("a buyer's Leland volatility falls to nothing when costs eat the variance", () => {
  const inputs = {
    side: "long",
    volatility: 0.1,
    costFraction: 0.05,
    rehedgeYears: 1 / 365,
  } as const;
  expect(lelandVolatility(inputs)).toBe(0);
  expect(() => lelandVolatility({ ...inputs, volatility: 0 })).toThrow("volatility: 0");
});
