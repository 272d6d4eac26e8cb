import type { TransferDecision } from "#coordinator/records/planning/decision-record.ts";
import type { ProgramSolution } from "#coordinator/records/planning/linear-program.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import {
  shortfalls,
  uncoveredShards,
  whyNothingIsSent,
} from "#coordinator/stages/plans/find-shortfalls.ts";
import {
  allowedUnits,
  isAccountTaken,
  keyOf,
  seriesFor,
} from "#coordinator/stages/plans/plan-options.ts";
import {
  isOpenRoute,
  isSource,
  mostFrom,
  type TransferPlan,
  transferAction,
} from "#coordinator/stages/plans/plan-transfers.ts";
import type { Formulation } from "#coordinator/stages/program/formulate-plan.ts";
import {
  type PlannedUnderlying,
  type PlanningWorld,
  targetUnits,
} from "#coordinator/stages/program/planning-world.ts";
import { hedgeAction } from "#coordinator/stages/trades/hedge-action.ts";
import type { Place } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { optionAction } from "#coordinator/stages/trades/option-action.ts";
import { closedRoutes, feeDecision, routeFee } from "#coordinator/stages/trades/route-fee.ts";
import { unpaid } from "#coordinator/stages/trades/too-little.ts";

/** What a solution wants done, by names alone: it can be tried on a newer world than the one it was found on. */
export type WantedPlan = {
  readonly hedges: readonly WantedHedge[];
  readonly options: readonly WantedOption[];
  readonly transfers: readonly {
    readonly source: string;
    readonly target: string;
    readonly amountUsd: number;
  }[];
};

const TOLERANCE = 1e-4;

type WantedOption = { readonly key: string; readonly underlying: string; readonly units: number };

type WantedHedge = {
  readonly underlying: string;
  /** 1 to buy, -1 to sell. */
  readonly sign: 1 | -1;
  readonly shard: string;
  readonly place: Place;
  readonly units: number;
};

/** Reads the columns of a solution; hedges largest first. A value that is no finite number counts as 0. */
export function wantedPlan(formulation: Formulation, solution: ProgramSolution): WantedPlan {
  const read = (column: number): number => {
    const value = solution.values[column];
    return Number.isFinite(value) ? (value ?? 0) : 0;
  };
  const hedges = formulation.hedges
    .filter(({ used }) => read(used) > 0.5)
    .map(({ underlying, sign, option, segments }): WantedHedge => {
      const units = segments.reduce((total, { column }) => total + Math.max(0, read(column)), 0);
      return { underlying, sign, shard: option.shard, place: option.place, units };
    });
  const options = formulation.series
    .filter(({ used }) => read(used) > 0.5)
    .map(({ option, segments }): WantedOption => {
      const units = segments.reduce((total, { column }) => total + Math.max(0, read(column)), 0);
      return { key: keyOf(option), underlying: option.underlying, units };
    });
  const transfers = formulation.transfers
    .filter(({ used }) => read(used) > 0.5)
    .map(({ source, target, amount }) => {
      return {
        source: source.setup.shard,
        target: target.setup.shard,
        amountUsd: read(amount),
      };
    });
  return { hedges: hedges.sort((left, right) => right.units - left.units), options, transfers };
}

/**
 * The trades a wanted plan comes to on a world, each within what the greedy plan would allow at that point: a solution is
 * exact only within tolerances, and the world may have moved since. What no longer fits is made smaller or left out.
 */
export function realiseHedges(world: PlanningWorld, wanted: WantedPlan): PlannedAction[] {
  const actions: PlannedAction[] = [];
  for (const one of world.underlyings) {
    if (one.neededUnits === 0) continue;
    for (const hedge of wanted.hedges) {
      if (hedge.underlying !== one.underlying || hedge.sign !== Math.sign(one.neededUnits))
        continue;
      if (actions.length >= world.policy.hedging.jobsPerPassMax) return actions;
      const action = realiseHedge(world, one, { hedge, actions });
      if (action !== undefined) actions.push(action);
    }
  }
  return actions;
}

function realiseHedge(
  world: PlanningWorld,
  one: PlannedUnderlying,
  { hedge, actions }: { readonly hedge: WantedHedge; readonly actions: readonly PlannedAction[] },
): PlannedAction | undefined {
  const input = world.inputs.find(({ setup }) => setup.shard === hedge.shard);
  if (input === undefined) return undefined;
  const effects = [...world.effects, ...actions.map((action) => action.effect)];
  const side = hedge.sign === 1 ? "buy" : "sell";
  const { policy, nativeUsd } = world;
  const { underlying } = one;
  const inFlight = world.effects;
  const outcome = hedgeOptions(input, { underlying, side, effects, inFlight, policy, nativeUsd });
  const option = outcome.usable
    ? outcome.options.find(({ place }) => isSame(place, hedge.place))
    : undefined;
  if (option === undefined) return undefined;
  const doneUnits = actions
    .filter(({ effect }) => effect.underlying === underlying)
    .reduce((total, { effect }) => total + Math.abs(effect.deltaUnits), 0);
  const roomUnits = Math.abs(one.neededUnits) + 2 * targetUnits(one, policy) - doneUnits;
  const most = Math.min(option.limitUnits, roomUnits);
  const units = Math.min(payableOr(hedge.units, option), most);
  if (unpaid(option, units) !== undefined) return undefined;
  return units > 0 ? hedgeAction(option, units, policy) : undefined;
}

/** A solver keeps to a row within its tolerance only: what is short of the least by that is the least. */
function payableOr(units: number, { payableUnits }: { readonly payableUnits: number }): number {
  return units >= payableUnits * (1 - TOLERANCE) ? Math.max(units, payableUnits) : units;
}

function isSame(one: Place, other: Place): boolean {
  return one.adapter === other.adapter && one.market === other.market;
}

/** The option trades a wanted plan comes to after its hedges, each within what its series and the trades before it allow. */
export function realiseOptions(
  world: PlanningWorld,
  wanted: WantedPlan,
  hedges: readonly PlannedAction[],
): PlannedAction[] {
  const effects = [...world.effects, ...hedges.map((action) => action.effect)];
  const { policy } = world;
  const jobsMax = policy.hedging.jobsPerPassMax - hedges.length;
  const done: PlannedAction[] = [];
  for (const one of world.underlyings) {
    const own = wanted.options.filter(({ underlying }) => underlying === one.underlying);
    if (own.length === 0) continue;
    const series = new Map(seriesFor(world, one, effects).map((option) => [keyOf(option), option]));
    for (const { key, units } of own) {
      const option = series.get(key);
      if (option === undefined || done.length >= jobsMax || isAccountTaken(option, done)) continue;
      const most = Math.min(option.limitUnits, allowedUnits(option, { world, one, done }));
      const action = optionAction(option, Math.min(payableOr(units, option), most), policy);
      if (action !== undefined) done.push(action);
    }
  }
  return done;
}

/** The transfers a wanted plan comes to after its hedges, within the same limits as the greedy ones. */
export function realiseTransfers(
  world: PlanningWorld,
  wanted: WantedPlan,
  hedges: readonly PlannedAction[],
): TransferPlan {
  const { policy, inputs, mayTransfer } = world;
  const actions: PlannedAction[] = [];
  const transfers: TransferDecision[] = [];
  const needy = mayTransfer ? uncoveredShards(world) : [];
  for (const { source: from, target: to, amountUsd } of wanted.transfers) {
    const source = inputs.find(({ setup }) => setup.shard === from);
    const target = needy.find(({ setup }) => setup.shard === to);
    if (source === undefined || target === undefined || !isSource(source)) continue;
    const fee = routeFee(source, target, world);
    if (!isOpenRoute(source, target) || fee.closed !== null) continue;
    const effects = [...world.effects, ...[...hedges, ...actions].map((one) => one.effect)];
    const most = Math.min(
      policy.transfers.maximumUsd,
      mostFrom(source, { inputs, policy, effects }),
    );
    const amount = Math.min(Math.max(amountUsd, fee.leastUsd), most);
    if (amount < fee.leastUsd) continue;
    const action = transferAction(source, target, amount, policy);
    if (action === undefined) continue;
    actions.push(action);
    transfers.push({
      source: from,
      target: to,
      amountUsd: action.effect.amountUsd,
      reason: "collateral below required capital",
      fee: feeDecision(fee),
    });
  }
  return { actions, transfers, blocked: uncoveredReasons(world, [...hedges, ...actions]) };
}

function uncoveredReasons(world: PlanningWorld, actions: readonly PlannedAction[]): string[] {
  const { policy } = world;
  const effects = [...world.effects, ...actions.map((one) => one.effect)];
  return shortfalls(world).flatMap((input): string[] => {
    const { shard } = input.setup;
    const wait = whyNothingIsSent(input, world);
    if (wait !== undefined) return [`${shard}: ${wait}`];
    const leftUsd = assessCapital(input.valuation, input.setup, effects, policy).missingUsd;
    if (leftUsd <= policy.transfers.minimumUsd) return [];
    const sources = world.inputs.filter((source) => {
      const isOther = source !== input && isSource(source) && isOpenRoute(source, input);
      return isOther && mostFrom(source, { ...world, effects }) >= policy.transfers.minimumUsd;
    });
    const closed = closedRoutes(sources, input, world);
    return [...closed, `${shard}: shortfall not covered; no shard has surplus to spare`];
  });
}
