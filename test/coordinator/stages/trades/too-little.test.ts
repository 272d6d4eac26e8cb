import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { NO_SAFETY } from "#coordinator/records/safety/safety-input.ts";
import { NEW_SAFETY } from "#coordinator/records/safety/safety-memory.ts";
import type { ShardOrder } from "#coordinator/records/safety/shard-order.ts";
import { judgingAgent } from "#test/support/agent/gas-judgement.ts";
import { aLoan } from "#test/support/coordinator/a-loan.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";

const DRAIN: ShardOrder = { kind: "drain", target: null, reason: "leaving", sinceMs: NOW_MS };

/** The entry with what its agent pays for gas at this base fee, where the fee itself is next to nothing. */
function told(entry: BookEntry, baseFeeGwei: number): BookEntry {
  const { report } = entry;
  const chain = { ...report.chain, baseFeeWei: String(Math.round(baseFeeGwei * 1e9)) };
  const { terms } = judgingAgent({ ...report, chain }, aShardSetup("base"));
  return {
    ...entry,
    report: { ...report, chain: { ...chain, baseFeeWei: "7" }, gasTerms: terms },
  };
}

/** How far the drain of a shard is that is long calls, and holds so much of the hedge and lends so much. */
function drained(book: { hedgeUnits: number; lentUsd?: number; gwei?: number; calls?: number }) {
  const change = { lending: [aLoan(book.lentUsd ?? 0)] };
  const { hedgeUnits, calls = 10 } = book;
  const entry = anEntry({ shard: "base", calls, hedgeUnits, cashUsd: 0, change });
  const safety = { ...NO_SAFETY, memory: { ...NEW_SAFETY, orders: { base: DRAIN } } };
  const entries = [told(entry, book.gwei ?? 10), anEntry({ shard: "arbitrum", calls: -10 })];
  const { decision, jobs } = planPass(aPassInput(entries, { policy: aPolicy(), safety }));
  const [order] = decision.safety.orders;
  return { order, jobs: jobs.filter(({ shard }) => shard === "base") };
}

describe("an order that waits", () => {
  test("names the limit that leaves nothing to trade, and no gas", () => {
    for (const hedgeUnits of [0, 1e-9, 1e-6]) {
      const { order, jobs } = drained({ hedgeUnits });
      expect(jobs).toEqual([]);
      expect(order?.deltaUnits["ETH"]).toBeGreaterThan(4);
      expect(order).toMatchObject({
        state: "blocked",
        waitingFor: [expect.stringMatching(/^ETH: base: no hedge to sell; its delta of \+/)],
      });
    }
  });

  test("names gas where there is something to trade, with the limit that leaves no more", () => {
    const { order, jobs } = drained({ hedgeUnits: 0.02 });
    expect(jobs).toEqual([]);
    expect(order?.waitingFor).toEqual([
      expect.stringMatching(
        /^ETH: base: its agent pays the gas of \d+\.\d\d USD and more, this is 40\.00 USD; beyond it: no hedge to sell; its delta of /,
      ),
    ]);
  });

  test("tells of gas only what is worth a cent, whatever is left", () => {
    const left = fc.integer({ min: -100, max: 10 }).map((tenths) => 10 ** (tenths / 10));
    const check = (hedgeUnits: number, lentUsd: number, gwei: number): void => {
      const { order } = drained({ hedgeUnits, lentUsd, gwei });
      for (const why of order?.waitingFor ?? []) expect(why).not.toMatch(/this is 0\.00 USD/);
    };
    const gwei = fc.integer({ min: 0, max: 25 });
    fc.assert(fc.property(left, left, gwei, check), { numRuns: 60 });
  });

  test("waits for no dust that a withdrawal left at a venue", () => {
    const flat = { calls: 0, hedgeUnits: 0 };
    expect(drained({ ...flat, lentUsd: 0.000033 }).order).toMatchObject({
      state: "done",
      waitingFor: [],
    });
    const { order, jobs } = drained({ ...flat, lentUsd: 20 });
    expect(jobs).toEqual([]);
    expect(order?.waitingFor.join()).toMatch(/^USDX lent at aave-v3: .*, this is 20\.00 USD$/);
  });
});
