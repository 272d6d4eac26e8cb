import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { optionFigures } from "#test/local/check/accounts/option-value.ts";
import { totalVariance } from "#test/local/check/accounts/total-variance.ts";

// pfhedge's documentation: strike 1, spot exp(log-moneyness), 1 year, volatility 0.2, rate 0.
const PUBLISHED = [
  { logMoneyness: -0.1, price: 0.0375, delta: 0.3446, gamma: 2.035 },
  { logMoneyness: 0, price: 0.0797, delta: 0.5398, gamma: 1.9848 },
  { logMoneyness: 0.1, price: 0.1467, delta: 0.7257, gamma: 1.5076 },
];

const ATM = { spotUsd: 1500, strikeUsd: 1500, years: 7 / 365, totalVariance: 7 / 365 };

describe("optionFigures", () => {
  test.each(PUBLISHED)("agrees with published figures at $logMoneyness", (row) => {
    const spotUsd = Math.exp(row.logMoneyness);
    const option = { isCall: true, spotUsd, strikeUsd: 1, years: 1, totalVariance: 0.04 };
    const figures = optionFigures(option);
    expect(Math.abs(figures.valueUsd - row.price)).toBeLessThan(6e-5);
    expect(Math.abs(figures.deltaUnits - row.delta)).toBeLessThan(6e-5);
    expect(Math.abs(figures.gammaUnitsPerUsd - row.gamma)).toBeLessThan(6e-5);
  });

  // Lyra's on-chain Black-76 test vectors: one week, volatility 100 %, forward = strike = 1500.
  test("agrees with the Black-76 vector of Lyra's contracts to nine digits", () => {
    const call = optionFigures({ ...ATM, isCall: true });
    const put = optionFigures({ ...ATM, isCall: false });
    expect(call.valueUsd).toBeCloseTo(82.80508066863456, 9);
    expect(put.valueUsd).toBeCloseTo(82.80508066863456, 9);
    expect(call.deltaUnits).toBeCloseTo(0.5276016935562116, 12);
  });

  test("has Greeks that are the central differences of its value", () => {
    const option = {
      isCall: false,
      spotUsd: 2000,
      strikeUsd: 2100,
      years: 0.1,
      totalVariance: 0.04,
    };
    const bumped = (spotUsd: number) => optionFigures({ ...option, spotUsd });
    const figures = optionFigures(option);
    expect(figures.deltaUnits).toBeCloseTo(
      (bumped(2000.1).valueUsd - bumped(1999.9).valueUsd) / 0.2,
      6,
    );
    expect(figures.gammaUnitsPerUsd).toBeCloseTo(
      (bumped(2000.1).deltaUnits - bumped(1999.9).deltaUnits) / 0.2,
      8,
    );
    const sigma = Math.sqrt(0.4);
    const withSigma = (s: number) =>
      optionFigures({ ...option, totalVariance: s * s * 0.1 }).valueUsd;
    expect(figures.vegaUsdPerVolPoint).toBeCloseTo(
      (withSigma(sigma + 1e-5) - withSigma(sigma - 1e-5)) / 2e-3,
      5,
    );
  });

  test("values an expired option at its intrinsic value, without delta", () => {
    const expired = { spotUsd: 90, strikeUsd: 100, years: 0, totalVariance: 0 };
    expect(optionFigures({ ...expired, isCall: false })).toMatchObject({
      valueUsd: 10,
      deltaUnits: 0,
    });
    expect(optionFigures({ ...expired, isCall: true })).toMatchObject({
      valueUsd: 0,
      deltaUnits: 0,
    });
  });

  test("keeps the delta of a live option without variance", () => {
    const live = { spotUsd: 90, strikeUsd: 100, years: 0.1, totalVariance: 0 };
    expect(optionFigures({ ...live, isCall: false }).deltaUnits).toBe(-1);
  });

  test.each([
    { field: "spotUsd", option: { ...ATM, spotUsd: 0 } },
    { field: "strikeUsd", option: { ...ATM, strikeUsd: -1 } },
    { field: "totalVariance", option: { ...ATM, totalVariance: -0.01 } },
  ])("refuses a bad $field by name", ({ field, option }) => {
    expect(() => optionFigures({ ...option, isCall: true })).toThrow(field);
  });
});

describe("the checker and the engine, written apart from each other", () => {
  test("give one option the same figures", () => {
    const option = fc.record({
      isCall: fc.boolean(),
      spotUsd: fc.double({ min: 100, max: 100_000, noNaN: true }),
      moneyness: fc.double({ min: 0.4, max: 2.5, noNaN: true }),
      years: fc.double({ min: 1e-5, max: 2, noNaN: true }),
      volatility: fc.double({ min: 0.05, max: 3, noNaN: true }),
    });
    fc.assert(
      fc.property(option, ({ isCall, spotUsd, moneyness, years, volatility }) => {
        const strikeUsd = spotUsd * moneyness;
        const type = isCall ? "call" : "put";
        const engine = blackScholes({
          type,
          spotUsd,
          strikeUsd,
          years,
          volatility,
          rate: 0,
          carry: 0,
        });
        const own = optionFigures({
          isCall,
          spotUsd,
          strikeUsd,
          years,
          totalVariance: volatility ** 2 * years,
        });
        expect(Math.abs(own.valueUsd - engine.priceUsd)).toBeLessThan(1e-9 * spotUsd);
        expect(Math.abs(own.deltaUnits - engine.deltaUnits)).toBeLessThan(1e-10);
        expect(Math.abs(own.gammaUnitsPerUsd - engine.gammaUnitsPerUsd) * spotUsd).toBeLessThan(
          1e-7,
        );
        expect(Math.abs(own.vegaUsdPerVolPoint - engine.vegaUsdPerVolPoint)).toBeLessThan(
          1e-9 * spotUsd,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("read the same volatility from one surface", () => {
    const slices = [7, 30, 90].map((days) => ({
      expiryMs: days * 86_400_000,
      a: 0.01 * (days / 365),
      b: 0.2 * (days / 365),
      rho: -0.3,
      m: 0.05,
      sigma: 0.4,
      updatedAtMs: 0,
    }));
    const nowMs = 86_400_000;
    for (const days of [2, 7, 12, 30, 61, 90, 200]) {
      for (const strikeUsd of [1500, 2000, 2800]) {
        const expiryMs = days * 86_400_000;
        const years = (expiryMs - nowMs) / (365 * 86_400_000);
        const engine = volatilityAt(slices, { forwardUsd: 2000, strikeUsd, expiryMs, nowMs });
        const own = totalVariance(slices, {
          logMoneyness: Math.log(strikeUsd / 2000),
          expiryMs,
          nowMs,
        });
        expect(Math.sqrt(own / years)).toBeCloseTo(engine, 12);
      }
    }
  });
});
