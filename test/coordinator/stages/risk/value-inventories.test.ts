import { expect, test } from "vitest";
import { creditNet, valueInventories } from "#coordinator/stages/risk/value-inventories.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { InventoryLine, ShardReport } from "#shared/wire/shard-report.ts";
import { anEntry, anOption, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";

const POOL: InventoryLine = {
  source: "lyra-v1:10:0xpool",
  underlying: "ETH",
  isStale: false,
  netAssetValueUsd: 3_000_000,
  freeUsd: 1_000_000,
  hedgeUnits: 2,
  lines: [anOption({ venue: "lyra-v1", quantity: -4 })],
};

function reportOf(shard: "base" | "arbitrum", inventories: InventoryLine[]): ShardReport {
  return anEntry({ shard, change: { inventories } }).report;
}

function valued(
  reports: readonly ShardReport[],
  o: { creditFraction?: number; carried?: readonly string[] } = {},
) {
  const { snapshot } = aWorld([anEntry({ shard: "base" })]).view;
  const carried = new Set(o.carried ?? []);
  return valueInventories(reports, snapshot, { carried, creditFraction: o.creditFraction ?? 0 });
}

test("an inventory has its owner's Greeks on our snapshot, its hedge included", () => {
  const [one] = valued([reportOf("base", [POOL])]);
  const [line] = POOL.lines;
  const { snapshot } = aWorld([anEntry({ shard: "base" })]).view;
  const market = snapshot.underlyings.get("ETH");
  expect(one).toMatchObject({ shard: "base", creditFraction: 0, netAssetValueUsd: 3_000_000 });
  const years = ((line?.expiryMs ?? 0) - NOW_MS) / (365 * 86_400_000);
  const terms = { type: "call", spotUsd: market?.spotUsd ?? 0, years, rate: 0 } as const;
  const low = blackScholes({ ...terms, strikeUsd: line?.strikeUsd ?? 0, volatility: 0.3 });
  const high = blackScholes({ ...terms, strikeUsd: line?.strikeUsd ?? 0, volatility: 2 });
  const perOption = (2 - (one?.greeks?.deltaUnits ?? 0)) / 4;
  expect(perOption).toBeGreaterThan(low.deltaUnits - 0.01);
  expect(perOption).toBeLessThan(high.deltaUnits + 0.01);
  expect(one?.greeks?.vegaUsdPerVolPoint).toBeLessThan(0);
});

test("nothing counts by default, a share by policy, and nothing of what is stale", () => {
  const net = { ...ZERO_GREEKS, deltaUnits: 7 };
  const reports = [reportOf("base", [POOL])];
  const deltaOf = (o: Parameters<typeof valued>[1]) =>
    creditNet("ETH", net, valued(reports, o)).greeks.deltaUnits;
  const whole = valued(reports)[0]?.greeks?.deltaUnits ?? Number.NaN;
  expect(deltaOf({})).toBe(7);
  expect(deltaOf({ creditFraction: 0.25 })).toBeCloseTo(7 + whole / 4, 12);
  expect(deltaOf({ creditFraction: 0.25, carried: ["base"] })).toBe(7);
  const stale = valued([reportOf("base", [{ ...POOL, isStale: true }])], { creditFraction: 1 });
  expect(creditNet("ETH", net, stale).greeks).toEqual(net);
  expect(creditNet("BTC", net, valued(reports, { creditFraction: 1 })).inventories).toEqual([]);
});

test("an owner that two shards read counts once, as the fresh one reads it", () => {
  const both = [reportOf("base", [{ ...POOL, isStale: true }]), reportOf("arbitrum", [POOL])];
  for (const reports of [both, both.toReversed()]) {
    expect(valued(reports)).toMatchObject([{ shard: "arbitrum", isStale: false }]);
  }
});

test("without a market an inventory has no Greeks and no credit", () => {
  const line = { ...POOL, underlying: "DOGE" };
  expect(valued([reportOf("base", [line])], { creditFraction: 1 })).toMatchObject([
    { greeks: null, creditFraction: 0 },
  ]);
});
