import { assessWorld, type World } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import {
  type FoundPlan,
  planGreedily,
  transferBarrier,
} from "#coordinator/cycles/planning/plan-greedily.ts";
import {
  type OrderedPlan,
  planOrders,
  worldAfter,
} from "#coordinator/cycles/planning/plan-orders.ts";
import { planningWorld } from "#coordinator/cycles/planning/planning-problem.ts";
import { reportRefOf } from "#coordinator/records/book-entry.ts";
import { shortfalls } from "#coordinator/stages/plans/find-shortfalls.ts";
import { seriesFor } from "#coordinator/stages/plans/plan-options.ts";
import { type PlanScenarios, planScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import { planRecalls } from "#coordinator/stages/treasury/plan-recalls.ts";
import { NO_TREASURY, type TreasuryPlan } from "#coordinator/stages/treasury/treasury-action.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { reportSetHash } from "#shared/wire/report-set.ts";

/** A pass up to where a program could be solved for it. */
export type PreparedPass = {
  readonly input: PassInput;
  /** What people ordered is in flight here already. */
  readonly world: World;
  readonly ordered: OrderedPlan;
  /** What comes home before anything is planned: in flight here already. */
  readonly recalls: TreasuryPlan;
  readonly reportSetHash: `0x${string}`;
  readonly planning: PlanningWorld;
  readonly greedy: FoundPlan;
  /** Undefined when every net is inside its band and no shard is in shortfall: then nothing is to be planned. */
  readonly problem: PlanningProblem | undefined;
};

export type PlanningProblem = { readonly world: PlanningWorld; readonly scenarios: PlanScenarios };

/** Values the world and plans greedily; says what problem is left to be solved better. Pure. */
export function preparePass(input: PassInput): PreparedPass {
  const assessed = assessWorld(input);
  const ordered = planOrders(input, assessed);
  const afterOrders = worldAfter(input, assessed, ordered.actions);
  const recalls = recallsOf(input, afterOrders);
  const after = worldAfter(input, afterOrders, recalls.actions);
  const world = {
    ...after,
    policy: withJobsLeft(after.policy, ordered),
    view: { ...after.view, orders: ordered.progress },
  };
  const rest = { ...input, policy: withJobsLeft(input.policy, ordered) };
  const planning = planningWorld(rest, world);
  const greedy = planGreedily(rest, world, planning);
  const isWork =
    planning.underlyings.some((one) => seriesFor(planning, one, planning.effects).length > 0) ||
    planning.underlyings.some((one) => one.neededUnits !== 0) ||
    (planning.mayTransfer && shortfalls(planning).length > 0);
  return {
    input: rest,
    world,
    ordered,
    recalls,
    reportSetHash: reportSetHash(world.fresh.map(reportRefOf)),
    planning,
    greedy,
    problem: isWork ? { world: planning, scenarios: planScenarios(planning) } : undefined,
  };
}

/** Cash that vaults' own venues owe them where they are short of it. */
function recallsOf(input: PassInput, world: World): TreasuryPlan {
  if (transferBarrier(input, world) !== undefined) return NO_TREASURY;
  const { inputs, effects, policy, nativeUsd, view } = world;
  return planRecalls({ inputs, effects, policy, nativeUsd, halfWidthUnits: view.halfWidthUnits });
}

/** What people ordered comes out of the jobs of the pass, and first. */
function withJobsLeft(policy: Policy, { actions }: OrderedPlan): Policy {
  if (actions.length === 0) return policy;
  const jobsPerPassMax = Math.max(0, policy.hedging.jobsPerPassMax - actions.length);
  return { ...policy, hedging: { ...policy.hedging, jobsPerPassMax } };
}
