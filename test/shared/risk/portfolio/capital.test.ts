import { describe, expect, test } from "vitest";
import {
  confidenceContingencyUsd,
  reportConfidence,
  requiredCapitalUsd,
  riskAdjustedCapitalUsd,
  shortOptionContingencyUsd,
  solvencyRatio,
} from "#shared/risk/portfolio/capital.ts";
import {
  arrivalProbability,
  type CollateralLine,
  collateralValue,
  PLAIN_RULES,
  riskWeightedAssetsUsd,
} from "#shared/risk/portfolio/collateral.ts";
import { portfolioRisk } from "#shared/risk/portfolio/portfolio-risk.ts";
import type { Position } from "#shared/risk/portfolio/position.ts";
import { stalenessOf } from "#shared/risk/portfolio/staleness.ts";
import { basisContingencyUsd } from "#shared/risk/scenarios/basis-contingency.ts";
import {
  shortTermLosses,
  shortTermLossesByShard,
} from "#shared/risk/scenarios/short-term-shocks.ts";
import { skewMultiplier, skewScenarioPnlUsd } from "#shared/risk/scenarios/skew-scenario.ts";
import { DAY_MS } from "#shared/units/time.ts";

const NOW_MS = 1_760_000_000_000;
const MARKET = { spotUsd: 3000, nowMs: NOW_MS, rate: 0, volatility: 0.6 };
const DOLLARS: CollateralLine = { asset: "USDX", amount: 1000, priceUsd: 1, haircut: 0.1 };

describe("collateralValue", () => {
  test("haircuts of one line multiply, so none takes more than everything", () => {
    const rules = {
      ...PLAIN_RULES,
      locationHaircuts: { ...PLAIN_RULES.locationHaircuts, "in-transit": 0.2 },
      depegFloor: 0.99,
      depegSlope: 4,
    };
    const line: CollateralLine = {
      ...DOLLARS,
      priceUsd: 0.94,
      pegUsd: 1,
      location: "in-transit",
      arrivalProbability: 0.5,
    };
    const value = collateralValue([line], rules);
    expect(value.valueUsd).toBe(940);
    expect(value.afterHaircutUsd).toBeCloseTo(940 * 0.9 * 0.8 * 0.5 * 0.8, 9);
    expect(collateralValue([{ ...line, priceUsd: 0.1 }], rules).afterHaircutUsd).toBe(0);
  });

  test("what one asset has beyond its share takes the extra haircut", () => {
    const rules = { ...PLAIN_RULES, concentrationLimit: 0.5, concentrationHaircut: 0.4 };
    const lines = [
      { ...DOLLARS, haircut: 0, amount: 800 },
      { ...DOLLARS, haircut: 0, asset: "ETH", amount: 200 },
    ];
    expect(collateralValue(lines, rules).haircutUsd).toBeCloseTo(0.4 * 300, 9);
  });

  test("a haircut above one is refused by name", () => {
    expect(() => collateralValue([{ ...DOLLARS, haircut: 1.1 }])).toThrow("USDX haircut: 1.1");
  });

  test("the chance of arrival is among the delays longer than the time already waited", () => {
    expect(arrivalProbability([10, 20, 30, 40], 0, 20)).toBe(0.5);
    expect(arrivalProbability([10, 20, 30, 40], 15, 10)).toBeCloseTo(1 / 3, 12);
    expect(arrivalProbability([10, 20, 30, 40], 50, 1000)).toBe(0);
  });

  test("risk-weighted assets", () => {
    expect(
      riskWeightedAssetsUsd([
        { valueUsd: 100, riskWeight: 0.2 },
        { valueUsd: 50, riskWeight: 1.5 },
      ]),
    ).toBe(95);
  });
});

describe("capital", () => {
  test("requires nothing for a gain, and contingencies always", () => {
    expect(requiredCapitalUsd({ worstLossUsd: -5, contingenciesUsd: 2 })).toBe(2);
    expect(
      requiredCapitalUsd({ worstLossUsd: 7, shortfallChargeUsd: 9, contingenciesUsd: 2 }),
    ).toBe(11);
    expect(() => requiredCapitalUsd({ worstLossUsd: 0, contingenciesUsd: -1 })).toThrow(
      "contingenciesUsd",
    );
  });

  test("Risk-Adjusted Capital takes losses, not gains, of the shocks", () => {
    const parts = { equityUsd: 100, haircutsUsd: 10, contingenciesUsd: 1 };
    expect(riskAdjustedCapitalUsd({ ...parts, worstShockLossUsd: 30 })).toBe(59);
    expect(riskAdjustedCapitalUsd({ ...parts, worstShockLossUsd: -30 })).toBe(89);
  });

  test("no requirement, no ratio", () => {
    expect(solvencyRatio(50, 0)).toBeNull();
    expect(solvencyRatio(50, 100)).toBe(0.5);
  });

  test("confidence is the worst of age, finality and agreement, and charges below its threshold", () => {
    const quality = {
      ageMs: 2000,
      ageMaxMs: 10_000,
      blocksNotFinal: 5,
      blocksNotFinalMax: 10,
      disagreementFraction: 0,
      disagreementMaxFraction: 0.01,
    };
    expect(reportConfidence(quality)).toBe(0.5);
    expect(reportConfidence({ ...quality, ageMs: 99_999 })).toBe(0);
    const exposure = { notionalUsd: 1000, threshold: 0.55, factor: 0.2 };
    expect(confidenceContingencyUsd(0.5, exposure)).toBeCloseTo(100, 12);
    expect(confidenceContingencyUsd(0.6, exposure)).toBe(0);
  });

  test("only naked shorts are charged", () => {
    expect(shortOptionContingencyUsd([-3, 2, -1], { spotUsd: 3000, fraction: 0.02 })).toBe(240);
  });
});

describe("short-term shocks", () => {
  const straddle = (quantity: number): Position[] =>
    (["call", "put"] as const).map((type) => ({
      kind: "option",
      underlying: "ETH",
      type,
      strikeUsd: 3000,
      expiryMs: NOW_MS + 7 * DAY_MS,
      quantity,
    }));
  const book = (quantity: number) => [{ id: "a", collateral: [], positions: straddle(quantity) }];
  const markets = new Map([["ETH", MARKET]]);

  test("a short straddle loses most when volatility rises and spot gaps, a long one when it falls", () => {
    const short = shortTermLosses(book(-1), markets);
    expect(short.worstUsd).toBe(short.upGapUsd);
    expect(short.upUsd).toBeGreaterThan(0);
    const long = shortTermLosses(book(1), markets);
    expect(long.worstUsd).toBe(long.downUsd);
    expect(long.upSkewUsd).toBeGreaterThanOrEqual(long.upUsd);
  });

  test("of several shards, each by itself and all together are what each alone, and all as one book, lose", () => {
    const strikes = [2600, 3000, 3300];
    const shards = strikes.map((strikeUsd, index) => ({
      id: `shard-${index}`,
      collateral: [],
      positions: straddle(index - 1.5).map((one) => ({
        ...one,
        strikeUsd,
        expiryMs: NOW_MS + (7 + 7 * (index % 2)) * DAY_MS,
      })),
    }));
    const { total, byShard } = shortTermLossesByShard(shards, markets);
    for (const shard of shards)
      expect(byShard.get(shard.id)).toEqual(shortTermLosses([shard], markets));
    const whole = { ...shards[0], id: "whole", collateral: [] };
    const merged = { ...whole, positions: shards.flatMap((shard) => shard.positions) };
    for (const [name, loss] of Object.entries(shortTermLosses([merged], markets)))
      expect(total[name as "upUsd"], name).toBeCloseTo(loss, 8);
    const apart = [...byShard.values()].reduce((sum, one) => sum + one.upSkewUsd - one.upUsd, 0);
    expect(total.upSkewUsd - total.upUsd).toBeLessThanOrEqual(apart);
  });

  test("a portfolio on the standard grid uses them for its Risk-Adjusted Capital", () => {
    const risk = portfolioRisk({ shards: book(-1), markets, level: 0.975 });
    expect(risk.scenarios).toHaveLength(33);
    const { equityUsd, riskAdjustedCapitalUsd: capital } = risk.total;
    expect(capital).toBeCloseTo(equityUsd - shortTermLosses(book(-1), markets).worstUsd, 9);
    const [byShard] = risk.shards.values();
    expect(byShard?.componentExpectedShortfallUsd).toBeCloseTo(
      risk.tailRisk.expectedShortfallUsd,
      9,
    );
    const sum = [...risk.componentsByExpiry.values()].reduce((total, part) => total + part, 0);
    expect(sum).toBeCloseTo(risk.tailRisk.expectedShortfallUsd, 9);
  });

  test("skew leaves the money alone, is capped in the wings, and never earns", () => {
    expect(skewMultiplier("linear", { logMoneyness: 0, years: 0.1 })).toBe(1);
    expect(skewMultiplier("linear", { logMoneyness: -9, years: 0.04 })).toBeCloseTo(1 - 0.23, 12);
    expect(skewMultiplier("absolute", { logMoneyness: -9, years: 0.04 })).toBeCloseTo(1.23, 12);
    const wing = {
      underlying: "ETH",
      type: "call" as const,
      strikeUsd: 4500,
      expiryMs: NOW_MS + 30 * DAY_MS,
    };
    const [long, short] = [1, -1].map((quantity) =>
      skewScenarioPnlUsd([{ ...wing, quantity }], MARKET, { kind: "linear" }),
    );
    expect(long).toBeLessThan(0);
    expect(short).toBe(long);
    const later = { ...wing, expiryMs: NOW_MS + 60 * DAY_MS };
    const spread = [
      { ...wing, quantity: 1 },
      { ...later, quantity: -1 },
    ];
    const apart = spread.map((leg) => skewScenarioPnlUsd([leg], MARKET, { kind: "linear" }));
    expect(skewScenarioPnlUsd(spread, MARKET, { kind: "linear" })).toBeCloseTo(
      (apart[0] ?? 0) + (apart[1] ?? 0),
      12,
    );
  });
});

test("a calendar hedge earns no credit for basis", () => {
  const forward = (days: number, quantity: number): Position => ({
    kind: "forward",
    underlying: "ETH",
    quantity,
    expiryMs: NOW_MS + days * DAY_MS,
  });
  const shock = { moveFraction: 0.05, base: 1, perYear: 1.2 };
  const one = basisContingencyUsd([forward(365, 1)], MARKET, shock);
  expect(one).toBeCloseTo(150 * 2.2, 9);
  const spread = basisContingencyUsd([forward(365, 1), forward(30, -1)], MARKET, shock);
  expect(spread).toBeCloseTo(one + 150 * (1 + (1.2 * 30) / 365), 9);
  expect(basisContingencyUsd([forward(30, 1), forward(30, -1)], MARKET, shock)).toBe(0);
});

describe("stalenessOf", () => {
  const STAMP = { oldestStampMs: NOW_MS, lowestSpotUsd: 2950, highestSpotUsd: 3050 };
  const LIMITS = { ageMaxMs: 60_000, moveMaxFraction: 0.05 };

  test("a quiet minute is fresh, an old stamp and a crash are not", () => {
    expect(stalenessOf(STAMP, { nowMs: NOW_MS + 60_000, spotUsd: 3000 }, LIMITS).isStale).toBe(
      false,
    );
    expect(stalenessOf(STAMP, { nowMs: NOW_MS + 60_001, spotUsd: 3000 }, LIMITS).reasons).toEqual([
      "age",
    ]);
    expect(stalenessOf(STAMP, { nowMs: NOW_MS, spotUsd: 2890 }, LIMITS).reasons).toEqual([
      "price-move",
    ]);
    expect(stalenessOf(STAMP, { nowMs: NOW_MS, spotUsd: Number.NaN }, LIMITS).isStale).toBe(true);
  });
});
