import { describe, expect, test } from "vitest";
import { optionFigures } from "#test/local/check/option-value.ts";

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
