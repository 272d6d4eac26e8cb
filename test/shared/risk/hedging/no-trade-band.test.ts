import { describe, expect, test } from "vitest";
import { whalleyWilmottHalfWidthUnits } from "#shared/risk/hedging/no-trade-band.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const INPUTS = {
  gammaUnitsPerUsd: 0.04,
  spotUsd: 100,
  years: 0.25,
  rate: 0,
  costFraction: 0.001,
  riskAversionPerUsd: 1,
};

describe("whalleyWilmottHalfWidthUnits", () => {
  test.each(
    readVectors<"gamma" | "spot" | "cost" | "riskAversion" | "halfWidth" | "tol">(
      "no-trade-bands.json",
      "whalleyWilmott",
    ),
  )("quotesim's band at gamma $gamma", (row) => {
    const width = whalleyWilmottHalfWidthUnits({
      gammaUnitsPerUsd: row.gamma,
      spotUsd: row.spot,
      years: 0.25,
      rate: 0,
      costFraction: row.cost,
      riskAversionPerUsd: row.riskAversion,
    });
    expect(Math.abs(width - row.halfWidth)).toBeLessThan(row.tol);
  });

  test.each(
    readVectors<"logMoneyness" | "T" | "vol" | "prevHedge" | "cost" | "riskAversion" | "nextHedge">(
      "no-trade-bands.json",
      "nextHedge",
    ),
  )("pfhedge's next hedge at $logMoneyness", (row) => {
    const spotUsd = Math.exp(row.logMoneyness);
    const option = blackScholes({
      type: "call",
      spotUsd,
      strikeUsd: 1,
      years: row.T,
      volatility: row.vol,
      rate: 0,
    });
    const width = whalleyWilmottHalfWidthUnits({
      gammaUnitsPerUsd: option.gammaUnitsPerUsd,
      spotUsd,
      years: 0,
      rate: 0,
      costFraction: row.cost,
      riskAversionPerUsd: row.riskAversion,
    });
    const next = Math.min(
      Math.max(row.prevHedge, option.deltaUnits - width),
      option.deltaUnits + width,
    );
    expect(Math.abs(next - row.nextHedge)).toBeLessThan(6e-5);
  });

  test("eight times the cost doubles it, the sign of gamma does not matter, zero gamma closes it", () => {
    const width = whalleyWilmottHalfWidthUnits(INPUTS);
    expect(whalleyWilmottHalfWidthUnits({ ...INPUTS, costFraction: 0.008 })).toBeCloseTo(
      2 * width,
      14,
    );
    expect(whalleyWilmottHalfWidthUnits({ ...INPUTS, gammaUnitsPerUsd: -0.04 })).toBe(width);
    expect(whalleyWilmottHalfWidthUnits({ ...INPUTS, gammaUnitsPerUsd: 0 })).toBe(0);
  });

  test("refuses a risk aversion of zero", () => {
    expect(() => whalleyWilmottHalfWidthUnits({ ...INPUTS, riskAversionPerUsd: 0 })).toThrow(
      "riskAversionPerUsd: 0; must be > 0",
    );
  });
});
