import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { evaluatePlan } from "#coordinator/stages/plans/evaluate-plan.ts";
import { keyOf, seriesFor } from "#coordinator/stages/plans/plan-options.ts";
import {
  realiseHedges,
  realiseOptions,
  realiseTransfers,
  wantedPlan,
} from "#coordinator/stages/program/read-plan.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import type { Caps } from "#shared/wire/report-caps.ts";
import type { OptionMarketLine } from "#shared/wire/shard-report.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  anOptionMarket,
  type OptionMarketOptions,
} from "#test/support/coordinator/option-market.ts";
import { solvedPass, solvePrepared } from "#test/support/coordinator/solve-pass.ts";

type Case = {
  readonly market?: OptionMarketOptions;
  readonly calls?: number;
  readonly vegaLimit?: number | null;
  readonly cashUsd?: number;
  readonly hedgeUnits?: number;
  readonly jobs?: readonly JobRecord[];
  readonly method?: "greedy" | "milp";
  readonly jobsMax?: number;
  /** What the desk still lets be put at the market. */
  readonly capLeftUsd?: number;
};

/** Base is short calls, and holds about the delta that covers them; its account at an option market has cash. */
function input(o: Case = {}): PassInput {
  const calls = o.calls ?? -40;
  const optionMarkets = [anOptionMarket({ cashUsd: 50_000, ...o.market })];
  const policy = aPolicy({
    vegaLimitUsdPerVolPoint: o.vegaLimit === undefined ? 20 : o.vegaLimit,
    bandFloorUsd: 20_000,
  });
  const entry = anEntry({
    shard: "base",
    hedgeUnits: o.hedgeUnits ?? -0.51 * calls,
    cashUsd: o.cashUsd ?? 500_000,
    change: {
      optionMarkets,
      book: [anOption({ quantity: calls })],
      caps: capsOf(o, optionMarkets),
    },
  });
  const planning = { ...policy.planning, method: o.method ?? "greedy" } as const;
  const hedging = { ...policy.hedging, jobsPerPassMax: o.jobsMax ?? 8 };
  return aPassInput([entry], {
    policy: { ...policy, planning, hedging },
    jobs: [...(o.jobs ?? [])],
  });
}

function capsOf({ capLeftUsd }: Case, markets: readonly OptionMarketLine[]): Caps | null {
  if (capLeftUsd === undefined) return null;
  const leftRaw = String(capLeftUsd * 1e6);
  const venues = markets.map(({ adapter }) => ({ adapter, leftRaw, mayGrow: true }));
  return { tradesLeftRaw: String(1e15), transfersLeftRaw: String(1e15), venues };
}

function vega(jobs: readonly JobRecord[]): number {
  return jobs.reduce((sum, job) => sum + (job.optionExposure?.vegaUsdPerVolPoint ?? 0), 0);
}

function bucketVega(pass: ReturnType<typeof planPass>): number {
  const [near] = pass.decision.underlyings[0]?.buckets ?? [];
  return near?.vegaUsdPerVolPoint.net ?? 0;
}

describe.each(["greedy", "milp"] as const)("the %s plan", (method) => {
  const run = (o: Case = {}) => {
    const passInput = input({ ...o, method });
    return method === "milp" ? solvedPass(passInput, 1_000) : planPass(passInput);
  };

  test("buys options where vega is beyond its limit, up to the limit, and stays within the band", () => {
    const pass = run();
    expect(bucketVega(pass)).toBeLessThan(-20);
    const trades = pass.jobs.filter((job) => job.kind === "option-trade");
    expect(trades.length).toBeGreaterThan(0);
    expect(bucketVega(pass) + vega(trades)).toBeGreaterThan(-20 - 1e-6);
    expect(bucketVega(pass) + vega(trades)).toBeLessThan(20);
    const [eth] = pass.decision.underlyings;
    const delta = pass.jobs.reduce((sum, job) => sum + job.expectedDeltaUnits, 0);
    expect(Math.abs((eth?.netDeltaUnits ?? 0) + delta)).toBeLessThanOrEqual(
      (eth?.halfWidthUnits ?? 0) + 1e-6,
    );
    expect(pass.decision.plan?.after.beyondLimitsUsd).toBeLessThan(1e-3);
  });

  test("a second pass without news plans nothing", () => {
    const first = run();
    expect(first.jobs.length).toBeGreaterThan(0);
    expect(run({ jobs: first.jobs }).jobs).toEqual([]);
  });

  test("brings cash to an account that has none, and waits for it", () => {
    const first = run({ market: { cashUsd: 0 } });
    expect(first.jobs.map((job) => job.kind)).toEqual(["margin-move"]);
    expect(first.decision.optionTrades).toMatchObject([{ action: "bring cash", shard: "base" }]);
    expect(run({ market: { cashUsd: 0 }, jobs: first.jobs }).jobs).toEqual([]);
    const cashUsd = first.jobs[0]?.amountUsd ?? 0;
    const [trade] = run({ market: { cashUsd } }).jobs;
    expect(trade?.kind).toBe("option-trade");
  });

  test("brings no cash that is less than the smallest move, whatever a cap still leaves", () => {
    const kindsOf = (capLeftUsd: number) =>
      run({ market: { cashUsd: 0 }, capLeftUsd }).jobs.map((job) => job.kind);
    expect(kindsOf(101)).toEqual(["margin-move"]);
    expect(kindsOf(70)).toEqual([]);
  });

  test("does nothing without a limit, or on a market that is stale", () => {
    expect(run({ vegaLimit: null }).jobs).toEqual([]);
    const stale = run({ market: { change: { isStale: true } } });
    expect(stale.jobs).toEqual([]);
    expect(stale.decision.blocked).toContain("ETH: vega up to 7 days is beyond its limit of 20");
  });

  test("in a halt for too much delta nothing is bought but the delta back", () => {
    const from = input({ hedgeUnits: 0, method, market: { cashUsd: 0 } });
    const [eth] = Object.values(from.policy.underlyings);
    if (eth === undefined) throw new Error("no underlying");
    const underlyings = { ETH: { ...eth, netDeltaLimitUsd: 30_000 } };
    const halted = { ...from, policy: { ...from.policy, underlyings } };
    const pass = method === "milp" ? solvedPass(halted, 1_000) : planPass(halted);
    expect(pass.decision.mode).toBe("halt");
    expect(pass.jobs.map((job) => job.kind)).toEqual(["swap"]);
  });

  test("counts options among the jobs of a pass", () => {
    const all = run({ hedgeUnits: 0 });
    expect(all.jobs.length).toBeGreaterThan(1);
    const few = run({ hedgeUnits: 0, jobsMax: 1 });
    expect(few.jobs).toHaveLength(1);
  });

  test("spends no more of the account than all of its trades may take at their worst", () => {
    const { jobs } = run({ market: { cashUsd: 4_000 } });
    expect(jobs.length).toBeGreaterThan(1);
    expect(worstPremiumsE8(jobs)).toBeLessThanOrEqual(4_000 * 1e8);
  });

  test("pays no more than the policy's fraction beside its own value", () => {
    expect(run({ market: { feeFraction: 0.3 } }).jobs).toEqual([]);
  });

  test("sells back what it holds where vega is beyond its limit on the other side", () => {
    const pass = run({ calls: 60, hedgeUnits: 0, market: { held: 30 } });
    const [trade] = pass.jobs.filter((job) => job.kind === "option-trade");
    const params = trade?.params;
    if (params?.kind !== "option-trade") throw new Error("an option trade was expected");
    expect(BigInt(params.quantityE18)).toBeLessThan(0n);
    expect(Math.abs(bucketVega(pass) + vega(pass.jobs))).toBeLessThan(Math.abs(bucketVega(pass)));
  });
});

/** What all purchases together may take of their account, in USD with 8 decimals. */
function worstPremiumsE8(trades: readonly { readonly params: JobParams | null }[]): number {
  return trades.reduce((sum, { params }) => {
    if (params?.kind !== "option-trade" || params.quantityE18.startsWith("-")) return sum;
    return sum + Number((BigInt(params.quantityE18) * BigInt(params.worstPremiumE8)) / 10n ** 18n);
  }, 0);
}

test("the program's objective is what the exact evaluator says, and never above the greedy plan's", () => {
  const calls = fc.integer({ min: -120, max: -20 });
  const limit = fc.integer({ min: 5, max: 60 });
  const cash = fc.constantFrom(0, 2_000, 20_000, 80_000);
  fc.assert(
    fc.property(
      calls,
      limit,
      cash,
      fc.integer({ min: -8, max: 8 }),
      (short, vegaLimit, cashUsd, off) => {
        const hedgeUnits = Math.max(0, -0.51 * short + off);
        const one = input({
          calls: short,
          vegaLimit,
          market: { cashUsd },
          hedgeUnits,
          method: "milp",
        });
        const prepared = preparePass(one);
        const { problem } = prepared;
        const solve = solvePrepared(prepared, 5_000)?.solve;
        if (problem === undefined || solve?.outcome.solved !== true) return;
        const wanted = wantedPlan(solve.formulation, solve.outcome);
        const hedges = realiseHedges(problem.world, wanted);
        const options = realiseOptions(problem.world, wanted, hedges);
        const { actions } = realiseTransfers(problem.world, wanted, [...hedges, ...options]);
        const all = [...hedges, ...options, ...actions];
        const figures = evaluatePlan(problem.world, problem.scenarios, all);
        const tolerance = 0.05 + 1e-4 * Math.abs(solve.outcome.objective);
        expect(Math.abs(figures.objectiveUsd - solve.outcome.objective)).toBeLessThan(tolerance);
        const { plan } = solvedPass(one, 5_000).decision;
        const greedy = plan?.alternatives.find((other) => other.plan === "greedy") ?? {
          figures: plan?.after,
        };
        expect(plan?.after.objectiveUsd).toBeLessThanOrEqual(
          (greedy.figures?.objectiveUsd ?? 0) + 1e-6,
        );
        expect(worstPremiumsE8(options)).toBeLessThanOrEqual(cashUsd * 1e8);
        expect(worstPremiumsE8(planPass(one).jobs)).toBeLessThanOrEqual(cashUsd * 1e8);
      },
    ),
    { numRuns: 40, seed: 9 },
  );
});

test("cash is not brought for a trade of nothing, whatever a solution says", () => {
  const { problem } = preparePass(input({ market: { cashUsd: 0 }, method: "milp" }));
  if (problem === undefined) throw new Error("nothing to plan");
  const { world } = problem;
  const series = world.underlyings.flatMap((one) => seriesFor(world, one, world.effects));
  const later = series.filter(({ isAwaitingCash }) => isAwaitingCash);
  const realised = (units: number) => {
    const options = later.map((option) => ({ key: keyOf(option), underlying: "ETH", units }));
    return realiseOptions(world, { hedges: [], options, transfers: [] }, []);
  };
  expect(realised(1)).toHaveLength(1);
  for (const units of [0, -0, -1]) expect(realised(units)).toEqual([]);
});

describe("the desk's own bound on a premium", () => {
  const bounded = (mostToOpenUsd: number) => {
    const line = anOptionMarket({ cashUsd: 80_000 });
    const series = line.series.map((one) => ({ ...one, mostToOpenUsd }));
    return planPass(input({ market: { cashUsd: 80_000, change: { series } } })).jobs;
  };
  const [fair] = anOptionMarket().series;
  const fairUsd = fair?.premiumUsd ?? 0;

  test("ends the planned size where the average premium would pass it, and the mandate's worst premium", () => {
    const [free] = bounded(10 * fairUsd);
    const [job] = bounded(1.056 * fairUsd);
    const params = job?.params;
    if (params?.kind !== "option-trade") throw new Error("an option trade was expected");
    expect(Number(params.worstPremiumE8) / 1e8).toBeLessThanOrEqual(1.056 * fairUsd);
    if (free?.params?.kind !== "option-trade") throw new Error("an option trade was expected");
    expect(BigInt(params.quantityE18)).toBeLessThan(BigInt(free.params.quantityE18));
  });

  test("ends all purchases where even the first option would pass it", () => {
    expect(bounded(1.01 * fairUsd)).toEqual([]);
  });
});

test("an option trade in the mandate is bounded by a premium near the planned one", () => {
  const [job] = planPass(input()).jobs;
  const params = job?.params;
  if (params?.kind !== "option-trade") throw new Error("an option trade was expected");
  const averageUsd = (job?.amountUsd ?? 0) / unitsFromRaw(BigInt(params.quantityE18), 18);
  expect(Number(params.worstPremiumE8) / 1e8 / averageUsd).toBeCloseTo(1.05, 4);
});
