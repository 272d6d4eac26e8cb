import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import {
  type PendingEffect,
  pendingEffects,
} from "#coordinator/records/planning/pending-effect.ts";
import { netRisk } from "#coordinator/stages/risk/net-risk.ts";
import { snapshotMarket } from "#coordinator/stages/risk/snapshot-market.ts";
import { valueBooks } from "#coordinator/stages/risk/value-books.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPolicy,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const QUANTUM = 1e-6;
const SHARDS: readonly TestShard[] = ["ethereum", "arbitrum", "base", "optimism"];

function net(
  entries: readonly BookEntry[],
  o: {
    stale?: string[];
    jobs?: Parameters<typeof pendingEffects>[0];
    effects?: readonly PendingEffect[];
  } = {},
) {
  const snapshot = snapshotMarket(entries, aPolicy(), NOW_MS);
  const valued = valueBooks(entries, snapshot, new Set(o.stale ?? []));
  const outcome = netRisk("ETH", valued, o.effects ?? pendingEffects(o.jobs ?? []), {
    missing: [],
    deltaQuantumUnits: QUANTUM,
  });
  if (!outcome.netted) throw new Error(outcome.reason);
  return outcome.net;
}

test("offsetting books cancel: short calls against the same calls long", () => {
  const one = net([
    anEntry({ shard: "ethereum", calls: -30 }),
    anEntry({ shard: "base", calls: 30 }),
  ]);
  expect(one.greeks.deltaUnits).toBe(0);
  expect(one.greeks.gammaUnitsPerUsd).toBe(0);
});

test("the net is one exact number in whatever order the shards come", () => {
  const book = fc.record({
    calls: fc.double({ min: -500, max: 500, noNaN: true }),
    hedgeUnits: fc.double({ min: 0, max: 500, noNaN: true }),
    strikeUsd: fc.double({ min: 500, max: 9000, noNaN: true }),
  });
  const orders = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
  fc.assert(
    fc.property(fc.array(book, { minLength: 4, maxLength: 4 }), orders, (books, order) => {
      const entries = books.map(({ calls, hedgeUnits, strikeUsd }, index) => {
        const option = anOption({ quantity: calls, strikeUsd });
        return anEntry({ shard: SHARDS[index] ?? "base", hedgeUnits, change: { book: [option] } });
      });
      const shuffled = order.flatMap((index) => entries[index] ?? []);
      expect(net(shuffled)).toEqual(net(entries));
    }),
    { numRuns: 60 },
  );
});

test("expiries are kept apart and add up to the whole", () => {
  const later = anOption({
    seriesId: hash32("5f"),
    expiryMs: NOW_MS + 30 * 86_400_000,
    quantity: 7,
    type: "put",
  });
  const one = net([
    anEntry({ shard: "base", hedgeUnits: 3, change: { book: [anOption(), later] } }),
  ]);
  expect(one.byExpiry.map((line) => line.expiryMs)).toEqual([
    null,
    anOption().expiryMs,
    later.expiryMs,
  ]);
  const quanta = one.byExpiry.map((line) => Math.round(line.greeks.deltaUnits / QUANTUM));
  expect(quanta.reduce((total, count) => total + count, 0)).toBe(
    Math.round(one.greeks.deltaUnits / QUANTUM),
  );
});

describe("jobs in flight", () => {
  test("count as if done, and the limits' interval keeps both ends", () => {
    const entries = [anEntry({ shard: "base", hedgeUnits: 10 })];
    const one = net(entries, { jobs: [aJobRecord({ expectedDeltaUnits: -4 })] });
    expect(one.greeks.deltaUnits).toBe(6);
    expect(one.inFlightDeltaUnits).toBe(-4);
    expect(one.limitIntervalUnits).toEqual([6, 10]);
    expect(one.staleIntervalUnits).toEqual([6, 6]);
  });

  test("of options bring gamma and vega to their own expiry", () => {
    const expiryMs = anOption().expiryMs;
    const optionExposure = {
      expiryMs,
      gammaUnitsPerUsd: 0.02,
      vegaUsdPerVolPoint: 30,
      gridPnlUsd: [],
    };
    const jobs = [aJobRecord({ kind: "option-trade", expectedDeltaUnits: 2, optionExposure })];
    const one = net([anEntry({ shard: "base", hedgeUnits: 10 })], { jobs });
    expect(one.greeks.deltaUnits).toBe(12);
    expect(one.byExpiry.map((line) => line.expiryMs)).toEqual([null, expiryMs]);
    expect(one.byExpiry[1]?.greeks.gammaUnitsPerUsd).toBeCloseTo(0.02, 9);
    expect(one.byExpiry[1]?.greeks.vegaUsdPerVolPoint).toBeCloseTo(30, 6);
    expect(one.limitIntervalUnits).toEqual([10, 12]);
  });

  test("that a final block shows are certain: the limits' interval has no other end", () => {
    const consumption = {
      blockNumber: 110,
      blockTimestampMs: null,
      amountInRaw: "4000000000000000000",
      amountOutRaw: "8000000000",
      isFinal: true,
    };
    const jobs = [aJobRecord({ state: "included", expectedDeltaUnits: -4, consumption })];
    const one = net([anEntry({ shard: "base", hedgeUnits: 10 })], { jobs });
    expect(one.limitIntervalUnits).toEqual([6, 6]);
  });

  test("that have lapsed are not expected, and the limits' interval holds with each of them done", () => {
    const entries = [anEntry({ shard: "base", hedgeUnits: 10 })];
    const units = fc.double({ min: -50, max: 50, noNaN: true });
    const job = fc.record({ units, isLapsed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(job, { maxLength: 6 }), (jobs) => {
        const effects = jobs.flatMap(({ units: expectedDeltaUnits, isLapsed }) => {
          const [effect] = pendingEffects([aJobRecord({ expectedDeltaUnits })]);
          return effect === undefined ? [] : [{ ...effect, ...(isLapsed ? { isLapsed } : {}) }];
        });
        const one = net(entries, { effects });
        const expected = effects.filter((effect) => effect.isLapsed !== true);
        expect(one.greeks).toEqual(net(entries, { effects: expected }).greeks);
        const least = jobs.reduce((sum, { units: delta }) => sum + Math.min(0, delta), 10);
        const most = jobs.reduce((sum, { units: delta }) => sum + Math.max(0, delta), 10);
        expect(one.limitIntervalUnits[0]).toBeCloseTo(least, 4);
        expect(one.limitIntervalUnits[1]).toBeCloseTo(most, 4);
      }),
      { numRuns: 60 },
    );
  });

  test.each(["settled", "expired", "superseded", "refused-expired"] as const)(
    "do not count once %s",
    (state) => {
      const one = net([anEntry({ shard: "base", hedgeUnits: 10 })], {
        jobs: [aJobRecord({ state })],
      });
      expect(one.greeks.deltaUnits).toBe(10);
    },
  );
});

test("a stale shard's book stays in, and its delta is an interval that holds the last known one", () => {
  const entries = [
    anEntry({ shard: "ethereum", hedgeUnits: 10 }),
    anEntry({ shard: "base", calls: -40, ageMs: 9000 }),
  ];
  const fresh = net(entries);
  const one = net(entries, { stale: ["base"] });
  expect(one.greeks).toEqual(fresh.greeks);
  const [low, high] = one.staleIntervalUnits;
  expect(low).toBeGreaterThanOrEqual(10 - 40);
  expect(low).toBeLessThan(fresh.greeks.deltaUnits - 5);
  expect(high).toBeGreaterThan(fresh.greeks.deltaUnits + 5);
  expect(high).toBeLessThanOrEqual(10 + QUANTUM);
});

describe("is refused", () => {
  const entries = [anEntry({ shard: "base" })];
  const valued = valueBooks(entries, snapshotMarket(entries, aPolicy(), NOW_MS), new Set());

  test("while a shard has never reported", () => {
    const outcome = netRisk("ETH", valued, [], {
      missing: ["arbitrum"],
      deltaQuantumUnits: QUANTUM,
    });
    expect(outcome).toEqual({ netted: false, reason: "no report yet from arbitrum" });
  });

  test("when a shard's book cannot be valued", () => {
    const broken = valued.map((one) => ({
      ...one,
      unvalued: new Map([["ETH", "cannot be priced on this surface"]]),
    }));
    const outcome = netRisk("ETH", broken, [], { missing: [], deltaQuantumUnits: QUANTUM });
    expect(outcome).toEqual({ netted: false, reason: "base: cannot be priced on this surface" });
  });

  test("when the sum would not be exact", () => {
    const huge = [anEntry({ shard: "base", hedgeUnits: 1e6 })];
    const big = valueBooks(huge, snapshotMarket(huge, aPolicy(), NOW_MS), new Set());
    const outcome = netRisk("ETH", big, [], { missing: [], deltaQuantumUnits: 1e-12 });
    expect(outcome).toEqual({ netted: false, reason: "Greeks too large to add exactly" });
  });
});
