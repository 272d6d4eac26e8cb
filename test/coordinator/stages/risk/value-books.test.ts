import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { snapshotMarket } from "#coordinator/stages/risk/snapshot-market.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import { valueOption } from "#shared/risk/pricing/option-position.ts";
import {
  anEntry,
  anOption,
  aPolicy,
  EXPIRY_MS,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

function value(entry: BookEntry, stale: readonly string[] = []) {
  const snapshot = snapshotMarket([entry], aPolicy(), NOW_MS, new Set(stale));
  const [valuation] = valueBooks([entry], snapshot, new Set(stale));
  if (valuation === undefined) throw new Error("no valuation");
  return {
    valuation,
    eth: valuation.underlyings.get("ETH"),
    market: snapshot.underlyings.get("ETH"),
  };
}

test("options are valued on the snapshot's surface, hedges at its spot, cash at the settlement price", () => {
  const { valuation, eth, market } = value(
    anEntry({ shard: "base", calls: -10, hedgeUnits: 3, cashUsd: 50_000 }),
  );
  const option = valueOption(anOption({ quantity: -10 }), {
    spotUsd: 2000,
    slices: market?.slices ?? [],
    nowMs: NOW_MS,
    rate: 0,
    carry: 0,
  });
  expect(eth?.optionValueUsd).toBe(option.priceUsd);
  expect(eth?.greeks.deltaUnits).toBeCloseTo(3 + option.deltaUnits, 12);
  expect(valuation.equityUsd).toBeCloseTo(50_000 + 6_000 + option.priceUsd, 8);
  expect(eth?.shortOptions).toBe(10);
  expect(eth?.gridPnlUsd).toHaveLength(33);
});

test("an expired series that is not settled keeps its intrinsic value and has no delta", () => {
  const expired = anOption({ expiryMs: NOW_MS, strikeUsd: 1900, quantity: -4 });
  const { eth } = value(anEntry({ shard: "base", change: { book: [expired] } }));
  expect(eth?.optionValueUsd).toBe(-400);
  expect(eth?.greeks.deltaUnits).toBe(0);
});

const DUE = [
  {
    name: "what its mark says, where it settles for more than spot says",
    markUsd: 130,
    dueUnits: 520,
  },
  { name: "at spot, where its agent knows no price yet", markUsd: 0, dueUnits: 400 },
  {
    name: "no more than after the worst regular move, whatever its mark says",
    markUsd: 5_000,
    dueUnits: 4 * (2_360 - 1_900),
  },
];

test.each(DUE)("an expired series is due $name", ({ markUsd, dueUnits }) => {
  const expired = anOption({ expiryMs: NOW_MS - 60_000, strikeUsd: 1900, quantity: -4 });
  const book = [{ ...expired, markUsd }];
  const { valuation } = value(anEntry({ shard: "base", change: { book } }));
  expect(valuation.dueUnits).toBeCloseTo(dueUnits, 9);
});

test("money at a venue counts as collateral but cannot be spent", () => {
  const entry = anEntry({ shard: "base", cashUsd: 100 });
  const [cash, weth] = entry.report.collateral;
  if (cash === undefined || weth === undefined) throw new Error("two lines expected");
  const collateral = [cash, { ...cash, location: "venue-margin" as const }, weth];
  const { valuation } = value({ ...entry, report: { ...entry.report, collateral } });
  expect(valuation.cashUsd).toBe(200);
  expect(valuation.cashRaw).toBe(100_000_000n);
});

test("a position on a surface that is negative at its strike is named, not counted as nothing", () => {
  const entry = anEntry({ shard: "base", change: { book: [anOption({ strikeUsd: 200_000 })] } });
  const slice = {
    expiryMs: EXPIRY_MS,
    a: 0.004,
    b: 0.02,
    rho: -1,
    m: 0,
    sigma: 0.1,
    updatedAtMs: NOW_MS - 1000,
  };
  const market = entry.report.market.map((line) => ({
    ...line,
    volatility: [{ ...slice, a: -0.0019, rho: -0.999 }],
  }));
  const { valuation } = value({ ...entry, report: { ...entry.report, market } });
  expect(valuation.unvalued.get("ETH")).toBe("cannot be priced on this surface");
  expect(valuation.underlyings.has("ETH")).toBe(false);
});

test("only a stale shard's delta is spread over the grid", () => {
  const entry = anEntry({ shard: "base", calls: -10 });
  const { eth: fresh } = value(entry);
  expect(fresh?.gridDeltaUnits).toEqual([fresh?.greeks.deltaUnits, fresh?.greeks.deltaUnits]);
  const { eth: stale } = value(entry, ["base"]);
  expect(stale?.gridDeltaUnits[0]).toBeLessThan(-9.9);
  expect(stale?.gridDeltaUnits[1]).toBeGreaterThan(-0.1);
});

test("two series of one expiry make one line", () => {
  const other = anOption({ seriesId: hash32("5f"), strikeUsd: 2200 });
  const { eth } = value(anEntry({ shard: "base", change: { book: [anOption(), other] } }));
  expect(eth?.lines.map((line) => line.expiryMs)).toEqual([null, EXPIRY_MS]);
});

test("a perpetual is as much delta as its size, and its account counts once however many markets it has", () => {
  const line = aPerpMarket({ sizeUnits: -4, marginUsd: 3000 });
  const other = { ...line, market: hash32("0a").slice(0, 42) as `0x${string}`, sizeE18: "0" };
  const free = { location: "venue-margin" as const, amountRaw: line.freeMarginRaw };
  const entry = anEntry({ shard: "base", hedgeUnits: 3, cashUsd: 100 });
  const [cash, weth] = entry.report.collateral;
  if (cash === undefined || weth === undefined) throw new Error("two lines expected");
  const { valuation, eth } = value({
    ...entry,
    report: {
      ...entry.report,
      collateral: [cash, { ...cash, ...free }, weth],
      perps: [line, other],
    },
  });
  expect(eth).toMatchObject({ hedgeUnits: 3, perpUnits: -4 });
  expect(eth?.greeks.deltaUnits).toBe(-1);
  expect(eth?.gridPnlUsd[0]).toBeCloseTo(2000 * 0.18, 6);
  expect(valuation.boundMarginUsd).toBe(800);
  expect(valuation.equityUsd).toBeCloseTo(100 + 6000 + 3000, 6);
});

test("a market with a perpetual position and no price is named, not counted as nothing", () => {
  const entry = anEntry({
    shard: "base",
    change: { market: [], perps: [aPerpMarket({ sizeUnits: 1 })] },
  });
  expect(value(entry).valuation.unvalued.get("ETH")).toBe("no fresh spot source");
});

describe("a carried book whose price others see", () => {
  const UNSEEN = { unseenTradesUsdPerHour: 36_000, unseenTradesMaxUsd: 10_000 };
  const carriedUnits = (calls: number, o: { spotUsd?: number; ageMs?: number } = {}) => {
    const silent = anEntry({ shard: "base", calls, hedgeUnits: 3, ageMs: o.ageMs ?? 10_000 });
    const live = anEntry({ shard: "optimism", spotUsd: o.spotUsd ?? 2000 });
    const stale = new Set(["base"]);
    const snapshot = snapshotMarket([silent, live], aPolicy(), NOW_MS, stale);
    const [valuation] = valueBooks([silent, live], snapshot, stale, UNSEEN);
    const own = valuation?.underlyings.get("ETH");
    if (own === undefined) throw new Error("not valued");
    const [low, high] = own.gridDeltaUnits;
    return { low, high, deltaUnits: own.greeks.deltaUnits };
  };

  test("has its true delta at the present snapshot always in the interval", () => {
    const calls = fc.integer({ min: -500, max: 500 });
    const spotUsd = fc.double({ min: 300, max: 12_000, noNaN: true });
    const ageMs = fc.integer({ min: 5_001, max: 86_400_000 });
    fc.assert(
      fc.property(calls, spotUsd, ageMs, (count, spot, age) => {
        const { low, high, deltaUnits } = carriedUnits(count, { spotUsd: spot, ageMs: age });
        expect(low).toBeLessThanOrEqual(deltaUnits);
        expect(high).toBeGreaterThanOrEqual(deltaUnits);
      }),
    );
  });

  test("is far narrower than anywhere on the grid: where spot is, is known", () => {
    const { low, high } = carriedUnits(-100);
    expect(high - low).toBeGreaterThan(5);
    expect(high - low).toBeLessThan(60);
  });

  test("grows with what may have been traded since, up to a limit", () => {
    const width = (ageMs: number): number => {
      const { low, high } = carriedUnits(0, { ageMs });
      return high - low;
    };
    expect(width(100_000)).toBeCloseTo((2 * 1_000) / 2000, 9);
    expect(width(1_000_000)).toBeCloseTo((2 * 10_000) / 2000, 9);
    expect(width(80_000_000)).toBeCloseTo((2 * 10_000) / 2000, 9);
  });
});
