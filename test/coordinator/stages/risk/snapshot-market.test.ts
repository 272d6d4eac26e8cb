import { describe, expect, test } from "vitest";
import { medianOf, snapshotMarket } from "#coordinator/stages/risk/snapshot-market.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import {
  anEntry,
  aPolicy,
  EXPIRY_MS,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";

type Market = ShardReport["market"][number];

function withMarket(shard: TestShard, spotUsd: number, change: Partial<Market> = {}) {
  const entry = anEntry({ shard, spotUsd, calls: -1 });
  const market = entry.report.market.map((line) => ({ ...line, ...change }));
  return { ...entry, report: { ...entry.report, market } };
}

function eth(entries: readonly ReturnType<typeof withMarket>[]) {
  const one = snapshotMarket(entries, aPolicy(), NOW_MS).underlyings.get("ETH");
  if (one === undefined) throw new Error("no ETH");
  return one;
}

test("spot is the median of the sources, and all sources are kept with their ages", () => {
  const snapshot = eth([
    withMarket("ethereum", 2010),
    withMarket("arbitrum", 1990),
    withMarket("base", 2001),
  ]);
  expect(snapshot.spotUsd).toBe(2001);
  expect(snapshot.refused).toBeNull();
  expect(snapshot.sources.map((source) => source.ageMs)).toEqual([1000, 1000, 1000]);
});

test("a stale source is shown and not used", () => {
  const old = withMarket("base", 9000, { spotUpdatedAtMs: NOW_MS - 60_001 });
  const snapshot = eth([withMarket("ethereum", 2000), withMarket("arbitrum", 2002), old]);
  expect(snapshot.spotUsd).toBe(2001);
  expect(snapshot.refused).toBeNull();
  expect(snapshot.sources).toHaveLength(3);
});

describe("a shard whose report is stale", () => {
  const crashed = [withMarket("ethereum", 2000), withMarket("arbitrum", 2002)];
  const silent = withMarket("base", 2400);

  test("says nothing about the market while another shard does, even if its feed was fresh", () => {
    const snapshot = snapshotMarket([...crashed, silent], aPolicy(), NOW_MS, new Set(["base"]));
    expect(snapshot.underlyings.get("ETH")).toMatchObject({ spotUsd: 2001, refused: null });
    expect(snapshot.underlyings.get("ETH")?.sources).toHaveLength(3);
  });

  test("gives neither the volatility nor the price of cash", () => {
    const [first] = crashed;
    if (first === undefined) throw new Error("no entry");
    const collateral = silent.report.collateral.map((line) => ({ ...line, priceUsd: 3 }));
    const entries = [first, { ...silent, report: { ...silent.report, collateral } }];
    const snapshot = snapshotMarket(entries, aPolicy(), NOW_MS, new Set(["base"]));
    expect(snapshot.settlementUsd).toBe(1);
    expect(snapshot.underlyings.get("ETH")?.volatilitySource).toBe(first.report.market[0]?.source);
  });

  test("is believed when no shard reports any more, so that the net can still be shown", () => {
    const snapshot = snapshotMarket([silent], aPolicy(), NOW_MS, new Set(["base"]));
    expect(snapshot.underlyings.get("ETH")).toMatchObject({ spotUsd: 2400, refused: null });
    expect(snapshot.settlementUsd).toBe(1);
  });
});

describe("refuses", () => {
  test("when no source is fresh", () => {
    const snapshot = eth([withMarket("base", 2000, { spotUpdatedAtMs: NOW_MS - 60_001 })]);
    expect(snapshot).toMatchObject({ spotUsd: null, refused: "no fresh spot source" });
  });

  test("when fresh sources disagree beyond the policy, and only then", () => {
    const limit = { sourceDisagreementMaxFraction: 0.03 };
    const at = (other: number) => {
      const entries = [withMarket("ethereum", 2000), withMarket("base", other)];
      return snapshotMarket(entries, aPolicy(limit), NOW_MS).underlyings.get("ETH")?.refused;
    };
    expect(at(2060)).toBeNull();
    expect(at(2062)).toBe("spot sources disagree");
  });

  test("when an option is live and no volatility is fresh", () => {
    const old = withMarket("base", 2000);
    const stale =
      old.report.market[0]?.volatility.map((slice) => ({
        ...slice,
        updatedAtMs: NOW_MS - 60_001,
      })) ?? [];
    expect(eth([withMarket("base", 2000, { volatility: stale })]).refused).toBe(
      "no fresh volatility source",
    );
    const bookless = withMarket("base", 2000, { volatility: [] });
    const none = { ...bookless, report: { ...bookless.report, book: [] } };
    expect(eth([none]).refused).toBeNull();
  });

  test("when no price of the settlement asset is fresh", () => {
    const entry = withMarket("base", 2000);
    const collateral = entry.report.collateral.map((line) => ({
      ...line,
      priceUpdatedAtMs: NOW_MS - 60_001,
    }));
    const snapshot = snapshotMarket(
      [{ ...entry, report: { ...entry.report, collateral } }],
      aPolicy(),
      NOW_MS,
    );
    expect(snapshot.underlyings.get("ETH")?.refused).toBe("no fresh settlement price");
    expect(snapshot.settlementUsd).toBeNull();
  });
});

describe("the settlement asset", () => {
  const priced = (shard: "ethereum" | "arbitrum" | "base", priceUsd: number) => {
    const entry = withMarket(shard, 2000);
    const collateral = entry.report.collateral.map((line) =>
      line.underlying === null ? { ...line, priceUsd } : line,
    );
    return { ...entry, report: { ...entry.report, collateral } };
  };
  const seen = (prices: readonly [number, number, number], stale: readonly string[] = []) => {
    const [one, two, three] = prices;
    const entries = [priced("ethereum", one), priced("arbitrum", two), priced("base", three)];
    return snapshotMarket(entries, aPolicy(), NOW_MS, new Set(stale));
  };

  test("is the median of the feeds while they agree", () => {
    expect(seen([1, 0.99, 1.005]).settlementUsd).toBe(1);
    expect(seen([1, 0.99, 1.005]).underlyings.get("ETH")?.refused).toBeNull();
  });

  test("stops every decision when its feeds lie too far apart, and not for one that is not believed", () => {
    expect(seen([1, 0.97, 1]).underlyings.get("ETH")?.refused).toBe("settlement prices disagree");
    expect(seen([1, 0.97, 1], ["arbitrum"]).underlyings.get("ETH")?.refused).toBeNull();
  });

  test("may be off its peg everywhere: that is no disagreement, and it is valued as it is", () => {
    expect(seen([0.9, 0.9, 0.9])).toMatchObject({ settlementUsd: 0.9 });
    expect(seen([0.9, 0.9, 0.9]).underlyings.get("ETH")?.refused).toBeNull();
  });
});

test("volatility comes whole from the source with the median level", () => {
  const level = (a: number): Market["volatility"] => [
    { expiryMs: EXPIRY_MS, a, b: 0.02, rho: -0.3, m: 0, sigma: 0.1, updatedAtMs: NOW_MS - 1000 },
  ];
  const snapshot = eth([
    withMarket("ethereum", 2000, { volatility: level(0.009) }),
    withMarket("arbitrum", 2000, { volatility: level(0.004) }),
    withMarket("base", 2000, { volatility: level(0.005) }),
  ]);
  expect(snapshot.volatilitySource).toBe("base-eth-usd");
  expect(snapshot.slices[0]?.a).toBe(0.005);
});

test("a surface that cannot be evaluated is no source", () => {
  const broken = withMarket("arbitrum", 2000, {
    volatility: [
      { expiryMs: EXPIRY_MS, a: -1, b: 0, rho: 0, m: 0, sigma: 0.1, updatedAtMs: NOW_MS - 1000 },
    ],
  });
  expect(eth([broken, withMarket("base", 2000)]).volatilitySource).toBe("base-eth-usd");
});

test.each([
  { values: [], median: null },
  { values: [3], median: 3 },
  { values: [4, 1], median: 2.5 },
  { values: [9, 1, 5], median: 5 },
])("the median of $values is $median", ({ values, median }) => {
  expect(medianOf(values)).toBe(median);
});
