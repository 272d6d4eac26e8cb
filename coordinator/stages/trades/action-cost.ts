import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { type PlanningWorld, transitHours } from "#coordinator/stages/program/planning-world.ts";
import {
  type DepthContext,
  depthPoints,
  executionCostUsd,
  perpDepthPoints,
} from "#coordinator/stages/trades/depth-cost.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { routeFee } from "#coordinator/stages/trades/route-fee.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import { valueOption } from "#shared/risk/pricing/option-position.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/** What one action costs in USD. */
export type ActionCost = {
  readonly executionUsd: number;
  readonly gasUsd: number;
  /** Funding over the policy's horizon; negative when it is received. */
  readonly fundingUsd: number;
  readonly bridgeUsd: number;
};

const NOTHING: ActionCost = { executionUsd: 0, gasUsd: 0, fundingUsd: 0, bridgeUsd: 0 };

/**
 * Cost of an action on the reported depth. Cash brought for an option is charged what the trade it prepares will cost.
 *
 * @throws {RangeError} If the action is for a shard or venue the world does not have.
 */
export function actionCost(action: PlannedAction, world: PlanningWorld): ActionCost {
  const { effect, params, prepares } = action;
  if (prepares !== undefined)
    return { ...NOTHING, executionUsd: prepares.costUsd, gasUsd: prepares.gasUsd };
  const input = world.inputs.find((one) => one.setup.shard === effect.shard);
  if (input === undefined)
    throw new RangeError(`${effect.shard}: planned for, but not in the world`);
  switch (params.kind) {
    case "transfer": {
      const target = world.inputs.find((one) => one.setup.shard === effect.target);
      if (target === undefined)
        throw new RangeError(`${effect.target}: sent to, but not in the world`);
      const { transitCostFractionPerHour } = world.policy.planning;
      const transitUsd = effect.amountUsd * transitCostFractionPerHour * transitHours(input);
      return { ...NOTHING, bridgeUsd: routeFee(input, target, world).usd + transitUsd };
    }
    case "swap":
    case "swap-exact-output":
      return swapCost(action, input, world);
    case "perp-change":
      return perpCost(action, input, world);
    case "option-trade":
      return optionCost(action, input, world);
    case "margin-move":
    case "lend-move":
      return NOTHING;
  }
}

function swapCost(
  { effect, params }: PlannedAction,
  input: ShardInput,
  world: PlanningWorld,
): ActionCost {
  const line = input.valuation.entry.report.capacity.find((one) => {
    const isPool = "pool" in params && one.pool === params.pool;
    return isPool && one.adapter === effect.venue && one.underlying === effect.underlying;
  });
  const depth = depthOf(input, effect.underlying ?? "", effect.deltaUnits);
  if (line === undefined)
    throw new RangeError(`${effect.shard}: planned on a venue it does not report`);
  const points = depthPoints(line, depth);
  return {
    ...NOTHING,
    executionUsd: executionCostUsd(points, Math.abs(effect.deltaUnits), depth),
    gasUsd: gasCostUsd(input, line, world.nativeUsd) ?? 0,
  };
}

function perpCost(
  { effect, params }: PlannedAction,
  input: ShardInput,
  world: PlanningWorld,
): ActionCost {
  const line = input.valuation.entry.report.perps.find((one) => {
    const isMarket = params.kind === "perp-change" && one.market === params.market;
    return isMarket && one.adapter === effect.venue && one.underlying === effect.underlying;
  });
  const units = effect.deltaUnits;
  const depth = depthOf(input, effect.underlying ?? "", units);
  if (line === undefined)
    throw new RangeError(`${effect.shard}: planned on a market it does not report`);
  const perDayUsd = units * depth.spotUsd * line.fundingFractionPerDay;
  return {
    ...NOTHING,
    executionUsd: executionCostUsd(perpDepthPoints(line, depth), Math.abs(units), depth),
    gasUsd: gasCostUsd(input, line, world.nativeUsd) ?? 0,
    fundingUsd: (perDayUsd * world.policy.planning.fundingHorizonHours) / 24,
  };
}

/** What options cost beside their fair value on the snapshot. */
function optionCost(
  { effect, params }: PlannedAction,
  input: ShardInput,
  world: PlanningWorld,
): ActionCost {
  if (params.kind !== "option-trade") return NOTHING;
  const { venue, market, strikeId, optionType, quantityE18 } = params;
  const line = input.valuation.entry.report.optionMarkets.find((one) => {
    return one.adapter === venue && one.market === market;
  });
  const series = line?.series.find((one) => one.strikeId === strikeId && one.type === optionType);
  const surface = world.markets.get(effect.underlying ?? "");
  if (line === undefined || series === undefined || surface === undefined)
    throw new RangeError(`${effect.shard}: planned in a series it does not report`);
  const { underlying } = line;
  const { type, strikeUsd, expiryMs } = series;
  const position = { underlying, type, strikeUsd, expiryMs, quantity: 1 };
  const quantity = unitsFromRaw(BigInt(quantityE18), 18);
  const fairUsd = quantity * valueOption(position, surface).priceUsd;
  return {
    ...NOTHING,
    executionUsd: Math.sign(quantity) * effect.amountUsd - fairUsd,
    gasUsd: gasCostUsd(input, line, world.nativeUsd) ?? 0,
  };
}

function depthOf(
  { valuation, setup }: ShardInput,
  underlying: string,
  units: number,
): DepthContext {
  const own = valuation.underlyings.get(underlying);
  if (own === undefined)
    throw new RangeError(`${setup.shard}: planned in ${underlying}, which it does not value`);
  const token = setup.underlyings.find((one) => one.ticker === underlying);
  return {
    side: units > 0 ? "buy" : "sell",
    spotUsd: own.spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token?.decimals ?? 18,
  };
}
