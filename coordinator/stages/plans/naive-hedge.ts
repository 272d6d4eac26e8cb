import type { NaiveHedge } from "#coordinator/records/planning/plan-report.ts";
import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { expectedShortfallAfter } from "#coordinator/stages/plans/evaluate-plan.ts";
import type { PlanScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import {
  type PlannedUnderlying,
  type PlanningWorld,
  targetUnits,
} from "#coordinator/stages/program/planning-world.ts";
import {
  costSegments,
  type DepthContext,
  type DepthPoint,
  depthPoints,
  executionCostUsd,
} from "#coordinator/stages/trades/depth-cost.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { marginLimitUnits, perpOption } from "#coordinator/stages/trades/perp-option.ts";
import { splitTrade, type TradeOption } from "#coordinator/stages/trades/split-trade.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";

/**
 * What it would cost if every shard hedged its own delta on its own venues, each down to an equal part of the band's
 * target, whatever the others hold: on its pools, and on perpetuals as far as the margin goes that it has there.
 */
export function naiveHedge(world: PlanningWorld, scenarios: PlanScenarios): NaiveHedge {
  const traded = new Map<string, number>();
  const total = { costUsd: 0, tradedUsd: 0, trades: 0, leftUsd: 0 };
  for (const one of world.underlyings) {
    const share = targetUnits(one, world.policy) / Math.max(1, world.inputs.length);
    for (const input of world.inputs) {
      const own = input.valuation.underlyings.get(one.underlying);
      const deltaUnits = own?.greeks.deltaUnits ?? 0;
      const units = Math.abs(deltaUnits) - share;
      if (own === undefined || units <= 0) continue;
      const side = deltaUnits < 0 ? "buy" : "sell";
      const alone = hedgeAlone(venuesOf(world, one, { input, own, side }), units);
      const before = traded.get(one.underlying) ?? 0;
      traded.set(one.underlying, before - Math.sign(deltaUnits) * alone.doneUnits);
      total.costUsd += alone.costUsd;
      total.tradedUsd += alone.doneUnits * one.spotUsd;
      total.trades += alone.trades;
      total.leftUsd += (units - alone.doneUnits) * one.spotUsd;
    }
  }
  return {
    ...total,
    expectedShortfallUsd: expectedShortfallAfter(world, scenarios, { linear: traded }),
  };
}

/** One of a shard's own venues; `shard` names the venue. */
type Venue = TradeOption & {
  readonly points: readonly DepthPoint[];
  readonly depth: DepthContext;
  readonly carryUsdPerUnit: number;
};

/** The trade split over the shard's venues by marginal cost. */
function hedgeAlone(venues: readonly Venue[], units: number) {
  const parts = splitTrade(units, venues, venues.length);
  const costs = parts.map((part) => {
    const venue = venues.find(({ shard }) => shard === part.shard);
    if (venue === undefined) return 0;
    const { points, depth, carryUsdPerUnit, gasUsd } = venue;
    return executionCostUsd(points, part.units, depth) + carryUsdPerUnit * part.units + gasUsd;
  });
  return {
    doneUnits: parts.reduce((sum, part) => sum + part.units, 0),
    costUsd: costs.reduce((sum, cost) => sum + cost, 0),
    trades: parts.length,
  };
}

function venuesOf(
  world: PlanningWorld,
  { underlying, spotUsd }: PlannedUnderlying,
  trade: {
    readonly input: ShardInput;
    readonly own: UnderlyingValuation;
    readonly side: DepthContext["side"];
  },
): Venue[] {
  const { input, own, side } = trade;
  const { setup, valuation } = input;
  const { policy, nativeUsd } = world;
  const token = setup.underlyings.find((one) => one.ticker === underlying);
  const depth: DepthContext = {
    side,
    spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token?.decimals ?? 18,
  };
  const { capacity, perps } = valuation.entry.report;
  const pools = capacity.filter((line) => line.underlying === underlying);
  const markets = perps.filter((line) => line.underlying === underlying && line.acceptsTrades);
  const context = { underlying, side, depth, policy, nativeUsd, effects: [] };
  return [
    ...pools.map((line): Venue => {
      const points = depthPoints(line, depth);
      return {
        shard: line.pool,
        segments: costSegments(points, depth),
        limitUnits: points.at(-1)?.units ?? 0,
        gasUsd: gasCostUsd(input, line, nativeUsd) ?? 0,
        leastUnits: 0,
        payableUnits: 0,
        points,
        depth,
        carryUsdPerUnit: 0,
      };
    }),
    ...markets.map((line): Venue => {
      const option = perpOption(input, own, line, context);
      const limitUnits = Math.min(option.points.at(-1)?.units ?? 0, marginLimitUnits(option));
      return { ...option, shard: line.market, limitUnits, leastUnits: 0, payableUnits: 0 };
    }),
  ];
}
