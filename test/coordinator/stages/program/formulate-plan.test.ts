import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { finishPass, formulatePass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import {
  type PendingEffect,
  pendingSellRaw,
} from "#coordinator/records/planning/pending-effect.ts";
import type { PlanReport } from "#coordinator/records/planning/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import {
  pendingRanges,
  requiredCapitalUsd,
  worstLossUsd,
} from "#coordinator/stages/capital/required-capital.ts";
import { evaluatePlan } from "#coordinator/stages/plans/evaluate-plan.ts";
import { convexSegments } from "#coordinator/stages/program/formulate-hedges.ts";
import { lossLines } from "#coordinator/stages/program/loss-lines.ts";
import { transitHours } from "#coordinator/stages/program/planning-world.ts";
import {
  realiseHedges,
  realiseTransfers,
  type WantedPlan,
  wantedPlan,
} from "#coordinator/stages/program/read-plan.ts";
import { actionCost } from "#coordinator/stages/trades/action-cost.ts";
import { routeFee } from "#coordinator/stages/trades/route-fee.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { anEntry, aPassInput, aPolicy } from "#test/support/coordinator/coordinator-pass.ts";
import { distorted } from "#test/support/coordinator/distorted-world.ts";
import { aWorld } from "#test/support/coordinator/planned-world.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solvedPass, solvePrepared } from "#test/support/coordinator/solve-pass.ts";

const SEEDS = Array.from({ length: 24 }, (_, index) => index + 1);

function randomPass(seed: number, shards = 2 + (seed % 6)): PassInput {
  const planning = { method: "milp" } as const;
  const input = aRandomPass({
    seed,
    shards,
    underlyings: 1 + (seed % 3),
    venues: 1 + (seed % 4),
    perps: Math.floor(seed / 4) % 3,
    planning,
  });
  const mutualisedFraction = [0, 0, 0.4, 1][seed % 4] ?? 0;
  // A floor above the price of 1: 5 % of the settlement asset does not count, and no price is distorted.
  const depeg = seed % 5 === 0 ? { depegFloor: 1.005, depegSlope: 10 } : {};
  const capital = { ...input.policy.capital, mutualisedFraction, ...depeg };
  return { ...input, policy: { ...input.policy, capital } };
}

function problemOf(seed: number) {
  return solvedProblem(randomPass(seed));
}

function solvedProblem(input: PassInput) {
  const prepared = preparePass(input);
  const solved = solvePrepared(prepared);
  const { problem } = prepared;
  const solve = solved?.solve;
  if (problem === undefined || solve?.outcome.solved !== true) return undefined;
  const wanted = wantedPlan(solve.formulation, solve.outcome);
  const hedges = realiseHedges(problem.world, wanted);
  const transfers = realiseTransfers(problem.world, wanted, hedges);
  const { actions } = transfers;
  return { prepared, problem, wanted, outcome: solve.outcome, hedges, transfers: actions };
}

/** True when every trade and transfer a solution wants is done in full. */
function isWhole(wanted: WantedPlan, actions: readonly PlannedAction[]): boolean {
  const traded = (units: readonly number[]): number => units.reduce((sum, one) => sum + one, 0);
  const wantedUnits = traded(wanted.hedges.map((one) => one.units));
  const doneUnits = traded(actions.map(({ effect }) => Math.abs(effect.deltaUnits)));
  const wantedUsd = traded(wanted.transfers.map((one) => one.amountUsd));
  const sent = actions.filter(({ effect }) => effect.kind === "transfer");
  const sentUsd = traded(sent.map(({ effect }) => effect.amountUsd));
  return Math.abs(wantedUnits - doneUnits) < 1e-6 && Math.abs(wantedUsd - sentUsd) < 0.01;
}

const PROBLEMS = SEEDS.map((seed) => ({ seed, found: problemOf(seed) }));

function objectives(report: PlanReport | null): { greedy: number; taken: number } {
  if (report === null) return { greedy: 0, taken: 0 };
  const greedy = report.alternatives.find((one) => one.plan === "greedy") ?? {
    figures: report.after,
  };
  return { greedy: greedy.figures.objectiveUsd, taken: report.after.objectiveUsd };
}

test("the program's objective is what the exact evaluator says of the plan read from it", () => {
  let compared = 0;
  for (const { seed, found } of PROBLEMS) {
    if (found?.outcome.status !== "optimal") continue;
    const { problem, hedges, transfers, outcome } = found;
    const figures = evaluatePlan(problem.world, problem.scenarios, [...hedges, ...transfers]);
    // Raw amounts are whole, and a shard just above its requirement is no longer counted as lacking its buffer.
    const tolerance = 0.02 + 1e-5 * Math.abs(outcome.objective);
    expect(Math.abs(figures.objectiveUsd - outcome.objective), `seed ${seed}`).toBeLessThan(
      tolerance,
    );
    compared += 1;
  }
  expect(compared).toBeGreaterThan(15);
});

test("so it is where venues and feeds disagree and depth is dearest at first", () => {
  let compared = 0;
  const check = (seed: number): void => {
    const found = solvedProblem(distorted(randomPass(seed, 2 + (seed % 3)), seed));
    if (found?.outcome.status !== "optimal") return;
    const { problem, wanted, hedges, transfers, outcome } = found;
    // A trade's limits after others of its shard can be less than what the program allows them together.
    if (!isWhole(wanted, [...hedges, ...transfers])) return;
    const figures = evaluatePlan(problem.world, problem.scenarios, [...hedges, ...transfers]);
    const tolerance = 0.05 + 1e-5 * Math.abs(outcome.objective);
    expect(Math.abs(figures.objectiveUsd - outcome.objective), `seed ${seed}`).toBeLessThan(
      tolerance,
    );
    compared += 1;
  };
  fc.assert(fc.property(fc.integer({ min: 1, max: 9_999 }), check), { numRuns: 30, seed: 9 });
  expect(compared).toBeGreaterThan(12);
}, 60_000);

test("transfers go over open routes only, most of them at a reported fee, and the figures are what they cost", () => {
  const fees = PROBLEMS.flatMap(({ found }) => {
    if (found === undefined) return [];
    const { world } = found.problem;
    return found.transfers.map((action) => {
      const { effect } = action;
      const shard = (name: string | null) => {
        const input = world.inputs.find((one) => one.setup.shard === name);
        if (input === undefined) throw new Error(`no shard ${name}`);
        return input;
      };
      const fee = routeFee(shard(effect.shard), shard(effect.target), world);
      expect(fee.closed).toBeNull();
      const transit = world.policy.planning.transitCostFractionPerHour * effect.amountUsd;
      const { bridgeUsd } = actionCost(action, world);
      expect(bridgeUsd - fee.usd).toBeCloseTo(transit * transitHours(shard(effect.shard)), 9);
      return fee;
    });
  });
  expect(fees.filter((fee) => fee.basis === "quote").length).toBeGreaterThan(3);
  expect(new Set(fees.map((fee) => fee.usd)).size).toBeGreaterThan(3);
});

test("some worlds need transfers, some several venues, and some are hedged by one", () => {
  const all = PROBLEMS.flatMap(({ found }) => found ?? []);
  expect(all.some(({ transfers }) => transfers.length > 0)).toBe(true);
  expect(all.some(({ hedges }) => hedges.length > 2)).toBe(true);
});

test("a plan is never worse than the greedy one, and often better", () => {
  let better = 0;
  for (const seed of SEEDS) {
    const { greedy, taken } = objectives(solvedPass(randomPass(seed)).decision.plan);
    expect(taken, `seed ${seed}`).toBeLessThanOrEqual(greedy + 1e-6);
    if (taken < greedy - 1) better += 1;
  }
  expect(better).toBeGreaterThan(8);
});

describe("what is read from a solution", () => {
  test("trades each underlying one way, each venue once, within the jobs of a pass", () => {
    let several = 0;
    for (const { found } of PROBLEMS) {
      if (found === undefined) continue;
      const { hedges, problem } = found;
      const shards = hedges.map(({ effect }) => `${effect.underlying} ${effect.shard}`);
      if (new Set(shards).size < shards.length) several += 1;
      const places = hedges.map(
        ({ effect, params }) => `${effect.underlying} ${effect.shard} ${marketOf(params)}`,
      );
      expect(new Set(places).size).toBe(places.length);
      expect(hedges.length).toBeLessThanOrEqual(problem.world.policy.hedging.jobsPerPassMax);
      for (const one of problem.world.underlyings) {
        const own = hedges.filter(({ effect }) => effect.underlying === one.underlying);
        for (const { effect } of own)
          expect(Math.sign(effect.deltaUnits)).toBe(Math.sign(one.neededUnits));
      }
    }
    expect(several).toBeGreaterThan(3);
  });

  test("leaves every shard solvent whichever of its trades are done, also on several of its venues", () => {
    let several = 0;
    for (const { seed, found } of PROBLEMS) {
      if (found === undefined) continue;
      const { world } = found.problem;
      for (const { valuation, setup } of world.inputs) {
        const own = found.hedges
          .map(({ effect }) => effect)
          .filter((one) => one.shard === setup.shard);
        if (own.length > 1) several += 1;
        const { policy, effects } = world;
        const before = assessCapital(valuation, setup, effects, policy);
        const slackUsd = (trades: readonly PendingEffect[]): number => {
          const boundUsd = trades.reduce((total, effect) => total + boundBy(effect, valuation), 0);
          const pending = pendingRanges(setup.shard, [...effects, ...trades]);
          const required = requiredCapitalUsd(valuation, setup, pending, policy);
          const afterUsd =
            before.collateralUsdAfterHaircut - boundUsd * policy.capital.hedgeHaircutFraction;
          return afterUsd - required * policy.capital.bufferMultiplier;
        };
        const least = Math.min(0, slackUsd([])) - 0.01;
        for (let subset = 0; subset < 2 ** own.length; subset += 1) {
          const trades = own.filter((_, index) => ((subset >> index) & 1) === 1).map(done);
          expect(slackUsd(trades), `seed ${seed}`).toBeGreaterThan(least);
        }
        // What is sold is a shard's own once, wherever it is sold.
        for (const one of valuation.underlyings.values()) {
          const sold = pendingSellRaw(own, setup.shard, one.underlying);
          expect(sold <= one.sellableRaw).toBe(true);
        }
      }
    }
    expect(several).toBeGreaterThan(3);
  });

  test("leaves every shard solvent by its own trades before anything arrives, and within its cash", () => {
    for (const { seed, found } of PROBLEMS) {
      if (found === undefined) continue;
      const { world } = found.problem;
      for (const input of world.inputs) {
        const { valuation, setup } = input;
        const all = [...found.hedges, ...found.transfers].map(({ effect }) => effect);
        const own = all.filter(({ shard }) => shard === setup.shard);
        const { policy, effects } = world;
        const before = assessCapital(valuation, setup, effects, policy);
        const buffer = policy.capital.bufferMultiplier;
        const slackUsd = before.collateralUsdAfterHaircut - before.requiredCapitalUsd * buffer;
        const boundUsd = own.reduce((total, effect) => total + boundBy(effect, valuation), 0);
        const afterUsd =
          before.collateralUsdAfterHaircut - boundUsd * policy.capital.hedgeHaircutFraction;
        const required = requiredCapitalUsd(
          valuation,
          setup,
          pendingRanges(setup.shard, own.map(done)),
          policy,
        );
        if (own.length > 0)
          expect(afterUsd - required * buffer, `seed ${seed}`).toBeGreaterThan(
            Math.min(0, slackUsd) - 0.01,
          );
        if (own.some(({ kind }) => kind === "transfer")) {
          const after = assessCapital(valuation, setup, own, policy);
          const kept = after.collateralUsdAfterHaircut - after.requiredCapitalUsd * buffer;
          expect(kept, `seed ${seed}`).toBeGreaterThan(-0.01);
        }
        const spentRaw = own
          .filter(({ kind, deltaUnits }) => kind === "transfer" || deltaUnits > 0)
          .reduce((total, { outRaw }) => total + outRaw, 0n);
        expect(spentRaw <= valuation.cashRaw).toBe(true);
      }
    }
  });

  test("a second pass without news plans nothing more for what the first brought inside", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 5_000 }), (seed) => {
        const input = randomPass(seed, 2 + (seed % 4));
        const first = solvedPass(input);
        const second = solvedPass({ ...input, jobs: first.jobs, sequence: 2 });
        const isInside = (ticker: string): boolean => {
          return (
            second.decision.underlyings.find((one) => one.underlying === ticker)?.reason ===
            "inside the band"
          );
        };
        for (const job of second.jobs) {
          if (job.underlying !== null) expect(isInside(job.underlying), `seed ${seed}`).toBe(false);
          // Nothing is undone or repeated.
          const before = first.jobs.filter(
            (one) => one.underlying === job.underlying && one.kind === job.kind,
          );
          for (const one of before) {
            expect(Math.sign(one.expectedDeltaUnits)).toBe(Math.sign(job.expectedDeltaUnits));
            expect([one.shard, one.target]).not.toEqual([job.shard, job.target]);
          }
        }
        if (
          first.decision.plan?.after.outsideBandUsd === 0 &&
          first.decision.plan.after.uncoveredUsd < 1
        )
          expect(second.jobs).toEqual([]);
      }),
      { numRuns: 25, seed: 5 },
    );
  });
});

describe("when there is no solution", () => {
  const input = randomPass(3);
  const prepared = preparePass(input);
  const formulation = formulatePass(prepared);
  if (formulation === undefined) throw new Error("seed 3 has no program");
  const failed = {
    solved: false,
    reason: "time-limit",
    detail: "no values",
    tookMs: 1000,
  } as const;

  test("the greedy plan is taken and it is said why", () => {
    const solved = {
      solve: { formulation, outcome: failed },
      reportSetHash: prepared.reportSetHash,
    };
    const { decision } = finishPass(prepared, solved);
    expect(decision.plan).toMatchObject({
      method: "greedy",
      fallbackReason: "solver: time-limit",
      solver: { status: "failed", gapFraction: null, tookMs: 1000 },
    });
    expect(decision.jobIds.length).toBeGreaterThan(0);
  });

  test("without a solver likewise; with the greedy method nothing is said of one", () => {
    const none = { solve: undefined, reportSetHash: prepared.reportSetHash };
    expect(finishPass(prepared, none).decision.plan?.fallbackReason).toBe("no solver");
    expect(finishPass(prepared).decision.plan?.fallbackReason).toBeNull();
  });
});

test("nothing is formulated while every net is inside its band and no shard is in shortfall", () => {
  const calm = [anEntry({ shard: "ethereum", calls: 60 }), anEntry({ shard: "base", calls: -60 })];
  const planning = { ...aPolicy().planning, method: "milp" as const };
  const prepared = preparePass(aPassInput(calm, { policy: aPolicy({}, { planning }) }));
  expect(prepared.problem).toBeUndefined();
  expect(formulatePass(prepared)).toBeUndefined();
  expect(finishPass(prepared).decision.plan).toBeNull();
});

test("with more shards than the policy considers, the program grows no further, and still wins", () => {
  const pass = (shardsMax: number): PassInput => {
    const planning = { method: "milp", shardsMax } as const;
    return aRandomPass({ seed: 4, shards: 20, underlyings: 1, venues: 1, planning });
  };
  const columns = (shardsMax: number) =>
    formulatePass(preparePass(pass(shardsMax)))?.hedges.length ?? 0;
  expect(columns(12)).toBeLessThanOrEqual(12);
  expect(columns(20)).toBeGreaterThan(12);
});

test("worst-loss lines give the worst loss of every trade up to the limit", () => {
  const own = aWorld([anEntry({ shard: "base", calls: -60, hedgeUnits: 20 })])
    .view.valuations.get("base")
    ?.underlyings.get("ETH");
  if (own === undefined) throw new Error("no valuation");
  for (const sign of [1, -1] as const) {
    const lines = lossLines(own, { extraUnits: 3, sign, limitUnits: 50 });
    expect(lines.length).toBeLessThan(STANDARD_GRID.length / 2);
    for (const units of [0, 0.5, 7, 25, 50]) {
      const highest = Math.max(0, ...lines.map((line) => line.atZeroUsd + line.usdPerUnit * units));
      expect(highest).toBeCloseTo(worstLossUsd(own, 3 + sign * units), 6);
    }
  }
});

test("depth that grows cheaper is taken at the mean of its stretches, up to the limit", () => {
  const stretches = [
    { units: 10, costUsdPerUnit: 3 },
    { units: 10, costUsdPerUnit: 1 },
    { units: 10, costUsdPerUnit: 5 },
  ];
  expect(convexSegments(stretches, 25)).toEqual([
    { units: 20, costUsdPerUnit: 2 },
    { units: 5, costUsdPerUnit: 5 },
  ]);
  expect(convexSegments(stretches, 4)).toEqual([{ units: 4, costUsdPerUnit: 3 }]);
});

/** What a trade turns from cash into a hedge asset or bound margin, USD; negative where it turns some back. */
function boundBy(effect: PendingEffect, { entry }: ShardValuation): number {
  const { kind, deltaUnits, amountUsd, venue, underlying } = effect;
  if (kind !== "perp-change") return Math.sign(deltaUnits) * amountUsd;
  const line = entry.report.perps.find((one) => {
    return one.adapter === venue && one.underlying === underlying;
  });
  const isReducing = Number(line?.sizeE18 ?? 0) * deltaUnits < 0;
  return isReducing ? 0 : amountUsd * (line?.initialMarginFraction ?? 0);
}

/** The pool or market of a trade. */
function marketOf(params: PlannedAction["params"]): string {
  if ("pool" in params) return params.pool;
  return "market" in params ? params.market : params.kind;
}

/** An effect that is not uncertain any more. */
function done(effect: PendingEffect): PendingEffect {
  return { ...effect, isCertain: true };
}
