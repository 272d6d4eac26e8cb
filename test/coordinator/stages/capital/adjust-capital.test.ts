import { describe, expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { tenorScale } from "#shared/risk/scenarios/volatility-shock.ts";
import { yearsBetween } from "#shared/units/time.ts";
import { anEntry, aPolicy, EXPIRY_MS, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";

const POLICY = aPolicy();

test("cash alone is not touched by a shock", () => {
  const { adjusted } = aWorld([anEntry({ shard: "base", cashUsd: 5000 })]).view;
  expect(adjusted).toEqual({ byShard: new Map([["base", 5000]]), totalUsd: 5000 });
});

test("hedges lose their haircut and the gap in spot", () => {
  const { adjusted } = aWorld([anEntry({ shard: "base", cashUsd: 0, hedgeUnits: 10 })]).view;
  const { hedgeHaircutFraction } = POLICY.capital;
  expect(adjusted.totalUsd).toBeCloseTo(20_000 * (1 - hedgeHaircutFraction) - 0.15 * 20_000, 6);
});

test("short calls are left with what the worst of the shocks leaves: volatility up in a gap up", () => {
  const flat = anEntry({ shard: "base", calls: -10, cashUsd: 100_000 });
  const market = flat.report.market.map((line) => ({
    ...line,
    volatility: line.volatility.map((slice) => ({ ...slice, a: 0.01, b: 0, rho: 0 })),
  }));
  const entry = { ...flat, report: { ...flat.report, market } };
  const years = yearsBetween(NOW_MS, EXPIRY_MS);
  const volatility = Math.sqrt(0.01 / years);
  const price = (spotUsd: number, sigma: number): number => {
    const terms = { type: "call", spotUsd, strikeUsd: 2000, years, rate: 0 } as const;
    return blackScholes({ ...terms, volatility: sigma }).priceUsd;
  };
  const worst = 10 * (price(2300, volatility * (1 + tenorScale(years))) - price(2000, volatility));
  const contingency = 10 * 2000 * POLICY.capital.shortOptionContingencyFraction;
  const { adjusted } = aWorld([entry]).view;
  const left = 100_000 - 10 * price(2000, volatility) - worst - contingency;
  expect(adjusted.totalUsd).toBeCloseTo(left, 4);
});

describe("of several shards", () => {
  const ENTRIES = [
    anEntry({ shard: "base", calls: -20 }),
    anEntry({ shard: "arbitrum", calls: 20 }),
  ];

  test("the whole keeps what they take off each other in the shock", () => {
    const { byShard, totalUsd } = aWorld(ENTRIES).view.adjusted;
    const apart = [...byShard.values()].reduce((total, one) => total + one, 0);
    expect(totalUsd ?? Number.NaN).toBeGreaterThan(apart + 1000);
    const contingency = 20 * 2000 * POLICY.capital.shortOptionContingencyFraction;
    expect(totalUsd).toBeCloseTo(2_000_000 - contingency, 4);
  });

  test("the whole is not known while one book is not, and the others are", () => {
    const disagreeing = anEntry({ shard: "base", calls: -20 });
    const market = disagreeing.report.market.map((line) => ({ ...line, volatility: [] }));
    const blind = { ...disagreeing, report: { ...disagreeing.report, market } };
    const { adjusted } = aWorld([
      blind,
      anEntry({ shard: "arbitrum", change: { market: [] } }),
    ]).view;
    expect(adjusted.totalUsd).toBeNull();
    expect(adjusted.byShard.get("arbitrum")).toBe(1_000_000);
    expect(adjusted.byShard.has("base")).toBe(false);
  });
});
