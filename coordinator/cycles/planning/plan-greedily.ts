import type { World } from "#coordinator/cycles/planning/assess-world.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { type HedgePlan, planHedges, whyDue } from "#coordinator/stages/plans/plan-hedges.ts";
import { type OptionPlan, planOptions } from "#coordinator/stages/plans/plan-options.ts";
import { planTransfers, type TransferPlan } from "#coordinator/stages/plans/plan-transfers.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";

/** All a pass decided to do, and why not more. */
export type FoundPlan = {
  /** One for each underlying of the policy, in its order. */
  readonly hedges: ReadonlyMap<string, HedgePlan>;
  readonly options: OptionPlan;
  readonly transfers: TransferPlan;
};

/** Everything a plan wants done, hedges first. */
export function actionsOf({ hedges, options, transfers }: FoundPlan): PlannedAction[] {
  const trades = [...hedges.values()].flatMap((plan) => plan.actions);
  return [...trades, ...options.actions, ...transfers.actions];
}

/** The plan by rules: each underlying's hedge on the cheapest depth, options for limits that are exceeded, then transfers to the largest shortfalls. */
export function planGreedily(input: PassInput, world: World, planning: PlanningWorld): FoundPlan {
  const hedges = new Map<string, HedgePlan>();
  const actions: PlannedAction[] = [];
  for (const ticker of Object.keys(input.policy.underlyings)) {
    const effects = [...world.effects, ...actions.map((action) => action.effect)];
    const jobsMax = input.policy.hedging.jobsPerPassMax - actions.length;
    const plan = planOne(ticker, input, { ...world, effects }, jobsMax);
    hedges.set(ticker, plan);
    actions.push(...plan.actions);
  }
  const options = planOptions(planning, actions);
  const trades = [...actions, ...options.actions];
  return { hedges, options, transfers: planAllTransfers(input, world, trades) };
}

function planOne(ticker: string, input: PassInput, world: World, jobsMax: number): HedgePlan {
  const { view, inputs, effects, nativeUsd, policy } = world;
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
    ...actFrom(world, ticker),
    inputs,
    effects,
    policy,
    nativeUsd,
    jobsMax,
  });
  if (plan.action === "hold") return plan;
  const barrier = hedgeBarrier(ticker, input, world);
  const why = whyDue({ net: outcome.net, halfWidthUnits });
  return barrier === undefined ? plan : blockedPlan(`${why}; ${barrier}`);
}

/** From where on a hedge is due, when that is before the edge of the band. */
export function actFrom({ view }: World, ticker: string): { readonly actFromUnits?: number } {
  const band = view.bands.get(ticker);
  return band === undefined ? {} : { actFromUnits: band.actFromUnits };
}

/** Why an underlying may not be hedged in this pass whatever the shards allow. */
export function hedgeBarrier(
  ticker: string,
  input: PassInput,
  { view }: World,
): string | undefined {
  if (input.standstill.length > 0) return input.standstill[0];
  const isHalted = view.mode.mode === "halt" && !view.mode.reducible.has(ticker);
  return isHalted ? "halted" : undefined;
}

/** Why no collateral may be moved in this pass. */
export function transferBarrier(input: PassInput, { view }: World): string | undefined {
  return input.standstill[0] ?? (view.mode.mode === "halt" ? "halted" : undefined);
}

function blockedPlan(reason: string): HedgePlan {
  return { action: "blocked", reason, tradeUnits: 0, actions: [], blocked: [] };
}

function planAllTransfers(
  input: PassInput,
  world: World,
  hedges: readonly PlannedAction[],
): TransferPlan {
  const effects = [...world.effects, ...hedges.map((action) => action.effect)];
  const plan = planTransfers({ ...world, effects });
  if (plan.actions.length === 0) return plan;
  const reason = transferBarrier(input, world);
  if (reason === undefined) return plan;
  const blocked = plan.transfers.map(
    (transfer) => `${transfer.target}: shortfall not covered; ${reason}`,
  );
  return { actions: [], transfers: [], blocked: [...plan.blocked, ...blocked] };
}
