import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlanFigures } from "#coordinator/records/planning/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import { uncoveredShards } from "#coordinator/stages/plans/find-shortfalls.ts";
import { addedBy, limitsOf } from "#coordinator/stages/plans/plan-options.ts";
import type { PlanScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import {
  nearEndUnits,
  type PlanningWorld,
  targetUnits,
} from "#coordinator/stages/program/planning-world.ts";
import { beyondLimit } from "#coordinator/stages/risk/bucket-limits.ts";
import { actionCost } from "#coordinator/stages/trades/action-cost.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { tailRisk } from "#shared/risk/statistics/expected-shortfall.ts";

/** Outside a band by less than this share of it is rounding of raw amounts. */
const BAND_TOLERANCE = 1e-6;

/**
 * What a plan costs and what it leaves, on the world it was made for: the one measure by which plans are compared,
 * however they were found. Depth is priced on the reported curves, expected shortfall is exact on the scenarios, and
 * capital is assessed as everywhere else, with transfers after their haircut.
 */
export function evaluatePlan(
  world: PlanningWorld,
  scenarios: PlanScenarios,
  actions: readonly PlannedAction[],
): PlanFigures {
  const { planning } = world.policy;
  const trades = tradedUnits(actions);
  const costs = actions.map((action) => actionCost(action, world));
  const executionUsd = sum(costs, (cost) => cost.executionUsd);
  const gasUsd = sum(costs, (cost) => cost.gasUsd);
  const fundingUsd = sum(costs, (cost) => cost.fundingUsd);
  const bridgeUsd = sum(costs, (cost) => cost.bridgeUsd);
  const options = optionTrades(actions);
  const expectedShortfallUsd = expectedShortfallAfter(world, scenarios, {
    linear: trades,
    options,
  });
  const outsideBandUsd = outsideUsd(world, withOptions(trades, options));
  const beyondLimitsUsd = beyondUsd(world, actions);
  const uncoveredUsd = uncovered(world, actions);
  return {
    executionUsd,
    gasUsd,
    fundingUsd,
    bridgeUsd,
    expectedShortfallUsd,
    outsideBandUsd,
    beyondLimitsUsd,
    uncoveredUsd,
    objectiveUsd:
      executionUsd +
      gasUsd +
      fundingUsd +
      bridgeUsd +
      planning.riskAversion * expectedShortfallUsd +
      planning.bandPenaltyFraction * outsideBandUsd +
      beyondLimitsUsd +
      planning.shortfallPenaltyFraction * uncoveredUsd,
  };
}

function tradedUnits(actions: readonly PlannedAction[]): Map<string, number> {
  const units = new Map<string, number>();
  for (const { effect } of actions) {
    if (effect.underlying === null || effect.option !== null) continue;
    units.set(effect.underlying, (units.get(effect.underlying) ?? 0) + effect.deltaUnits);
  }
  return units;
}

/** What options add, now or in the pass their cash is for. */
function optionTrades(actions: readonly PlannedAction[]): TradedOptions[] {
  return actions.flatMap(({ effect, prepares }): TradedOptions[] => {
    const option = effect.option ?? prepares?.option ?? null;
    const { underlying, deltaUnits } = effect;
    if (option === null || underlying === null) return [];
    return [{ underlying, deltaUnits: prepares?.deltaUnits ?? deltaUnits, ...option }];
  });
}

type TradedOptions = {
  readonly underlying: string;
  readonly deltaUnits: number;
  readonly gridPnlUsd: readonly number[];
};

function withOptions(
  trades: ReadonlyMap<string, number>,
  options: readonly TradedOptions[],
): Map<string, number> {
  const all = new Map(trades);
  for (const { underlying, deltaUnits } of options)
    all.set(underlying, (all.get(underlying) ?? 0) + deltaUnits);
  return all;
}

/** Penalty in USD of the limits that stay exceeded at the far end of their interval. */
function beyondUsd(world: PlanningWorld, actions: readonly PlannedAction[]): number {
  return sum(world.underlyings, (one) => {
    return sum(limitsOf(world, one), (limit) => {
      return limit.penaltyUsd * beyondLimit(limit, addedBy(limit, actions, world, one));
    });
  });
}

/** Expected shortfall in USD of the net book with jobs in flight, after signed trades in units by underlying. */
export function expectedShortfallAfter(
  world: PlanningWorld,
  scenarios: PlanScenarios,
  trades: {
    readonly linear: ReadonlyMap<string, number>;
    readonly options?: readonly TradedOptions[];
  },
): number {
  if (world.underlyings.length === 0) return 0;
  const pnlUsd = scenarios.pnlUsd.map((pnl, index) => {
    const linearUsd = [...trades.linear].reduce((total, [ticker, units]) => {
      return total + units * (scenarios.pnlUsdPerUnit.get(ticker)?.[index] ?? 0);
    }, pnl);
    return (trades.options ?? []).reduce((total, { underlying, gridPnlUsd }) => {
      return total + scenarios.gridPnlUsd(underlying, gridPnlUsd, index);
    }, linearUsd);
  });
  const level = world.policy.planning.expectedShortfallLevel;
  return tailRisk({ pnlUsd, weights: scenarios.probabilities, level }, 1).expectedShortfallUsd;
}

function outsideUsd(world: PlanningWorld, trades: ReadonlyMap<string, number>): number {
  return sum(world.underlyings, (one) => {
    const after = nearEndUnits(one) + (trades.get(one.underlying) ?? 0);
    const allowed = one.neededUnits === 0 ? one.halfWidthUnits : targetUnits(one, world.policy);
    const excess = Math.abs(after) - allowed;
    return excess > BAND_TOLERANCE * one.halfWidthUnits ? excess * one.spotUsd : 0;
  });
}

/** Required capital and buffer that shards in shortfall lack after the plan, in USD. */
function uncovered(world: PlanningWorld, actions: readonly PlannedAction[]): number {
  if (!world.mayTransfer) return 0;
  const { policy } = world;
  const effects = [...world.effects, ...actions.map(({ effect }) => effect)];
  const before = needy(world, world.effects);
  const all = new Set([...before, ...needy(world, effects)]);
  return sum([...all], (input) => {
    return assessCapital(input.valuation, input.setup, effects, policy).missingUsd;
  });
}

function needy({ inputs, policy }: PlanningWorld, effects: readonly PendingEffect[]): ShardInput[] {
  const context = { inputs, policy, effects };
  return uncoveredShards(context);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
