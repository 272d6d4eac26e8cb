import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import {
  type BreakerState,
  breakerKey,
  newBreaker,
} from "#coordinator/records/safety/breaker-state.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import type { ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import { routeKey, type TradeName, tradeKey } from "#coordinator/records/safety/trade-name.ts";
import { shardSafety } from "#coordinator/stages/safety/judge-breakers.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { aLoan } from "#test/support/coordinator/a-loan.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  type EntryOptions,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const POOL = { venue: address20("ad"), market: address20("90") };
const PERP = { venue: aPerpMarket().adapter, market: aPerpMarket().market };
const USDX = address20("c0");
const DRAIN: ShardOrder = { kind: "drain", target: null, reason: "leaving", sinceMs: NOW_MS };

/** A breaker of base that has tripped for as long as four refusals told now pause. */
function memoryOf(scopes: readonly string[], orders: Record<string, ShardOrder> = {}) {
  const breakers: Record<string, BreakerState> = {};
  const refusals: Record<string, (typeof NEW_SAFETY)["refusals"][string]> = {};
  for (const scope of scopes) {
    const one = newBreaker("tradeRefusals", scope);
    const reduceOnly = { ...one.reduceOnly, isOn: true, onSinceMs: NOW_MS };
    breakers[breakerKey(one)] = { ...one, detail: "refused 4 times in a row", reduceOnly };
    const four = Array.from({ length: 4 }, (_, at) => ({ jobId: hash32("0b"), recordedAtMs: at }));
    refusals[scope] = { sinceMs: 0, refusals: four, lastAtMs: NOW_MS, lastReason: "fee-too-high" };
  }
  return { ...NEW_SAFETY, breakers, refusals, orders };
}

const scopeOf = (name: TradeName): string => `trade:base/${tradeKey(name)}`;

type Options = {
  readonly paused?: readonly TradeName[];
  readonly book?: Omit<EntryOptions, "shard">;
  readonly isDrained?: boolean;
};

function pass({ paused = [], book = {}, isDrained = false }: Options) {
  const memory = memoryOf(paused.map(scopeOf), isDrained ? { base: DRAIN } : {});
  const entries = [anEntry({ shard: "base", ...book }), anEntry({ shard: "arbitrum", cashUsd: 0 })];
  const safety = { ...NO_SAFETY, memory };
  return planPass(aPassInput(entries, { policy: aPolicy(), safety }));
}

const kindsOf = ({ jobs }: ReturnType<typeof pass>) => jobs.map(({ kind }) => kind);

test("what a breaker pauses is one way of one shard's trade; a route is closed", () => {
  const buy = { ...POOL, way: "buy" } as const;
  const memory = memoryOf([scopeOf(buy), "route:base>arbitrum"]);
  const base = shardSafety(memory, "base");
  expect(Object.fromEntries(base.pausedTrades)).toEqual({
    [tradeKey(buy)]: "refused 4 times in a row",
    [routeKey("arbitrum")]: "refused 4 times in a row",
  });
  expect(base.closedTargets).toEqual(["arbitrum"]);
  expect(base).toMatchObject({ level: "run", closedVenues: [] });
  expect(shardSafety(memory, "arbitrum").pausedTrades.size).toBe(0);
});

describe("a hedge that is paused", () => {
  const book = { calls: -60, change: { perps: [aPerpMarket({ marginUsd: 60_000 })] } };

  test("is done at another venue of the shard", () => {
    const free = pass({ book: { ...book } });
    expect(new Set(kindsOf(free))).toEqual(new Set(["swap"]));
    const outcome = pass({ book, paused: [{ ...POOL, way: "buy" }] });
    expect(kindsOf(outcome)).toContain("perp-change");
    expect(kindsOf(outcome)).not.toContain("swap");
  });

  test("leaves the other way as it is", () => {
    const outcome = pass({ book, paused: [{ ...POOL, way: "sell" }] });
    expect(kindsOf(outcome)).toContain("swap");
  });

  test("is told with every venue that is paused, beside what holds the others", () => {
    const paused = [POOL, PERP].map((one) => ({ ...one, way: "buy" }) as const);
    const { jobs, decision } = pass({ book, paused });
    expect(jobs).toEqual([]);
    const [told] = decision.blocked.filter((one) => one.startsWith("ETH: base"));
    expect(told).toMatch(/^ETH: base: buy at uniswap-v3 refused 4.*; buy at curie refused 4/);
  });
});

describe("a drain", () => {
  test.each<[string, Partial<ShardReport>, string]>([
    ["margin", { perps: [aPerpMarket({ marginUsd: 20_000 })] }, PERP.venue],
    ["a loan", { lending: [aLoan(20_000)] }, aLoan(20_000).adapter],
  ])("names %s whose way home is paused, and brings it when it is not", (_name, change, venue) => {
    const book = { cashUsd: 0, change };
    const free = pass({ book, isDrained: true });
    expect(kindsOf(free).filter((kind) => kind !== "transfer")).toHaveLength(1);
    const paused = pass({ book, isDrained: true, paused: [{ venue, market: USDX, way: "out" }] });
    expect(kindsOf(paused).filter((kind) => kind !== "transfer")).toEqual([]);
    const [progress] = paused.decision.safety.orders;
    expect(progress?.waitingFor.join()).toContain("refused 4 times in a row");
  });

  test("names a route that is paused", () => {
    const memory = memoryOf(["route:base>arbitrum"], { base: DRAIN });
    const entries = [anEntry({ shard: "base" }), anEntry({ shard: "arbitrum" })];
    const safety = { ...NO_SAFETY, memory };
    const { jobs, decision } = planPass(aPassInput(entries, { policy: aPolicy(), safety }));
    expect(jobs).toEqual([]);
    const [order] = decision.safety.orders;
    expect(order).toMatchObject({ state: "blocked" });
    expect(order?.waitingFor.join()).toContain(
      "arbitrum: nothing from base; refused 4 times in a row",
    );
  });

  test("names longs whose sale is paused", () => {
    const market = anOptionMarket({ held: 5 });
    const [series] = market.series;
    if (series === undefined) throw new Error("no series");
    const { seriesId, type, strikeUsd, expiryMs, strikeId } = series;
    const line = {
      ...anOption({ seriesId, type, strikeUsd, expiryMs, quantity: 5 }),
      venue: "lyra-v1" as const,
    };
    const change = { optionMarkets: [{ ...market, series: [series] }], book: [line] };
    const sold = pass({ book: { change }, isDrained: true });
    expect(kindsOf(sold)).toContain("option-trade");
    const name = {
      venue: market.adapter,
      market: `${market.market}:${strikeId}:${type}`,
      way: "sell",
    } as const;
    const paused = pass({ book: { change }, isDrained: true, paused: [name] });
    expect(kindsOf(paused)).not.toContain("option-trade");
    expect(paused.decision.safety.orders[0]?.waitingFor.join()).toContain(
      "ETH: options at lyra-v1: refused 4 times in a row",
    );
  });
});
