import type { SolveOutcome } from "#coordinator/records/linear-program.ts";
import type {
  BindingConstraint,
  NaiveHedge,
  PlanReport,
  UnusedVenue,
} from "#coordinator/records/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import {
  type DepthContext,
  depthPoints,
  executionCostUsd,
} from "#coordinator/stages/depth-cost.ts";
import { expectedShortfallAfter } from "#coordinator/stages/evaluate-plan.ts";
import type { Formulation } from "#coordinator/stages/formulate-plan.ts";
import type { Place, ShardInput } from "#coordinator/stages/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/hedge-options.ts";
import type { PlanScenarios } from "#coordinator/stages/plan-scenarios.ts";
import {
  type PlannedUnderlying,
  type PlanningWorld,
  targetUnits,
} from "#coordinator/stages/planning-world.ts";
import { gasCostUsd } from "#coordinator/stages/venue-limits.ts";

/** A shadow price below this is rounding. */
const PRICE_MIN_USD = 1e-6;
const BINDING_MAX = 32;
const UNUSED_MAX = 32;

/** The limits that bind in a solution, dearest first. */
export function bindingConstraints(
  formulation: Formulation,
  outcome: SolveOutcome,
): BindingConstraint[] {
  const prices = outcome.solved ? outcome.shadowPrices : null;
  if (prices === null) return [];
  return formulation.shown
    .map(({ row, name, unit }) => {
      return { constraint: name, shadowPriceUsd: Math.abs(prices[row] ?? 0), unit };
    })
    .filter(({ shadowPriceUsd }) => shadowPriceUsd > PRICE_MIN_USD)
    .sort((left, right) => right.shadowPriceUsd - left.shadowPriceUsd)
    .slice(0, BINDING_MAX);
}

/** How a solve went, for the record. */
export function solverReport(
  formulation: Formulation,
  outcome: SolveOutcome,
  reportSetHash: `0x${string}`,
): NonNullable<PlanReport["solver"]> {
  const { columns, rows } = formulation.program;
  return {
    status: outcome.solved ? outcome.status : "failed",
    gapFraction: outcome.solved ? outcome.gapFraction : null,
    tookMs: outcome.tookMs,
    reportSetHash,
    columns: columns.length,
    rows: rows.length,
  };
}

/** Venues on which a hedge could have been done, and was not; cheapest first. */
export function unusedVenues(
  world: PlanningWorld,
  actions: readonly PlannedAction[],
): UnusedVenue[] {
  const isUsed = (shard: string, underlying: string, place?: Place): boolean => {
    return actions.some(({ effect, params }) => {
      const isPlace = place === undefined || isAt(params, place);
      return effect.shard === shard && effect.underlying === underlying && isPlace;
    });
  };
  const unused = world.underlyings.flatMap(({ underlying, neededUnits, spotUsd }) => {
    if (neededUnits === 0) return [];
    const side = neededUnits > 0 ? "buy" : "sell";
    return world.inputs.flatMap((input): UnusedVenue[] => {
      const outcome = hedgeOptions(input, { ...world, underlying, side });
      if (!outcome.usable) return [];
      const free = outcome.options.filter(({ place, shard }) => !isUsed(shard, underlying, place));
      return free.map(({ place, shard, segments }) => ({
        underlying,
        shard,
        venue: place.venue,
        pool: place.market,
        marginalCostFraction: (segments[0]?.costUsdPerUnit ?? 0) / spotUsd,
        reason: isUsed(shard, underlying)
          ? "one venue per shard, underlying and pass"
          : "not worth its cost beside the venues used",
      }));
    });
  });
  return unused
    .sort((left, right) => left.marginalCostFraction - right.marginalCostFraction)
    .slice(0, UNUSED_MAX);
}

/** True when an action trades at a place. */
function isAt(params: PlannedAction["params"], { adapter, market }: Place): boolean {
  if (params.kind === "swap" || params.kind === "swap-exact-output")
    return params.venue === adapter && params.pool === market;
  return params.kind === "perp-change" && params.venue === adapter && params.market === market;
}

/**
 * What it would cost if every shard hedged its own delta on its own venues, each down to an equal part of the band's
 * target, whatever the others hold.
 */
export function naiveHedge(world: PlanningWorld, scenarios: PlanScenarios): NaiveHedge {
  const traded = new Map<string, number>();
  const total = { costUsd: 0, tradedUsd: 0, trades: 0, leftUsd: 0 };
  for (const one of world.underlyings) {
    const share = targetUnits(one, world.policy) / Math.max(1, world.inputs.length);
    for (const input of world.inputs) {
      const deltaUnits = input.valuation.underlyings.get(one.underlying)?.greeks.deltaUnits ?? 0;
      const units = Math.abs(deltaUnits) - share;
      if (units <= 0) continue;
      const best = cheapestAlone(world, one, {
        input,
        units,
        side: deltaUnits < 0 ? "buy" : "sell",
      });
      const before = traded.get(one.underlying) ?? 0;
      traded.set(one.underlying, before - Math.sign(deltaUnits) * best.doneUnits);
      total.costUsd += best.costUsd;
      total.tradedUsd += best.doneUnits * one.spotUsd;
      total.trades += best.doneUnits > 0 ? 1 : 0;
      total.leftUsd += (units - best.doneUnits) * one.spotUsd;
    }
  }
  return {
    ...total,
    expectedShortfallUsd: expectedShortfallAfter(world, scenarios, { linear: traded }),
  };
}

type AloneHedge = { readonly doneUnits: number; readonly costUsd: number };

function cheapestAlone(
  world: PlanningWorld,
  { underlying, spotUsd }: PlannedUnderlying,
  trade: {
    readonly input: ShardInput;
    readonly units: number;
    readonly side: DepthContext["side"];
  },
): AloneHedge {
  const { setup, valuation } = trade.input;
  const token = setup.underlyings.find((one) => one.ticker === underlying);
  const hedges = valuation.entry.report.capacity
    .filter((line) => line.underlying === underlying)
    .map((line): AloneHedge => {
      const depth: DepthContext = {
        side: trade.side,
        spotUsd,
        settlementUsd: valuation.settlementUsd,
        settlementDecimals: setup.settlement.decimals,
        tokenDecimals: token?.decimals ?? 18,
      };
      const points = depthPoints(line, depth);
      const doneUnits = Math.min(trade.units, points.at(-1)?.units ?? 0);
      const gasUsd = doneUnits > 0 ? (gasCostUsd(trade.input, line, world.nativeUsd) ?? 0) : 0;
      return { doneUnits, costUsd: executionCostUsd(points, doneUnits, depth) + gasUsd };
    })
    .sort((left, right) => right.doneUnits - left.doneUnits || left.costUsd - right.costUsd);
  return hedges[0] ?? { doneUnits: 0, costUsd: 0 };
}
