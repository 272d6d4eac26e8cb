import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { PlanFigures } from "#coordinator/records/planning/plan-report.ts";
import { evaluatePlan } from "#coordinator/stages/plans/evaluate-plan.ts";
import { bindingConstraints } from "#coordinator/stages/plans/explain-plan.ts";
import { formulatePlan } from "#coordinator/stages/program/formulate-plan.ts";
import {
  realiseHedges,
  realiseTransfers,
  wantedPlan,
} from "#coordinator/stages/program/read-plan.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { anEntry, aPassInput, aPolicy } from "#test/support/coordinator/coordinator-pass.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solvedPass, solvePrepared, solveProgram } from "#test/support/coordinator/solve-pass.ts";

function pass(planning: Partial<Policy["planning"]>, changes: Partial<Policy> = {}) {
  const policy = aPolicy({}, changes);
  const entries = [anEntry({ shard: "base", hedgeUnits: 40 })];
  return planPass(
    aPassInput(entries, { policy: { ...policy, planning: { ...policy.planning, ...planning } } }),
  );
}

function costUsd({ executionUsd, gasUsd, fundingUsd, bridgeUsd }: PlanFigures): number {
  return executionUsd + gasUsd + fundingUsd + bridgeUsd;
}

function riskUsd(figures: PlanFigures): number {
  return figures.expectedShortfallUsd + figures.outsideBandUsd + figures.uncoveredUsd;
}

test("a hedge that costs more than its share of the risk it removes is refused, with the figures", () => {
  const { decision, jobs } = pass({ costCapFractionOfRiskRemoved: 1e-6 });
  expect(jobs).toEqual([]);
  const [eth] = decision.underlyings;
  expect(eth).toMatchObject({ action: "blocked", tradeUnits: 0 });
  expect(eth?.reason).toMatch(
    /^cost cap: \d+\.\d\d USD for \d+\.\d\d USD of risk removed, at most/,
  );
  expect(decision.plan?.after).toEqual(decision.plan?.before);
});

test("the same hedge is done where the cap allows it", () => {
  expect(pass({ costCapFractionOfRiskRemoved: 0.05 }).jobs).toHaveLength(1);
});

test.each([
  { emergencyIgnoresCostCap: true, jobs: 1 },
  { emergencyIgnoresCostCap: false, jobs: 0 },
])("in an emergency the policy decides: exempt $emergencyIgnoresCostCap", ({ jobs, ...rest }) => {
  const planning = { costCapFractionOfRiskRemoved: 1e-6, ...rest };
  const policy = aPolicy({ netDeltaLimitUsd: 50_000 });
  const entries = [anEntry({ shard: "base", hedgeUnits: 40 })];
  const input = aPassInput(entries, {
    policy: { ...policy, planning: { ...policy.planning, ...planning } },
  });
  const outcome = planPass(input);
  expect(outcome.decision.underlyings[0]?.tier).toBe("emergency");
  expect(outcome.jobs).toHaveLength(jobs);
});

test("no plan of a random book costs more than the cap", () => {
  const check = (seed: number, cap: number): void => {
    const planning = {
      method: "milp",
      costCapFractionOfRiskRemoved: cap,
      emergencyIgnoresCostCap: false,
    } as const;
    const options = { seed, shards: 3, underlyings: 2, venues: 2, perps: 1, planning };
    const { plan } = solvedPass(aRandomPass(options), 200).decision;
    if (plan === null) return;
    const removedUsd = riskUsd(plan.before) - riskUsd(plan.after);
    expect(costUsd(plan.after), `seed ${seed}`).toBeLessThanOrEqual(
      cap * Math.max(0, removedUsd) + 1e-6,
    );
  };
  const caps = fc.constantFrom(1e-4, 1e-3, 5e-3, 0.05);
  fc.assert(fc.property(fc.integer({ min: 1, max: 9999 }), caps, check), {
    numRuns: 30,
    seed: 3,
  });
});

describe("in the program", () => {
  const problemOf = (seed: number, planning: Partial<Policy["planning"]>, perps = 1) => {
    const options = { seed, shards: 3, underlyings: 2, venues: 2, perps };
    const input = aRandomPass({ ...options, planning: { method: "milp", ...planning } });
    const prepared = preparePass(input);
    const solve = solvePrepared(prepared)?.solve;
    const { problem } = prepared;
    if (problem === undefined || solve?.outcome.solved !== true) return undefined;
    return { problem, solve: { ...solve, outcome: solve.outcome } };
  };

  test("a solution keeps the cap by itself, and says where it binds", () => {
    let [binding, partly] = [0, 0];
    const check = (seed: number, cap: number): void => {
      const emergencyIgnoresCostCap = false;
      const planning = { costCapFractionOfRiskRemoved: cap, emergencyIgnoresCostCap };
      const found = problemOf(seed, planning);
      if (found === undefined) return;
      const { world, scenarios } = found.problem;
      const wanted = wantedPlan(found.solve.formulation, found.solve.outcome);
      const hedges = realiseHedges(world, wanted);
      const actions = [...hedges, ...realiseTransfers(world, wanted, hedges).actions];
      // A trade made smaller by the ones before it removes less: then the cap is held once more on the plan.
      const units = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0);
      const lostUnits =
        units(wanted.hedges.map((one) => one.units)) -
        units(hedges.map(({ effect }) => Math.abs(effect.deltaUnits)));
      if (lostUnits > 1e-6) return;
      const before = evaluatePlan(world, scenarios, []);
      const after = evaluatePlan(world, scenarios, actions);
      const mostUsd = cap * (riskUsd(before) - riskUsd(after));
      expect(costUsd(after), `seed ${seed}`).toBeLessThanOrEqual(mostUsd + 0.01);
      const limits = bindingConstraints(found.solve.formulation, found.solve.outcome);
      const isBinding = limits.some((one) => one.constraint === "cost cap");
      if (isBinding) binding += 1;
      if (isBinding && actions.length > 0) partly += 1;
    };
    const caps = fc.constantFrom(2e-4, 1e-3, 2e-3, 5e-3, 0.05);
    fc.assert(fc.property(fc.integer({ min: 1, max: 9999 }), caps, check), {
      numRuns: 40,
      seed: 5,
    });
    expect(binding).toBeGreaterThan(3);
    expect(partly).toBeGreaterThan(3);
  });

  test("what is exempt in an emergency neither costs nor removes risk for the rest", () => {
    // Pools only: nobody pays for holding.
    const found = problemOf(12, { costCapFractionOfRiskRemoved: 1e-7 }, 0);
    if (found === undefined) throw new Error("seed 12 has no program");
    const { world, scenarios } = found.problem;
    const [first, second] = world.underlyings.filter((one) => one.neededUnits !== 0);
    if (first === undefined || second === undefined) throw new Error("two underlyings to hedge");
    const traded = (costExempt: ReadonlySet<string>): Set<string> => {
      const formulation = formulatePlan({ ...world, costExempt }, scenarios);
      if (formulation === undefined) throw new Error("no program");
      const outcome = solveProgram(formulation.program);
      return new Set(wantedPlan(formulation, outcome).hedges.map((one) => one.underlying));
    };
    expect(traded(new Set())).toEqual(new Set());
    expect(traded(new Set([first.underlying]))).toEqual(new Set([first.underlying]));
  });
});

test("a refusal that only differs in its figures is no news", () => {
  const planning = { costCapFractionOfRiskRemoved: 1e-6 };
  const policy = aPolicy();
  const at = (hedgeUnits: number) => {
    const entries = [anEntry({ shard: "base", hedgeUnits })];
    const capped = { ...policy, planning: { ...policy.planning, ...planning } };
    return planPass(aPassInput(entries, { policy: capped }));
  };
  expect(at(40).decision.underlyings[0]?.reason).not.toBe(at(41).decision.underlyings[0]?.reason);
  expect(at(40).outcome).toBe(at(41).outcome);
});
