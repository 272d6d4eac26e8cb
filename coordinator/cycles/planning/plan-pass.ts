import type { PassView } from "#coordinator/cycles/planning/assess-world.ts";
import { choosePlan, type SolvedPlan } from "#coordinator/cycles/planning/choose-plan.ts";
import { decisionContent } from "#coordinator/cycles/planning/decision-content.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import {
  actionsOf,
  type FoundPlan,
  transferBarrier,
} from "#coordinator/cycles/planning/plan-greedily.ts";
import { type PreparedPass, preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import { issueJobs } from "#coordinator/stages/jobs/issue-jobs.ts";
import { type Formulation, formulatePlan } from "#coordinator/stages/program/formulate-plan.ts";
import { startValues } from "#coordinator/stages/program/start-values.ts";
import { planMargin } from "#coordinator/stages/treasury/plan-margin.ts";
import { planTreasury } from "#coordinator/stages/treasury/plan-treasury.ts";
import { NO_TREASURY, type TreasuryPlan } from "#coordinator/stages/treasury/treasury-action.ts";
import { planIdOf } from "#shared/wire/plan-id.ts";

export type PassOutcome = {
  readonly view: PassView;
  readonly decision: DecisionRecord;
  readonly jobs: readonly JobRecord[];
  /** Equal for two passes that did the same for the same reasons, whatever the figures. */
  readonly outcome: string;
};

/** A whole pass by the greedy plan alone: pure and synchronous; nothing is stored or sent. */
export function planPass(input: PassInput): PassOutcome {
  return finishPass(preparePass(input));
}

/** The program of a prepared pass; undefined when the policy does not ask for one or it would be empty. */
export function formulatePass({ input, problem, greedy }: PreparedPass): Formulation | undefined {
  if (input.policy.planning.method !== "milp" || problem === undefined) return undefined;
  const formulation = formulatePlan(problem.world, problem.scenarios);
  if (formulation === undefined) return undefined;
  const start = startValues(formulation, actionsOf(greedy));
  return { ...formulation, program: { ...formulation.program, start } };
}

/**
 * The rest of a pass: the better of the greedy plan and of the solved one, as a decision with its jobs. Pure.
 *
 * @param solved What became of a program; made from an older world, it is replayed on this one.
 */
export function finishPass(prepared: PreparedPass, solved?: SolvedPlan): PassOutcome {
  const { input, world } = prepared;
  const { plan, report } = choosePlan(prepared, solved);
  const { ordered, recalls } = prepared;
  const planned = [...ordered.actions, ...recalls.actions, ...actionsOf(plan)];
  const treasury = treasuryOf(prepared, plan);
  const actions = [...planned, ...treasury.actions];
  const epochs = epochsOf(input);
  const decided = decisionContent(prepared, plan, report);
  const content = {
    ...decided,
    blocked: [...decided.blocked, ...recalls.blocked, ...treasury.blocked],
    treasury: [...recalls.moves, ...treasury.moves],
  };
  const params = actions.map((action) => action.params);
  const planId = planIdOf({ ...content, params, epochs: [...epochs], leader: input.leader });
  const jobs = issueJobs(actions, { ...input, planId, entries: world.fresh, epochs });
  const decision = { ...content, planId, jobIds: jobs.map((job) => job.jobId) };
  return { view: world.view, decision, jobs, outcome: outcomeOf(decision) };
}

/** What to do with idle cash beside what is planned: margin for hedges to come, then loans. */
function treasuryOf({ input, world, planning }: PreparedPass, plan: FoundPlan): TreasuryPlan {
  if (transferBarrier(input, world) !== undefined) return NO_TREASURY;
  const { inputs, policy, nativeUsd, view } = world;
  const effects = [...world.effects, ...actionsOf(plan).map((action) => action.effect)];
  const context = { inputs, policy, nativeUsd };
  const restUnits = new Map(
    planning.underlyings.map(({ underlying, neededUnits }) => {
      return [underlying, neededUnits - (plan.hedges.get(underlying)?.tradeUnits ?? 0)];
    }),
  );
  const { halfWidthUnits } = view;
  const margin = planMargin({ ...context, effects, halfWidthUnits, restUnits });
  const taken = [...effects, ...margin.actions.map((action) => action.effect)];
  const idle = planTreasury({ ...context, effects: taken, halfWidthUnits, restUnits });
  return {
    actions: [...margin.actions, ...idle.actions],
    moves: [...margin.moves, ...idle.moves],
    blocked: [...margin.blocked, ...idle.blocked],
  };
}

function epochsOf(input: PassInput): Map<string, number> {
  return new Map(
    [...input.takeOvers].flatMap(([shard, takeOver]): [string, number][] => {
      if (takeOver.state === "leading") return [[shard, takeOver.epoch]];
      // In shadow mode the mandate names the epoch it would have to be signed under.
      const entry = input.entries.find((candidate) => candidate.report.shard === shard);
      return takeOver.state === "not-needed" ? [[shard, entry?.report.chain.epoch ?? 0]] : [];
    }),
  );
}

/** Text in which amounts do not make a difference: they are written with decimals, or have a unit; names have neither. */
function withoutFigures(text: string): string {
  return text.replaceAll(/\d+\.\d+|\d+ (?:ms|wei)\b/g, "#");
}

function outcomeOf(decision: DecisionRecord): string {
  return JSON.stringify([
    decision.mode,
    decision.underlyings.map((one) => [
      one.underlying,
      one.tier,
      one.action,
      withoutFigures(one.reason),
    ]),
    decision.triggers.slice(1).map((trigger) => [trigger.kind, trigger.subject]),
    decision.transfers.map((transfer) => [transfer.source, transfer.target]),
    decision.treasury.map((move) => [move.shard, move.venue, move.reason]),
    decision.blocked.map(withoutFigures).sort(),
    decision.staleReports.map((ref) => ref.shard),
    decision.plan?.fallbackReason,
    decision.safety.breakers.map(({ kind, scope, level }) => [kind, scope, level]),
    decision.safety.quarantined,
    decision.safety.orders.map(({ shard, kind, state, waitingFor }) => [
      shard,
      kind,
      state,
      ...waitingFor.map(withoutFigures),
    ]),
  ]);
}
