import { capCost } from "#coordinator/cycles/planning/cap-cost.ts";
import { actionsOf, type FoundPlan } from "#coordinator/cycles/planning/plan-greedily.ts";
import type { PlanningProblem, PreparedPass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { SolveOutcome } from "#coordinator/records/planning/linear-program.ts";
import type { PlanFigures, PlanReport } from "#coordinator/records/planning/plan-report.ts";
import { evaluatePlan } from "#coordinator/stages/plans/evaluate-plan.ts";
import {
  bindingConstraints,
  solverReport,
  unusedVenues,
} from "#coordinator/stages/plans/explain-plan.ts";
import { naiveHedge } from "#coordinator/stages/plans/naive-hedge.ts";
import { hedgePlanOf } from "#coordinator/stages/plans/plan-hedges.ts";
import type { Formulation } from "#coordinator/stages/program/formulate-plan.ts";
import {
  realiseHedges,
  realiseOptions,
  realiseTransfers,
  wantedPlan,
} from "#coordinator/stages/program/read-plan.ts";

/** What became of the program of a pass. */
export type SolvedPlan = {
  /** Undefined when nothing could solve it. */
  readonly solve: { readonly formulation: Formulation; readonly outcome: SolveOutcome } | undefined;
  /** Of the world the program was made from. */
  readonly reportSetHash: `0x${string}`;
};

/** Objectives that differ by less are equal: then the greedy plan stays. */
const BETTER_BY_USD = 1e-6;

/**
 * The better of the greedy plan and the solved one by the one evaluator, and why: never worse than greedy. A solved plan
 * is first replayed on the world of this pass, which may be newer than the one it was solved on.
 */
export function choosePlan(
  prepared: PreparedPass,
  solved?: SolvedPlan,
): { readonly plan: FoundPlan; readonly report: PlanReport | null } {
  const { problem } = prepared;
  if (problem === undefined) return { plan: prepared.greedy, report: null };
  const greedy = capCost(prepared.greedy, problem);
  const judge = (plan: FoundPlan): PlanFigures => figuresOf(problem, plan);
  const nothing = evaluatePlan(problem.world, problem.scenarios, []);
  const greedyFigures = judge(greedy);
  const found = solvedPlan(prepared, problem, solved);
  // The cap is a row of the program: this holds it on the world of this pass, which may be newer.
  const other = found === undefined ? undefined : capCost(found, problem);
  const otherFigures = other === undefined ? undefined : judge(other);
  const isOther =
    otherFigures !== undefined &&
    otherFigures.objectiveUsd < greedyFigures.objectiveUsd - BETTER_BY_USD;
  const plan = isOther && other !== undefined ? other : greedy;
  const candidates: (readonly [
    PlanReport["alternatives"][number]["plan"],
    PlanFigures | undefined,
  ])[] = [
    ["nothing", nothing],
    ["greedy", isOther ? greedyFigures : undefined],
    ["milp", isOther ? undefined : otherFigures],
  ];
  const after = isOther && otherFigures !== undefined ? otherFigures : greedyFigures;
  return {
    plan,
    report: {
      method: isOther ? "milp" : "greedy",
      fallbackReason: fallbackReason(prepared, solved),
      before: nothing,
      after,
      alternatives: candidates.flatMap(([name, figures]) => {
        return figures === undefined
          ? []
          : [{ plan: name, figures, reason: rejection(figures, after) }];
      }),
      ...explanation(problem, plan, solved),
    },
  };
}

function figuresOf({ world, scenarios }: PlanningProblem, plan: FoundPlan): PlanFigures {
  return evaluatePlan(world, scenarios, actionsOf(plan));
}

/** The solution's plan on this pass's world, in the words of the greedy one. */
function solvedPlan(
  { greedy, input }: PreparedPass,
  { world }: PlanningProblem,
  solved: SolvedPlan | undefined,
): FoundPlan | undefined {
  const solve = solved?.solve;
  if (solve?.outcome.solved !== true) return undefined;
  const wanted = wantedPlan(solve.formulation, solve.outcome);
  const swaps = realiseHedges(world, wanted);
  const hedges = new Map(greedy.hedges);
  let jobsMax = input.policy.hedging.jobsPerPassMax;
  for (const one of world.underlyings) {
    const { underlying, neededUnits } = one;
    const before = greedy.hedges.get(underlying);
    if (neededUnits === 0 || before === undefined) continue;
    const actions = swaps.filter(({ effect }) => effect.underlying === underlying);
    const { blocked } = before;
    hedges.set(
      underlying,
      hedgePlanOf({ ...one, jobsMax }, { units: neededUnits, actions, blocked }),
    );
    jobsMax -= actions.length;
  }
  const bought = realiseOptions(world, wanted, swaps);
  const { blocked } = greedy.options;
  const trades = [...swaps, ...bought];
  return {
    hedges,
    options: { actions: bought, blocked },
    transfers: realiseTransfers(world, wanted, trades),
  };
}

function fallbackReason(prepared: PreparedPass, solved: SolvedPlan | undefined): string | null {
  if (prepared.input.policy.planning.method !== "milp" || solved === undefined) return null;
  const { solve } = solved;
  if (solve === undefined) return "no solver";
  const { outcome } = solve;
  return outcome.solved ? null : `solver: ${outcome.reason}`;
}

function rejection(figures: PlanFigures, taken: PlanFigures): string {
  const worseUsd = figures.objectiveUsd - taken.objectiveUsd;
  if (Math.abs(worseUsd) <= BETTER_BY_USD) return "no better";
  return worseUsd > 0 ? `worse by ${worseUsd.toFixed(2)} USD` : "not allowed";
}

function explanation(
  { world, scenarios }: PlanningProblem,
  plan: FoundPlan,
  solved: SolvedPlan | undefined,
): Pick<PlanReport, "binding" | "unusedVenues" | "naive" | "solver"> {
  const solve = solved?.solve;
  return {
    binding: solve === undefined ? [] : bindingConstraints(solve.formulation, solve.outcome),
    unusedVenues: unusedVenues(world, actionsOf(plan)),
    naive: naiveHedge(world, scenarios),
    solver:
      solve === undefined || solved === undefined
        ? null
        : solverReport(solve.formulation, solve.outcome, solved.reportSetHash),
  };
}
