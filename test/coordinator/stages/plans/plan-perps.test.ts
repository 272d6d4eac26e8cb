import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { cashToKeepUsd } from "#coordinator/stages/capital/settlement-cash.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  aShardSetup,
  BLOCK_MS,
  type EntryOptions,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aPerpMarket, type PerpOptions } from "#test/support/coordinator/perp-market.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

const POLICY = aPolicy({ hedgeNotionalMaxUsd: 200_000 });
const INDEX = { indexUpdatedAtMs: BLOCK_MS - 500 };

/** A shard whose only venue is a perpetual; its delta is that of the hedge it holds and of its position. */
function perpOnly(perp: PerpOptions, entry: Partial<EntryOptions> = {}) {
  const { change } = entry;
  const line = aPerpMarket({ ...perp, change: { ...INDEX, ...perp.change } });
  return anEntry({ shard: "base", ...entry, change: { capacity: [], perps: [line], ...change } });
}

function planned(
  entry: ReturnType<typeof anEntry>,
  policy: Policy = POLICY,
  jobs: readonly JobRecord[] = [],
) {
  const { decision, jobs: issued } = planPass(aPassInput([entry], { policy, jobs }));
  const [eth] = decision.underlyings;
  return { eth, jobs: issued, blocked: decision.blocked };
}

describe("a shard with a perpetual", () => {
  test("sells short what it does not hold, with the margin it has", () => {
    const { jobs, eth } = planned(perpOnly({ marginUsd: 50_000 }, { hedgeUnits: 0, calls: 60 }));
    expect(eth?.action).toBe("hedge");
    expect(jobs).toHaveLength(1);
    expect(jobs[0]).toMatchObject({ kind: "perp-change", amountOutOfShardRaw: "0" });
    expect(jobs[0]?.expectedDeltaUnits).toBeLessThan(0);
    const { params } = jobs[0] ?? {};
    if (params?.kind !== "perp-change") throw new Error("a perpetual trade was expected");
    expect(BigInt(params.sizeE18)).toBeLessThan(0n);
    const worstUsd = Number(params.worstPriceE8) / 1e8;
    expect(worstUsd).toBeGreaterThan(2000 * (1 - POLICY.hedging.slippageMaxFraction));
    expect(worstUsd).toBeLessThan(2000);
    expect(Number(params.minMarginRatioE18) / 1e18).toBeCloseTo(0.15, 12);
  });

  test("asks for the desk's floor where that is above the policy's", () => {
    const floor = { marginUsd: 50_000, change: { marginRatioFloor: 0.4 } };
    const { jobs } = planned(perpOnly(floor, { hedgeUnits: 0, calls: 60 }));
    const { params } = jobs.find(({ kind }) => kind === "perp-change") ?? {};
    if (params?.kind !== "perp-change") throw new Error("a perpetual trade was expected");
    expect(Number(params.minMarginRatioE18) / 1e18).toBeCloseTo(0.4, 12);
    const back = { sizeUnits: 3, marginUsd: 2_000, change: { marginRatioFloor: 0.4 } };
    const [job] = planned(perpOnly(back, { hedgeUnits: 30 })).jobs;
    if (job?.params?.kind !== "perp-change") throw new Error("a perpetual trade was expected");
    expect(Number(job.params.minMarginRatioE18) / 1e18).toBeLessThan(0.4);
  });

  test("takes a position back before it opens the other way", () => {
    const { jobs } = planned(perpOnly({ sizeUnits: 3, marginUsd: 50_000 }, { hedgeUnits: 30 }));
    expect(jobs[0]?.expectedDeltaUnits).toBeCloseTo(-3, 9);
  });

  test("nets what a liquidation left as the report shows it, with the job that was to close still counted until it is dead", () => {
    const before = planned(perpOnly({ sizeUnits: 20, marginUsd: 50_000 }, { hedgeUnits: 0 }));
    const [close] = before.jobs;
    expect(close).toMatchObject({ kind: "perp-change" });
    const liquidated = perpOnly({ sizeUnits: 10, marginUsd: 2_000 }, { hedgeUnits: 0 });
    const waiting = planned(liquidated, POLICY, before.jobs);
    const inFlight = close?.expectedDeltaUnits ?? 0;
    expect(waiting.eth?.netDeltaUnits).toBeCloseTo(10 + inFlight, 6);
    expect(waiting.jobs.filter(({ kind }) => kind === "perp-change")).toEqual([]);
    const after = planned(liquidated);
    expect(after.eth?.netDeltaUnits).toBeCloseTo(10, 6);
    const [rest] = after.jobs.filter(({ kind }) => kind === "perp-change");
    expect(rest?.expectedDeltaUnits).toBeGreaterThanOrEqual(-10);
    expect(rest?.expectedDeltaUnits).toBeLessThan(0);
  });

  test("trades nothing for want of margin, brings it, and trades once a report shows it there", () => {
    const entry = perpOnly({ marginUsd: 0 }, { hedgeUnits: 20 });
    const first = planned(entry);
    expect(first.eth).toMatchObject({
      action: "blocked",
      reason: "outside the band; no shard can trade",
    });
    const [move] = first.jobs;
    expect(move).toMatchObject({ kind: "margin-move", expectedDeltaUnits: 0, underlying: null });
    const waiting = planned(entry, POLICY, first.jobs);
    expect(waiting.jobs).toEqual([]);
    const arrived = perpOnly({ marginUsd: move?.amountUsd ?? 0 }, { hedgeUnits: 20 });
    const [trade] = planned(arrived).jobs;
    expect(trade).toMatchObject({ kind: "perp-change" });
    expect(planned(arrived).eth?.reason).toBe("outside the band");
  });

  test.each([
    {
      name: "its market is closed",
      change: { acceptsTrades: false },
      says: "market takes no trades",
    },
    {
      name: "its index is old",
      change: { indexUpdatedAtMs: NOW_MS - 120_000 },
      says: "index is stale",
    },
    {
      name: "the venue doubts its index",
      change: { isIndexTimedOut: true },
      says: "index is stale",
    },
  ])("does not trade while $name", ({ change, says }) => {
    const { jobs, blocked } = planned(perpOnly({ marginUsd: 50_000, change }, { hedgeUnits: 20 }));
    expect(jobs).toEqual([]);
    expect(blocked).toContain(`ETH: base: ${says}`);
  });

  test("keeps the cash that its series soon to expire may be due, and becomes no margin", () => {
    const soon = anOption({ expiryMs: NOW_MS + 3_600_000, quantity: -40, strikeUsd: 1800 });
    const keep = 40 * (2000 * 1.18 - 1800);
    const entry = perpOnly({}, { cashUsd: keep + 50, change: { book: [soon] }, hedgeUnits: 80 });
    const valuation = aWorld([entry]).view.valuations.get("base");
    if (valuation === undefined) throw new Error("not valued");
    expect(cashToKeepUsd(valuation, POLICY)).toBeCloseTo(keep, 6);
    expect(planned(entry).jobs).toEqual([]);
  });

  test("prefers the side of the market that is paid for holding", () => {
    const at = (fundingFractionPerDay: number): number => {
      const entry = anEntry({
        shard: "base",
        hedgeUnits: 20,
        feeFraction: 0.001,
        change: {
          perps: [aPerpMarket({ marginUsd: 90_000, change: { ...INDEX, fundingFractionPerDay } })],
        },
      });
      const { decision } = planPass(aPassInput([entry], { policy: POLICY }));
      return decision.plan?.after.fundingUsd ?? 0;
    };
    expect(at(0.01)).toBeLessThan(-50);
    expect(at(-0.01)).toBe(0);
  });

  test("is told why nothing is traded where gas has no price, and trades at the policy's", () => {
    const setups = new Map([["base", aShardSetup("base", { nativeTicker: "POL" })]]);
    const entries = [anEntry({ shard: "base", hedgeUnits: 20 })];
    const none = planPass(aPassInput(entries, { setups, policy: POLICY }));
    expect(none.jobs).toEqual([]);
    expect(none.decision.blocked).toContain("ETH: base: gas cannot be priced: no USD price of POL");
    const policy = { ...POLICY, planning: { ...POLICY.planning, nativeUsd: { POL: 0.5 } } };
    expect(planPass(aPassInput(entries, { setups, policy })).jobs).toHaveLength(1);
  });
});

describe("over random books", () => {
  const SEEDS = fc.integer({ min: 1, max: 100_000 });

  test("no account is left with less margin than the worst move and stressed funding take", () => {
    const kinds = new Set<string>();
    const check = (seed: number): void => {
      const input = randomPass(seed);
      for (const job of solvedPass(input, 300).jobs) {
        kinds.add(job.kind);
        if (job.kind !== "perp-change" || job.params?.kind !== "perp-change") continue;
        const { params } = job;
        const report = input.entries.find(({ report: one }) => one.shard === job.shard)?.report;
        const account = report?.perps.filter((one) => one.adapter === params.venue) ?? [];
        const traded = account.find((one) => one.market === params.market);
        if (traded === undefined) throw new Error("no such market");
        const before = Math.abs(unitsFromRaw(BigInt(traded.sizeE18), 18));
        const after = Math.abs(unitsFromRaw(BigInt(traded.sizeE18) + BigInt(params.sizeE18), 18));
        if (after <= before) continue;
        expect(marginAfterStress(account, job), `seed ${seed} ${job.shard}`).toBeGreaterThan(-1e-6);
      }
    };
    fc.assert(fc.property(SEEDS, check), { numRuns: 30, seed: 11 });
    expect(kinds).toContain("perp-change");
    expect(kinds).toContain("margin-move");
  });

  test("no vault gives margin from the cash its expired and expiring series may need", () => {
    const check = (seed: number): void => {
      const input = randomPass(seed);
      const { jobs, view } = solvedPass(input, 300);
      for (const [shard, valuation] of view.valuations) {
        const out = jobs.filter((job) => job.shard === shard && isCashOut(job));
        if (!out.some((job) => job.kind === "margin-move")) continue;
        const outRaw = out.reduce((sum, job) => sum + BigInt(job.amountOutOfShardRaw), 0n);
        const leftUsd = unitsFromRaw(valuation.cashRaw - outRaw, 6) - valuation.dueUnits;
        expect(leftUsd, `seed ${seed} ${shard}`).toBeGreaterThan(-1e-6);
      }
    };
    fc.assert(fc.property(SEEDS, check), { numRuns: 30, seed: 12 });
  });
});

function randomPass(seed: number) {
  const planning = { method: "milp" } as const;
  return aRandomPass({ seed, shards: 3, underlyings: 2, venues: seed % 2, perps: 2, planning });
}

function isCashOut({ kind, expectedDeltaUnits }: JobRecord): boolean {
  return kind !== "swap" || expectedDeltaUnits > 0;
}

/** USD of margin above the maintenance of all positions, after a trade, its fee, the worst move and two percent of funding. */
function marginAfterStress(account: readonly PerpLine[], job: JobRecord): number {
  const [first] = account;
  let marginUsd = first?.accountValueUsd ?? 0;
  for (const line of account) {
    const isTraded = job.params?.kind === "perp-change" && job.params.market === line.market;
    const units = unitsFromRaw(BigInt(line.sizeE18), 18) + (isTraded ? job.expectedDeltaUnits : 0);
    const valueUsd = Math.abs(units) * line.indexUsd;
    marginUsd -= valueUsd * (0.18 + 0.02 + line.maintenanceMarginFraction * 1.18);
  }
  return marginUsd;
}
