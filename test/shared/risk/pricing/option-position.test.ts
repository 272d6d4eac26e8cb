import { describe, expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { type OptionPosition, valueOption } from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { tenorScale } from "#shared/risk/scenarios/volatility-shock.ts";
import { DAY_MS, YEAR_MS } from "#shared/units/time.ts";

const NOW_MS = 1_760_000_000_000;
const MARKET = {
  spotUsd: 3000,
  nowMs: NOW_MS,
  slices: [{ expiryMs: NOW_MS + YEAR_MS, a: 0.36, b: 0, rho: 0, m: 0, sigma: 0.1 }],
};
const SHORT_CALLS: OptionPosition = {
  underlying: "ETH",
  type: "call",
  strikeUsd: 3300,
  expiryMs: NOW_MS + 30 * DAY_MS,
  quantity: -5,
};

describe("valueOption", () => {
  test("is the model's value times the signed quantity", () => {
    const one = blackScholes({
      type: "call",
      spotUsd: 3000,
      strikeUsd: 3300,
      years: 30 / 365,
      volatility: 0.6,
      rate: 0,
    });
    const value = valueOption(SHORT_CALLS, MARKET);
    expect(value.priceUsd).toBeCloseTo(-5 * one.priceUsd, 10);
    expect(value.vegaUsdPerVolPoint).toBeCloseTo(-5 * one.vegaUsdPerVolPoint, 10);
  });

  test("from expiry on is intrinsic with finite Greeks, also at the strike and without a surface", () => {
    const expired = { ...SHORT_CALLS, expiryMs: NOW_MS - 1 };
    const after = { ...MARKET, slices: [] };
    expect(valueOption(expired, { ...after, spotUsd: 3400 }).priceUsd).toBe(-500);
    expect(valueOption(expired, { ...after, spotUsd: 3300 }).gammaUnitsPerUsd).toBe(0);
  });

  test("nothing held is worth nothing, without a negative zero", () => {
    expect(
      Object.values(valueOption({ ...SHORT_CALLS, quantity: 0 }, MARKET)).every((v) =>
        Object.is(v, 0),
      ),
    ).toBe(true);
  });
});

describe("optionScenarioPnlUsd", () => {
  test("an unmoved market earns nothing, and spot earns its move", () => {
    const grid = [
      { spotShock: 0, volShock: 0, weight: 1 },
      { spotShock: -0.1, volShock: 0.5, weight: 0.5 },
    ];
    expect(optionScenarioPnlUsd([SHORT_CALLS], 2, MARKET, grid)[0]).toBe(0);
    expect(optionScenarioPnlUsd([], 2, MARKET, grid)[1]).toBeCloseTo(-300, 12);
  });

  test("revalues in full, at the volatility of the unmoved moneyness", () => {
    const skewed = {
      ...MARKET,
      slices: [{ expiryMs: NOW_MS + 30 * DAY_MS, a: 0.01, b: 0.1, rho: -0.5, m: 0, sigma: 0.1 }],
    };
    const volatility = Math.sqrt(
      (0.01 + 0.1 * (-0.5 * Math.log(1.1) + Math.hypot(Math.log(1.1), 0.1))) / (30 / 365),
    );
    const price = (spotUsd: number, factor: number) =>
      blackScholes({
        type: "call",
        spotUsd,
        strikeUsd: 3300,
        years: 30 / 365,
        volatility: volatility * factor,
        rate: 0,
      }).priceUsd;
    const [pnl] = optionScenarioPnlUsd([SHORT_CALLS], 0, skewed, [
      { spotShock: 0.2, volShock: 0.3, weight: 1 },
    ]);
    expect(pnl).toBeCloseTo(-5 * (price(3600, 1.3) - price(3000, 1)), 9);
  });

  test("a volatility cannot be shocked below zero", () => {
    const grid = [{ spotShock: 0, volShock: -2, weight: 1 }];
    const [pnl] = optionScenarioPnlUsd([SHORT_CALLS], 0, MARKET, grid);
    expect(pnl).toBeCloseTo(-valueOption(SHORT_CALLS, MARKET).priceUsd, 10);
  });

  test("a fall of everything is refused", () => {
    expect(() =>
      optionScenarioPnlUsd([], 1, MARKET, [{ spotShock: -1, volShock: 0, weight: 1 }]),
    ).toThrow("spotShock");
  });
});

describe("STANDARD_GRID", () => {
  test("has 33 scenarios, one of them unmoved, and no delta-one loss beyond 18 %", () => {
    expect(STANDARD_GRID).toHaveLength(33);
    expect(STANDARD_GRID.filter((s) => s.spotShock === 0 && s.volShock === 0)).toHaveLength(1);
    expect(Math.max(...STANDARD_GRID.map((s) => Math.abs(s.spotShock) * s.weight))).toBeCloseTo(
      0.18,
      12,
    );
  });

  test("volatility shocks grow for short tenors, nominal at 30 days, and stop growing at one day", () => {
    expect(tenorScale(30 / 365)).toBe(1);
    expect(tenorScale(1 / 365)).toBeCloseTo(30 ** 0.3, 12);
    expect(tenorScale(0)).toBe(tenorScale(1 / 365));
    expect(tenorScale(1)).toBeCloseTo((30 / 365) ** 0.13, 12);
  });
});
