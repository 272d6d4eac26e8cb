import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { type PassOutcome, planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { judgingAgent } from "#test/support/agent/gas-judgement.ts";
import { aLoan } from "#test/support/coordinator/a-loan.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  aShardSetup,
  BLOCK_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { anOptionMarket } from "#test/support/coordinator/option-market.ts";
import { aPerpMarket } from "#test/support/coordinator/perp-market.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { aRouteLine } from "#test/support/coordinator/route-line.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

const GWEI = 1e9;
const SETUP = aShardSetup("base");
const METHODS = ["greedy", "milp"] as const;

/** An entry whose agent tells its terms for gas at a base fee. */
function told(entry: BookEntry, baseFeeGwei: number, setup = SETUP): BookEntry {
  const baseFeeWei = String(Math.round(baseFeeGwei * GWEI));
  const report = { ...entry.report, chain: { ...entry.report.chain, baseFeeWei } };
  return { ...entry, report: { ...report, gasTerms: judgingAgent(report, setup).terms } };
}

/** Jobs of a pass that an agent would refuse for their gas. */
function refused(pass: PassOutcome, input: PassInput): string[] {
  return pass.jobs.flatMap(({ shard, params, amountUsd }) => {
    const entry = input.entries.find(({ report }) => report.shard === shard);
    const setup = input.setups.get(shard);
    if (entry === undefined || setup === undefined || params === null) return [];
    const isRefused = judgingAgent(entry.report, setup).refuses(params);
    return isRefused ? [`${shard}: ${params.kind} of ${amountUsd} USD`] : [];
  });
}

/** A vault in want of everything: margin, a hedge, options, a loan back. */
function aNeedyBook(o: { readonly marginUsd: number; readonly cashUsd: number }): BookEntry {
  const index = { indexUpdatedAtMs: BLOCK_MS - 500 };
  const perps = [aPerpMarket({ feeFraction: 0.0002, marginUsd: o.marginUsd, change: index })];
  const change: Partial<ShardReport> = {
    perps,
    lending: [aLoan(3_000)],
    optionMarkets: [anOptionMarket({ cashUsd: 400 })],
    routes: [aRouteLine({ dstEid: 30_042 })],
  };
  return anEntry({ shard: "base", calls: -30, cashUsd: o.cashUsd, change });
}

describe("a job that its shard's agent would refuse for its gas", () => {
  test("is planned by no method on random books, whatever the base fee", () => {
    let planned = 0;
    let without = 0;
    for (let seed = 1; seed <= 12; seed += 1) {
      const sizes = { seed, shards: 2 + (seed % 3), underlyings: 1 + (seed % 2), venues: 2 };
      const free = aRandomPass({ ...sizes, perps: 1, planning: { method: "milp" } });
      const gwei = 4 * 2.4 ** (seed % 5);
      const entries = free.entries.map((entry) => {
        const setup = free.setups.get(entry.report.shard);
        return setup === undefined ? entry : told(entry, gwei, setup);
      });
      const input = { ...free, entries };
      for (const pass of [planPass(input), solvedPass(input, 2_000)]) {
        expect(refused(pass, input), `seed ${seed}`).toEqual([]);
        planned += pass.jobs.length;
      }
      const untold = entries.map(({ report, ...entry }) => {
        return { ...entry, report: { ...report, gasTerms: null } };
      });
      without += refused(planPass({ ...free, entries: untold }), input).length;
    }
    expect(planned).toBeGreaterThan(20);
    // Without the terms such jobs are planned on the same books, so the law does bite.
    expect(without).toBeGreaterThan(3);
  });

  test.each(METHODS)("is none of the kinds of jobs a needy vault asks for, by %s", (method) => {
    const { lending, options, planning } = DEFAULT_POLICY;
    const limits = { vegaLimitUsd: 50, gammaLimitUsd: 50 };
    const policy = aPolicy(
      {},
      {
        planning: { ...planning, method },
        lending: { ...lending, supplyMaxFraction: 0.5, minimumUsd: 1 },
        options: { ...options, ...limits },
      },
    );
    const kinds = new Set<string>();
    const money = fc.double({ min: 0, max: 4_000, noNaN: true });
    const gwei = fc.double({ min: 0, max: 60, noNaN: true });
    const check = (marginUsd: number, cashUsd: number, baseFeeGwei: number): void => {
      const entry = told(aNeedyBook({ marginUsd, cashUsd: 40_000 + 50 * cashUsd }), baseFeeGwei);
      const rich = anEntry({ shard: "arbitrum", cashUsd: 2_000_000 });
      const other = told(rich, baseFeeGwei, aShardSetup("arbitrum"));
      const input = aPassInput([entry, other], { policy });
      const pass = method === "milp" ? solvedPass(input, 2_000) : planPass(input);
      expect(refused(pass, input)).toEqual([]);
      for (const job of pass.jobs) kinds.add(job.kind);
    };
    fc.assert(fc.property(money, money, gwei, check), { numRuns: method === "milp" ? 15 : 60 });
    expect([...kinds].sort()).toEqual(expect.arrayContaining(["margin-move", "swap"]));
  });

  test("stands in the decision with what its agent would have taken", () => {
    // 200,000 gas x 1.5 at 226 gwei are more than the 0.05 ether of the absolute cap.
    const entry = told(anEntry({ shard: "base", calls: -100 }), 200);
    const { decision, jobs } = planPass(aPassInput([entry]));
    expect(jobs).toEqual([]);
    expect(decision.blocked).toContainEqual(
      "ETH: base: gas costs more than its agent pays for any transaction",
    );
    expect(decision.underlyings[0]?.reason).toMatch(/no shard can trade/);
  });

  test("is no margin of a hundred dollars at a fee of three gwei, pass for pass", () => {
    const index = { indexUpdatedAtMs: BLOCK_MS - 500 };
    const perps = [aPerpMarket({ feeFraction: 0.00001, marginUsd: 150, change: index })];
    const policy = aPolicy({}, { perps: { ...DEFAULT_POLICY.perps, standingMarginHalfWidths: 1 } });
    const book = anEntry({ shard: "base", cashUsd: 2_000, change: { perps } });
    const before = planPass(aPassInput([book], { policy }));
    expect(before.jobs.map(({ kind }) => kind)).toEqual(["margin-move"]);
    const { decision, jobs } = planPass(aPassInput([told(book, 9)], { policy }));
    expect(jobs).toEqual([]);
    expect(decision.blocked).toContainEqual(
      expect.stringMatching(
        /^base: curie: margin for hedges: its agent pays the gas of \d+\.\d\d USD/,
      ),
    );
  });
});

test("the least notional is what the agent takes, a block's rise of the base fee included", () => {
  const share = fc.double({ min: 0.001, max: 1, noNaN: true });
  const gwei = fc.double({ min: 0.1, max: 500, noNaN: true });
  const gas = fc.integer({ min: 21_000, max: 3_000_000 });
  const check = (maxGasFeeFractionOfNotional: number, baseFeeGwei: number, gasUnits: number) => {
    const route = aRouteLine({ gasUnits });
    const entry = anEntry({ shard: "base", change: { routes: [route] } });
    const rising = (rise: number) => {
      const baseFeeWei = String(Math.floor(baseFeeGwei * GWEI * rise));
      const report = { ...entry.report, chain: { ...entry.report.chain, baseFeeWei } };
      return judgingAgent(report, SETUP, { maxGasFeeFractionOfNotional });
    };
    const now = rising(1);
    const [input] = aWorld([{ ...entry, report: { ...entry.report, gasTerms: now.terms } }]).inputs;
    if (input === undefined) throw new Error("no shard");
    const usd = leastNotionalUsd(input, gasUnits);
    if (usd === Number.POSITIVE_INFINITY) return;
    const transfer = (factor: number) => {
      const amountRaw = String(Math.ceil(usd * factor * 1e6) + 1);
      const rest = { dstVault: hash32("0d"), minAmountRaw: "0", lzReceiveGas: 200_000 };
      const { dstEid } = route;
      return { kind: "transfer", dstEid, amountRaw, minCapitalAfterRaw: "0", ...rest } as const;
    };
    expect(now.refuses(transfer(1))).toBe(false);
    expect(rising(1.125).refuses(transfer(1))).toBe(false);
    // A thousandth above what it takes now at most: nothing it would do is given up.
    const exact = now.refuses(transfer(1 / 1.126));
    if (usd > 1) expect(exact).toBe(true);
  };
  fc.assert(fc.property(share, gwei, gas, check));
});

test("an agent of before it told its terms is planned for as it was", () => {
  const [input] = aWorld([anEntry({ shard: "base" })]).inputs;
  expect(input && leastNotionalUsd(input, 10_000_000)).toBe(0);
});
