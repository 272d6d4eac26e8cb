import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import type { ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aFullReport } from "#test/support/coordinator/full-report.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const POLICY = aPolicy({ hedgeNotionalMaxUsd: 40_000, bandCapNavFraction: 0.004 });
const FLATTEN: ShardOrder = { kind: "flatten", target: null, reason: "drill", sinceMs: NOW_MS };
const DRAIN: ShardOrder = { ...FLATTEN, kind: "drain", reason: "leaving" };
const E18 = 10n ** 18n;

/** What the shard under order holds. */
type Held = {
  cashUsd: number;
  spotUnits: number;
  perpUnits: number;
  marginUsd: number;
  lentUsd: number;
  optionCashUsd: number;
  longs: number;
};
const NOTHING: Held = {
  cashUsd: 500_000,
  spotUnits: 0,
  perpUnits: 0,
  marginUsd: 0,
  lentUsd: 0,
  optionCashUsd: 0,
  longs: 0,
};

function reportOf(held: Held): BookEntry {
  const market = anOptionMarket({ held: held.longs, cashUsd: held.optionCashUsd });
  const longs = market.series.slice(0, 1).map(({ seriesId, type, strikeUsd, expiryMs }) => {
    const terms = { seriesId, type, strikeUsd, expiryMs, quantity: held.longs };
    return { ...anOption(terms), venue: "lyra-v1" as const };
  });
  const [line] = aFullReport(1).lending;
  if (line === undefined) throw new Error("no lending");
  const usdx = { asset: "USDX", token: address20("c0"), decimals: 6 };
  const lent = String(Math.round(held.lentUsd * 1e6));
  const change: Partial<ShardReport> = {
    perps: [aPerpMarket({ sizeUnits: held.perpUnits, marginUsd: held.marginUsd })],
    lending: [{ ...line, ...usdx, suppliedRaw: lent, availableRaw: "900000000000" }],
    optionMarkets: [{ ...market, series: market.series.slice(0, 1) }],
    book: held.longs === 0 ? [] : longs,
    routes: [aRouteLine({ dstEid: 30_000 + 42_161 })],
  };
  const entry = anEntry({
    shard: "base",
    cashUsd: held.cashUsd,
    hedgeUnits: held.spotUnits,
    change,
  });
  const [cash] = entry.report.collateral;
  if (cash === undefined) throw new Error("no cash");
  const atVenues = [
    { ...cash, location: "lending" as const, amountRaw: lent },
    {
      ...cash,
      location: "venue-margin" as const,
      amountRaw: String(Math.round((held.marginUsd + held.optionCashUsd) * 1e6)),
    },
  ];
  const collateral = [...entry.report.collateral, ...atVenues];
  return { ...entry, report: { ...entry.report, collateral } };
}

const OTHERS: readonly TestShard[] = ["arbitrum", "optimism"];

function pass(held: Held, order: ShardOrder, others: Readonly<Record<string, number>> = {}) {
  const memory = { ...NEW_SAFETY, orders: { base: order } };
  const entries = [
    reportOf(held),
    ...OTHERS.map((shard) => anEntry({ shard, hedgeUnits: 50 + (others[shard] ?? 0), calls: -90 })),
  ];
  const safety = { ...NO_SAFETY, memory };
  return planPass(aPassInput(entries, { policy: POLICY, safety }));
}

/** What a shard holds after a job was done at the expected figures. */
function after(held: Held, { params, expectedDeltaUnits, amountUsd, kind }: JobRecord): Held {
  if (params === null) return held;
  switch (params.kind) {
    case "swap": {
      const cashUsd = held.cashUsd - Math.sign(expectedDeltaUnits) * amountUsd;
      return { ...held, cashUsd, spotUnits: held.spotUnits + expectedDeltaUnits };
    }
    case "perp-change":
      return { ...held, perpUnits: held.perpUnits + Number(params.sizeE18) / 1e18 };
    case "option-trade":
      return {
        ...held,
        longs: held.longs + Number(params.quantityE18) / 1e18,
        optionCashUsd: held.optionCashUsd + amountUsd,
      };
    case "lend-move": {
      const usd = Number(params.amountRaw) / 1e6;
      return { ...held, lentUsd: held.lentUsd + usd, cashUsd: held.cashUsd - usd };
    }
    case "margin-move": {
      const usd = Number(params.amountRaw) / 1e6;
      const isPerp = params.venue === aPerpMarket().adapter;
      const field = isPerp ? "marginUsd" : "optionCashUsd";
      return { ...held, [field]: held[field] + usd, cashUsd: held.cashUsd - usd };
    }
    default:
      return kind === "transfer" ? { ...held, cashUsd: held.cashUsd - amountUsd } : held;
  }
}

/** Passes until nothing is done any more; the other shards do what they are told. */
function play(start: Held, order: ShardOrder) {
  const moved: Record<string, number> = {};
  const jobs: JobRecord[] = [];
  const helds = [start];
  for (let count = 0; count < 80; count += 1) {
    const held = helds.at(-1) ?? start;
    const outcome = pass(held, order, moved);
    const [progress] = outcome.decision.safety.orders;
    const own = outcome.jobs.filter(({ shard }) => shard === "base");
    for (const { shard, expectedDeltaUnits } of outcome.jobs) {
      if (shard !== "base") moved[shard] = (moved[shard] ?? 0) + expectedDeltaUnits;
    }
    jobs.push(...own);
    if (outcome.jobs.length === 0) return { jobs, helds, progress, held };
    helds.push(own.reduce(after, held));
  }
  throw new Error(`no end: ${JSON.stringify(helds.at(-1))}`);
}

describe("flattening a shard with positions at venues", () => {
  test("takes back a perpetual before it trades in any pool, to its last unit, and opens none", () => {
    const { jobs, held, progress } = play(
      { ...NOTHING, perpUnits: 14, marginUsd: 20_000 },
      FLATTEN,
    );
    expect(jobs.map(({ kind }) => kind)).toEqual(jobs.map(() => "perp-change"));
    expect(held.perpUnits).toBe(0);
    expect(progress).toMatchObject({ state: "done", waitingFor: [] });
  });

  test("closes a perpetual that a pool's holding balances, and sells the holding after it", () => {
    const start = { ...NOTHING, spotUnits: 12, perpUnits: -12, marginUsd: 20_000 };
    const { jobs, held, helds, progress } = play(start, FLATTEN);
    expect(new Set(jobs.map(({ kind }) => kind))).toEqual(new Set(["perp-change", "swap"]));
    expect(held.perpUnits).toBe(0);
    expect(Math.abs(held.spotUnits) * 2000).toBeLessThan(2_100);
    expect(progress).toMatchObject({ state: "done" });
    // Never far from flat on the way, and the position only shrinks.
    for (const [at, one] of helds.entries()) {
      expect(Math.abs(one.perpUnits)).toBeLessThanOrEqual(Math.abs(helds[at - 1]?.perpUnits ?? 12));
      expect(Math.abs(one.spotUnits + one.perpUnits)).toBeLessThanOrEqual(12);
    }
  });

  test("sells long options back, all of them, and flattens what they leave", () => {
    const { jobs, held } = play({ ...NOTHING, longs: 5, spotUnits: 0 }, FLATTEN);
    expect(jobs[0]?.params).toMatchObject({
      kind: "option-trade",
      quantityE18: (-5n * E18).toString(),
    });
    expect(held.longs).toBe(0);
  });

  test("leaves lending and margin where they are", () => {
    const { jobs } = play({ ...NOTHING, lentUsd: 90_000, marginUsd: 20_000 }, FLATTEN);
    expect(jobs).toEqual([]);
  });

  test("says what it cannot close", () => {
    const dear = { ...NOTHING, longs: 5 };
    const entry = reportOf(dear);
    const optionMarkets = entry.report.optionMarkets.map((one) => ({
      ...one,
      acceptsTrades: false,
    }));
    const memory = { ...NEW_SAFETY, orders: { base: FLATTEN } };
    const closed = { ...entry, report: { ...entry.report, optionMarkets } };
    const entries = [closed, anEntry({ shard: "arbitrum" })];
    const safety = { ...NO_SAFETY, memory };
    const outcome = planPass(aPassInput(entries, { policy: POLICY, safety }));
    expect(outcome.decision.safety.orders[0]?.waitingFor.join()).toContain("options at lyra-v1");
  });
});

describe("draining a shard with money at venues", () => {
  const start = { ...NOTHING, lentUsd: 90_000, marginUsd: 20_000, optionCashUsd: 7_000 };

  test("brings home what is lent, margin and option cash, once each, and moves it out", () => {
    const { jobs, held, progress } = play(start, DRAIN);
    const home = jobs.filter(({ kind }) => kind === "lend-move" || kind === "margin-move");
    expect(home).toHaveLength(3);
    expect(held).toMatchObject({ lentUsd: 0, marginUsd: 0, optionCashUsd: 0 });
    expect(held.cashUsd).toBeLessThan(20_000);
    expect(jobs.some(({ kind }) => kind === "transfer")).toBe(true);
    expect(progress).toMatchObject({ state: "done" });
  });

  test("closes positions first: margin that they need stays until they are gone", () => {
    const held = { ...start, perpUnits: 8, marginUsd: 6_000 };
    const { jobs, held: end } = play(held, DRAIN);
    const kinds = jobs.map(({ kind, params }) => {
      return kind === "margin-move" && params !== null && "venue" in params ? params.venue : kind;
    });
    const account = aPerpMarket().adapter;
    expect(kinds.indexOf(account)).toBeGreaterThan(kinds.indexOf("perp-change"));
    expect(end).toMatchObject({ perpUnits: 0, marginUsd: 0, lentUsd: 0 });
  });

  test("orders nothing at an account where a job of it is still on its way", () => {
    const first = pass(start, DRAIN);
    const own = first.jobs.filter(({ shard }) => shard === "base");
    expect(own.length).toBeGreaterThan(0);
    const memory = { ...NEW_SAFETY, orders: { base: DRAIN } };
    const entries = [reportOf(start), anEntry({ shard: "arbitrum" })];
    const safety = { ...NO_SAFETY, memory };
    const input = aPassInput(entries, { policy: POLICY, safety, jobs: own });
    const again = planPass(input).jobs.filter(({ shard }) => shard === "base");
    expect(again).toEqual([]);
  });

  test.each([
    { name: "a halt", manualHalt: { reason: "maintenance", atMs: NOW_MS }, why: "halted" },
    { name: "a standstill", standstill: ["taking over a vault"], why: "taking over a vault" },
  ])("moves nothing in $name, and says so", ({ manualHalt, standstill = [], why }) => {
    const memory = { ...NEW_SAFETY, orders: { base: DRAIN } };
    const safety = { ...NO_SAFETY, memory };
    const entries = [reportOf(start), anEntry({ shard: "arbitrum" })];
    const input = { ...aPassInput(entries, { policy: POLICY, safety }), manualHalt, standstill };
    const { jobs, decision } = planPass(input);
    expect(jobs).toEqual([]);
    expect(decision.safety.orders[0]).toMatchObject({ state: "blocked" });
    expect(decision.safety.orders[0]?.waitingFor.join()).toContain(why);
  });

  test("waits, and says for what, while the venue pays nothing out", () => {
    const entry = reportOf(start);
    const lending = entry.report.lending.map((one) => ({ ...one, allowsWithdrawal: false }));
    const memory = { ...NEW_SAFETY, orders: { base: DRAIN } };
    const closed = { ...entry, report: { ...entry.report, lending } };
    const safety = { ...NO_SAFETY, memory };
    const entries = [closed, anEntry({ shard: "arbitrum" })];
    const outcome = planPass(aPassInput(entries, { policy: POLICY, safety }));
    expect(outcome.jobs.some(({ kind }) => kind === "lend-move")).toBe(false);
    expect(outcome.decision.safety.orders[0]?.waitingFor.join()).toContain("cannot be withdrawn");
  });
});
