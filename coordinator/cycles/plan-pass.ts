import {
  assessWorld,
  type PassInput,
  type PassView,
  type World,
} from "#coordinator/cycles/assess-world.ts";
import { reportRefOf } from "#coordinator/records/book-entry.ts";
import type { DecisionRecord, UnderlyingDecision } from "#coordinator/records/decision-record.ts";
import type { JobRecord } from "#coordinator/records/job-record.ts";
import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import { issueJobs } from "#coordinator/stages/issue-jobs.ts";
import { type HedgePlan, planHedges } from "#coordinator/stages/plan-hedges.ts";
import { planTransfers, type TransferPlan } from "#coordinator/stages/plan-transfers.ts";
import { planIdOf } from "#shared/wire/plan-id.ts";
import { reportSetHash } from "#shared/wire/report-set.ts";

export type PassOutcome = {
  readonly view: PassView;
  readonly decision: DecisionRecord;
  readonly jobs: readonly JobRecord[];
  /** Equal for two passes that did the same for the same reasons, whatever the figures. */
  readonly outcome: string;
};

/** One whole pass: pure and synchronous; nothing is stored or sent. */
export function planPass(input: PassInput): PassOutcome {
  const world = assessWorld(input);
  const hedges = planAllHedges(input, world);
  const transfers = planAllTransfers(input, world, hedges.actions);
  const actions = [...hedges.actions, ...transfers.actions];
  const epochs = epochsOf(input);
  const content = decisionContent(input, world, { hedges, transfers });
  const params = actions.map((action) => action.params);
  const planId = planIdOf({ ...content, params, epochs: [...epochs], leader: input.leader });
  const jobs = issueJobs(actions, { ...input, planId, entries: world.fresh, epochs });
  const decision = { ...content, planId, jobIds: jobs.map((job) => job.jobId) };
  return { view: world.view, decision, jobs, outcome: outcomeOf(decision) };
}

type AllHedges = {
  readonly underlyings: readonly UnderlyingDecision[];
  readonly actions: readonly PlannedAction[];
  readonly blocked: readonly string[];
};

function planAllHedges(input: PassInput, world: World): AllHedges {
  const plan = {
    underlyings: [] as UnderlyingDecision[],
    actions: [] as PlannedAction[],
    blocked: [] as string[],
  };
  for (const ticker of Object.keys(input.policy.underlyings)) {
    const planned = [...world.effects, ...plan.actions.map((action) => action.effect)];
    const jobsMax = input.policy.hedging.jobsPerPassMax - plan.actions.length;
    const hedge = planOne(ticker, input, { ...world, effects: planned }, jobsMax);
    plan.underlyings.push(underlyingDecision(ticker, world, hedge));
    plan.actions.push(...hedge.actions);
    plan.blocked.push(...hedge.blocked);
  }
  return plan;
}

function planOne(ticker: string, input: PassInput, world: World, jobsMax: number): HedgePlan {
  const { view, inputs, effects, nativeUsd } = world;
  const outcome = view.nets.get(ticker);
  const halfWidthUnits = view.halfWidthUnits.get(ticker);
  if (outcome?.netted === false) return blockedPlan(outcome.reason);
  const refused = view.snapshot.underlyings.get(ticker)?.refused;
  if (typeof refused === "string") return blockedPlan(refused);
  if (outcome === undefined || halfWidthUnits === undefined)
    return blockedPlan("no fresh spot source");
  const plan = planHedges({
    net: outcome.net,
    halfWidthUnits,
    inputs,
    effects,
    policy: input.policy,
    nativeUsd,
    jobsMax,
  });
  if (plan.action === "hold") return plan;
  if (input.standstill.length > 0) return blockedPlan(`outside the band; ${input.standstill[0]}`);
  if (view.mode.mode === "halt" && !view.mode.reducible.has(ticker))
    return blockedPlan("outside the band; halted");
  return plan;
}

function blockedPlan(reason: string): HedgePlan {
  return { action: "blocked", reason, tradeUnits: 0, actions: [], blocked: [] };
}

function underlyingDecision(ticker: string, { view }: World, hedge: HedgePlan): UnderlyingDecision {
  const outcome = view.nets.get(ticker);
  const net = outcome?.netted === true ? outcome.net : undefined;
  return {
    underlying: ticker,
    spotUsd: view.snapshot.underlyings.get(ticker)?.spotUsd ?? null,
    netDeltaUnits: net?.greeks.deltaUnits ?? null,
    inFlightDeltaUnits: net?.inFlightDeltaUnits ?? 0,
    deltaIntervalUnits: net === undefined ? null : [...net.limitIntervalUnits],
    gammaUnitsPerUsd: net?.greeks.gammaUnitsPerUsd ?? null,
    halfWidthUnits: view.halfWidthUnits.get(ticker) ?? null,
    action: hedge.action,
    reason: hedge.reason,
    tradeUnits: hedge.tradeUnits,
  };
}

function planAllTransfers(
  input: PassInput,
  world: World,
  hedges: readonly PlannedAction[],
): TransferPlan {
  const effects = [...world.effects, ...hedges.map((action) => action.effect)];
  const plan = planTransfers({ inputs: world.inputs, effects, policy: input.policy });
  if (plan.actions.length === 0) return plan;
  const reason = input.standstill[0] ?? (world.view.mode.mode === "halt" ? "halted" : undefined);
  if (reason === undefined) return plan;
  const blocked = plan.transfers.map(
    (transfer) => `${transfer.target}: shortfall not covered; ${reason}`,
  );
  return { actions: [], transfers: [], blocked: [...plan.blocked, ...blocked] };
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

type Content = Omit<DecisionRecord, "planId" | "jobIds">;

function decisionContent(
  input: PassInput,
  { view, fresh, stale }: World,
  plans: { readonly hedges: AllHedges; readonly transfers: TransferPlan },
): Content {
  const reportSet = fresh.map(reportRefOf);
  const { underlyings, version } = input.policy;
  const quanta = Object.entries(underlyings).map(([ticker, limits]) => [
    ticker,
    limits.deltaQuantumUnits,
  ]);
  return {
    sequence: input.sequence,
    atMs: input.nowMs,
    trigger: input.trigger,
    policyVersion: version,
    shadow: input.shadow,
    mode: view.mode.mode,
    snapshot: [...view.snapshot.underlyings.values()].map((one) => ({
      underlying: one.underlying,
      spotUsd: one.spotUsd,
      sources: one.sources.map((source) => ({ ...source })),
      volatilitySource: one.volatilitySource,
      refused: one.refused,
    })),
    deltaQuantumUnits: Object.fromEntries(quanta),
    underlyings: [...plans.hedges.underlyings],
    transfers: [...plans.transfers.transfers],
    blocked: [
      ...view.mode.reasons,
      ...input.standstill,
      ...plans.hedges.blocked,
      ...plans.transfers.blocked,
    ],
    reportSet,
    reportSetHash: reportSetHash(reportSet),
    staleReports: stale.map(reportRefOf),
  };
}

function outcomeOf(decision: DecisionRecord): string {
  return JSON.stringify([
    decision.mode,
    decision.underlyings.map((one) => [one.underlying, one.action, one.reason]),
    decision.transfers.map((transfer) => [transfer.source, transfer.target]),
    [...decision.blocked].sort(),
    decision.staleReports.map((ref) => ref.shard),
  ]);
}
