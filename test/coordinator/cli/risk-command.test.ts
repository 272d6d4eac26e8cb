import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { answerOf, runRiskshard } from "#test/support/runner/run-offline-command.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const OPTION = {
  underlying: "ETH",
  kind: "option",
  type: "call",
  strike: 3200,
  expiry: "2026-01-31",
  quantity: -10,
};
const SHARD_A = {
  id: "a",
  collateral: [
    { asset: "USDX", amount: 50_000, priceUsd: 1, haircut: 0.1 },
    { asset: "ETH", amount: 3, priceUsd: 3000, haircut: 0.2 },
  ],
  positions: [OPTION],
};
const SHARD_B = {
  id: "b",
  collateral: [{ asset: "USDX", amount: 1000, priceUsd: 1, haircut: 0 }],
  positions: [
    { underlying: "ETH", kind: "perpetual", quantity: 4 },
    { underlying: "ETH", kind: "spot", quantity: 1 },
    { underlying: "ETH", kind: "forward", expiry: "2026-01-31", quantity: -2 },
  ],
};
const PORTFOLIO = {
  asOf: "2026-01-01T00:00:00Z",
  market: { ETH: { spotUsd: 3000, rate: 0, volatility: 0.6 } },
  shards: [SHARD_A, SHARD_B],
};
const OWN = { spotShocks: [-0.1, 0, 0.1], volShocks: [-0.2, 0.3] };

type Capital = {
  greeks: Record<string, Record<string, number>>;
  equityUsd: number;
  collateralUsdAfterHaircut: number;
  requiredCapitalUsd: number;
  riskAdjustedCapitalUsd: number;
  solvencyRatio: number | null;
  componentExpectedShortfallUsd: number;
};
type Answer = {
  net: Record<string, Record<string, number> & { byExpiry: Record<string, unknown>[] }>;
  total: Capital;
  shards: (Capital & { id: string })[];
  scenarios: {
    spotShock: number;
    volShock: number;
    pnlUsd: number;
    pnlUsdByShard: Record<string, number>;
  }[];
  worstScenario: { index: number; pnlUsd: number };
  valueAtRiskUsd: number;
  expectedShortfallUsd: number;
};

function price(spot: number, volatility: number): number {
  const row = { type: "call", spot, strike: 3200, years: 30 / 365, volatility };
  return answerOf<{ priceUsd: number }[]>(["price"], [row])[0]?.priceUsd ?? Number.NaN;
}

describe("riskshard risk", () => {
  const answer = answerOf<Answer>(["risk"], { ...PORTFOLIO, scenarios: OWN });
  const [a, b] = answer.shards;

  test("revalues exactly the given scenarios, spot-major, each volatility multiplied", () => {
    expect(answer.scenarios.map(({ spotShock, volShock }) => [spotShock, volShock])).toEqual(
      OWN.spotShocks.flatMap((spot) => OWN.volShocks.map((vol) => [spot, vol])),
    );
    const change = price(3300, 0.6 * 1.3) - price(3000, 0.6);
    expect(answer.scenarios[5]?.pnlUsdByShard["a"]).toBeCloseTo(-10 * change + 3 * 300, 8);
    expect(answer.scenarios[5]?.pnlUsdByShard["b"]).toBeCloseTo((4 + 1 - 2) * 300, 8);
  });

  test("collateral in an underlying carries delta and counts once in equity; a perpetual is worth nothing", () => {
    expect(answer.net["ETH"]?.["deltaUnits"]).toBeCloseTo(
      (a?.greeks["ETH"]?.["deltaUnits"] ?? 0) + 3,
      10,
    );
    expect(a?.equityUsd).toBeCloseTo(59_000 - 10 * price(3000, 0.6), 8);
    expect(a?.collateralUsdAfterHaircut).toBeCloseTo(52_200, 9);
    expect(b?.equityUsd).toBeCloseTo(4000, 9);
  });

  test("capital follows its definitions", () => {
    const losses = answer.scenarios.map(({ pnlUsdByShard }) => -(pnlUsdByShard["a"] ?? 0));
    const worst = Math.max(...losses);
    expect(a?.requiredCapitalUsd).toBeCloseTo(worst, 9);
    expect(a?.riskAdjustedCapitalUsd).toBeCloseTo((a?.equityUsd ?? 0) - 6800 - worst, 8);
    expect(a?.solvencyRatio).toBeCloseTo((52_200 - 10 * price(3000, 0.6)) / worst, 10);
    expect(answer.total.requiredCapitalUsd).toBeCloseTo(-answer.worstScenario.pnlUsd, 9);
  });

  test("components of the expected shortfall sum to it", () => {
    const sum = answer.shards.reduce(
      (total, shard) => total + shard.componentExpectedShortfallUsd,
      0,
    );
    expect(sum).toBeCloseTo(answer.expectedShortfallUsd, 9);
  });

  test("Greeks by expiry sum to the underlying's", () => {
    const byExpiry = answer.net["ETH"]?.byExpiry ?? [];
    expect(byExpiry.map(({ expiry }) => expiry)).toEqual([null, "2026-01-31T00:00:00.000Z"]);
    const sum = byExpiry.reduce((total, row) => total + Number(row["deltaUnits"]), 0);
    expect(sum).toBeCloseTo(answer.net["ETH"]?.["deltaUnits"] ?? Number.NaN, 12);
  });

  test("without scenarios uses the standard grid of 33, and writes its picture", () => {
    const file = path.join(temporaryFolder(), "surface.svg");
    const standard = answerOf<Answer>(["risk", "--plot", file], PORTFOLIO);
    expect(standard.scenarios).toHaveLength(33);
    const svg = readFileSync(file, "utf8");
    expect(svg).toMatch(/^<svg xmlns=/);
    expect(svg.match(/<rect /g)).toHaveLength(34);
  });

  test("a portfolio of nothing needs no capital and has no ratio", () => {
    const empty = answerOf<Answer>(["risk"], {
      ...PORTFOLIO,
      shards: [{ id: "a", collateral: [], positions: [] }],
    });
    expect(empty.total).toMatchObject({ requiredCapitalUsd: 0, solvencyRatio: null, equityUsd: 0 });
  });

  test("a volatility smile is read at ln(strike / forward) of its expiry", () => {
    const svi = [{ expiry: "2026-01-31", a: 0.01, b: 0.1, rho: -0.4, m: 0.02, sigma: 0.1 }];
    const market = {
      ETH: {
        ...PORTFOLIO.market.ETH,
        volatility: { svi },
        forwards: [{ expiry: "2026-01-31", forwardUsd: 3030 }],
      },
    };
    const smiled = answerOf<Answer>(["risk"], {
      ...PORTFOLIO,
      market,
      shards: [{ ...SHARD_A, collateral: [] }],
    });
    const k = Math.log(3200 / 3030) - 0.02;
    const volatility = Math.sqrt((0.01 + 0.1 * (-0.4 * k + Math.hypot(k, 0.1))) / (30 / 365));
    const row = {
      type: "call",
      spot: 3000,
      strike: 3200,
      years: 30 / 365,
      volatility,
      carry: Math.log(1.01) / (30 / 365),
    };
    const [value] = answerOf<{ priceUsd: number }[]>(["price"], [row]);
    expect(smiled.net["ETH"]?.["valueUsd"]).toBeCloseTo(-10 * (value?.priceUsd ?? 0), 8);
  });

  test.each([
    [
      { ...PORTFOLIO, asOf: "yesterday" },
      'asOf: must be an ISO 8601 date, such as 2026-03-27T08:00:00Z; found "yesterday"',
    ],
    [
      { ...PORTFOLIO, shards: [{ ...SHARD_A, positions: [{ ...OPTION, underlying: "SOL" }] }] },
      'shards[0].positions[0].underlying: must be in market (ETH); found "SOL"',
    ],
    [
      { ...PORTFOLIO, shards: [{ ...SHARD_A, positions: [{ ...OPTION, strike: -1 }] }] },
      "shards[0].positions[0].strike: must be > 0; found -1",
    ],
    [
      { ...PORTFOLIO, shards: [SHARD_A, SHARD_A] },
      'shards[1].id: must not be given twice; found "a"',
    ],
    [
      { ...PORTFOLIO, scenarios: { spotShocks: [-1], volShocks: [0] } },
      "scenarios.spotShocks[0]: must be > -1; found -1",
    ],
    [
      { ...PORTFOLIO, scenarios: { ...OWN, weights: [1] } },
      "scenarios.weights: must have one entry per scenario (6); found [1]",
    ],
    [
      { ...PORTFOLIO, market: { ETH: { spotUsd: 3000, volatility: { svi: [] } } } },
      "market.ETH.volatility.svi: must be >= 1 entries; found []",
    ],
    [
      { ...PORTFOLIO, market: { ETH: { spotUsd: 3000, volatility: -1 } } },
      "market.ETH.volatility: must be > 0, or 0 for the limit; found -1",
    ],
  ])("refuses bad input %# by name", (document, message) => {
    const { exitCode, stderr } = runRiskshard(["risk"], document);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(2);
  });
});
