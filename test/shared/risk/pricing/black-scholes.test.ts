import { describe, expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import type { OptionInputs, OptionType } from "#shared/risk/pricing/option-terms.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const AT_STRIKE: OptionInputs = {
  type: "call",
  spotUsd: 100,
  strikeUsd: 100,
  years: 0.25,
  volatility: 0.5,
  rate: 0,
};

function typeOf(letter: unknown): OptionType {
  return letter === "C" ? "call" : "put";
}

describe("published values", () => {
  test.each(
    readVectors<"id" | "quantity" | "cp" | "S" | "K" | "r" | "T" | "vol" | "value" | "tol">(
      "option-prices.json",
      "hull",
    ),
  )("$id", (row) => {
    const value = blackScholes({
      type: typeOf(row.cp),
      spotUsd: row.S,
      strikeUsd: row.K,
      years: row.T,
      volatility: row.vol,
      rate: row.r,
    });
    const totalVolatility = row.vol * Math.sqrt(row.T);
    const d1 = (Math.log(row.S / row.K) + row.r * row.T) / totalVolatility + totalVolatility / 2;
    const quantities: Record<string, number> = {
      d1,
      d2: d1 - totalVolatility,
      price: value.priceUsd,
      delta: value.deltaUnits,
      gamma: value.gammaUnitsPerUsd,
      theta: value.thetaUsdPerDay * 365,
      vega1pct: value.vegaUsdPerVolPoint,
      rho1pct: value.rhoUsdPerRatePoint,
    };
    const found = quantities[String(row.quantity)] ?? Number.NaN;
    expect(Math.abs(found - row.value)).toBeLessThanOrEqual(row.tol);
  });

  test.each(
    readVectors<"id" | "cp" | "F" | "K" | "r" | "T" | "vol" | "price" | "tol">(
      "option-prices.json",
      "hullBlack76",
    ),
  )("$id", (row) => {
    const value = blackScholes({
      type: typeOf(row.cp),
      spotUsd: row.F,
      strikeUsd: row.K,
      years: row.T,
      volatility: row.vol,
      rate: row.r,
      carry: 0,
    });
    expect(Math.abs(value.priceUsd - row.price)).toBeLessThanOrEqual(row.tol);
  });

  test.each(
    readVectors<
      "secToExpiry" | "vol" | "F" | "K" | "discount" | "call" | "put" | "undiscountedCallDelta"
    >("option-prices.json", "deriveBlack76"),
  )("Derive's Black-76 at strike $K, volatility $vol", (row) => {
    const years = row.secToExpiry / 31_536_000;
    const inputs = {
      spotUsd: row.F,
      strikeUsd: row.K,
      years,
      volatility: row.vol,
      rate: -Math.log(row.discount) / years,
      carry: 0,
    };
    const call = blackScholes({ ...inputs, type: "call" });
    expect(call.priceUsd).toBeCloseTo(row.call, 9);
    expect(call.deltaUnits).toBeCloseTo(row.undiscountedCallDelta * row.discount, 9);
    expect(blackScholes({ ...inputs, type: "put" }).priceUsd).toBeCloseTo(row.put, 9);
  });

  test.each(
    readVectors<"cp" | "convention" | "S" | "domDf" | "forDf" | "stdDev" | "K" | "delta" | "tol">(
      "option-prices.json",
      "quantlibDeltas",
    ),
  )("QuantLib's $convention delta $delta at strike $K", (row) => {
    const domestic = -Math.log(row.domDf);
    const value = blackScholes({
      type: typeOf(row.cp),
      spotUsd: row.S,
      strikeUsd: row.K,
      years: 1,
      volatility: row.stdDev,
      rate: domestic,
      carry: domestic + Math.log(row.forDf),
    });
    const isForward = String(row.convention) === "Fwd";
    const delta = value.deltaUnits / (isForward ? row.forDf : 1);
    expect(Math.abs(delta - row.delta)).toBeLessThan(row.tol);
  });

  test.each(
    readVectors<"logMoneyness" | "T" | "vol" | "price" | "delta" | "gamma">(
      "option-prices.json",
      "pfhedge",
    ),
  )("pfhedge at $logMoneyness", (row) => {
    const value = blackScholes({
      type: "call",
      spotUsd: Math.exp(row.logMoneyness),
      strikeUsd: 1,
      years: row.T,
      volatility: row.vol,
      rate: 0,
    });
    expect(Math.abs(value.priceUsd - row.price)).toBeLessThan(6e-5);
    expect(Math.abs(value.deltaUnits - row.delta)).toBeLessThan(6e-5);
    expect(Math.abs(value.gammaUnitsPerUsd - row.gamma)).toBeLessThan(6e-5);
  });
});

describe("limits", () => {
  test("at expiry the value is intrinsic and delta is a step", () => {
    const expired = { ...AT_STRIKE, years: 0, rate: 0.05 };
    expect(blackScholes({ ...expired, spotUsd: 120 })).toMatchObject({
      priceUsd: 20,
      deltaUnits: 1,
      gammaUnitsPerUsd: 0,
    });
    expect(blackScholes({ ...expired, spotUsd: 80 })).toMatchObject({
      priceUsd: 0,
      deltaUnits: 0,
      thetaUsdPerDay: 0,
    });
    expect(blackScholes({ ...expired, type: "put", spotUsd: 80 })).toMatchObject({
      priceUsd: 20,
      deltaUnits: -1,
    });
    expect(blackScholes(expired)).toMatchObject({
      priceUsd: 0,
      deltaUnits: 0.5,
      gammaUnitsPerUsd: Number.POSITIVE_INFINITY,
      vegaUsdPerVolPoint: 0,
    });
    expect(blackScholes({ ...expired, type: "put" }).deltaUnits).toBe(-0.5);
  });

  test("at zero volatility the forward decides", () => {
    const certain = { ...AT_STRIKE, volatility: 0, rate: 0.1, carry: 0.04, years: 2 };
    const inTheMoney = blackScholes({ ...certain, spotUsd: 110 });
    expect(inTheMoney.priceUsd).toBeCloseTo(110 * Math.exp(-0.12) - 100 * Math.exp(-0.2), 12);
    expect(inTheMoney.deltaUnits).toBeCloseTo(Math.exp(-0.12), 15);
    expect(inTheMoney.gammaUnitsPerUsd).toBe(0);
    expect(blackScholes({ ...certain, spotUsd: 90 })).toMatchObject({
      priceUsd: 0,
      deltaUnits: 0,
      vegaUsdPerVolPoint: 0,
    });
  });

  test("at zero volatility and at the forward vega keeps its limit and gamma is infinite", () => {
    const value = blackScholes({ ...AT_STRIKE, volatility: 0 });
    expect(value.vegaUsdPerVolPoint).toBeCloseTo((0.01 * 100 * 0.5) / Math.sqrt(2 * Math.PI), 14);
    expect(value.vannaUnitsPerVolPoint).toBeCloseTo((0.01 * 0.25) / Math.sqrt(2 * Math.PI), 16);
    expect(value).toMatchObject({
      priceUsd: 0,
      deltaUnits: 0.5,
      gammaUnitsPerUsd: Number.POSITIVE_INFINITY,
    });
  });

  test.each([
    ["a volatility beyond any bound", { volatility: 1e300 }],
    ["a spot far above", { spotUsd: 1e200 }],
    ["a spot far below", { spotUsd: 1e-200 }],
    ["a second before expiry", { years: 1 / 31_536_000, spotUsd: 90 }],
    ["a subnormal volatility", { volatility: 5e-324, spotUsd: 90 }],
    ["a subnormal volatility at the forward", { volatility: 5e-324 }],
  ])("nothing is NaN with %s", (_name, change) => {
    for (const type of ["call", "put"] as const) {
      for (const greek of Object.values(blackScholes({ ...AT_STRIKE, ...change, type }))) {
        expect(greek).not.toBeNaN();
      }
    }
  });
});

test.each([
  [{ spotUsd: 0 }, "spotUsd: 0; must be > 0"],
  [{ strikeUsd: -1 }, "strikeUsd: -1; must be > 0"],
  [{ years: -0.1 }, "years: -0.1; must be >= 0"],
  [{ volatility: Number.NaN }, "volatility: NaN; must be >= 0"],
  [{ rate: Number.POSITIVE_INFINITY }, "rate: Infinity; must be finite"],
])("refuses %o by name", (change, message) => {
  expect(() => blackScholes({ ...AT_STRIKE, ...change })).toThrow(message);
});
