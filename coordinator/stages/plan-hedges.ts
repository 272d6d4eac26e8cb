import type { PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import { executionCostUsd, type Side, usdFor } from "#coordinator/stages/depth-cost.ts";
import {
  type HedgeOption,
  hedgeOption,
  type ShardInput,
  SLIPPAGE_SHARE_PLANNED,
} from "#coordinator/stages/hedge-options.ts";
import type { NetUnderlying } from "#coordinator/stages/net-risk.ts";
import { splitTrade } from "#coordinator/stages/split-trade.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

export type HedgePlan = {
  readonly action: "hold" | "hedge" | "blocked";
  readonly reason: string;
  /** Signed sum of the trades: positive bought. */
  readonly tradeUnits: number;
  readonly actions: readonly PlannedAction[];
  /** Why single shards take no part. */
  readonly blocked: readonly string[];
};

export type HedgePlanContext = {
  readonly net: NetUnderlying;
  readonly halfWidthUnits: number;
  readonly inputs: readonly ShardInput[];
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
  /** Jobs that may still be issued in this pass. */
  readonly jobsMax: number;
};

/**
 * Hedges of one underlying. Nothing is traded while the net delta, in-flight jobs included, is inside
 * the band. Outside it the trade leads to `hedgeTargetFraction` of the half-width on the near side, so
 * that the next pass finds nothing to do. Only what is certain is traded: with a stale shard, the end
 * of the interval nearest to the band decides.
 */
export function planHedges(context: HedgePlanContext): HedgePlan {
  const units = neededUnits(context);
  if (typeof units === "string")
    return { action: "hold", reason: units, tradeUnits: 0, actions: [], blocked: [] };
  const { underlying } = context.net;
  const side: Side = units > 0 ? "buy" : "sell";
  const outcomes = context.inputs.map((input) =>
    hedgeOption(input, { ...context, underlying, side }),
  );
  const options = outcomes.flatMap((outcome) => (outcome.usable ? [outcome.option] : []));
  const blocked = outcomes.flatMap((outcome) =>
    outcome.usable ? [] : [`${underlying}: ${outcome.reason}`],
  );
  const parts = splitTrade(Math.abs(units), options, context.jobsMax);
  const actions = parts.flatMap((part) => {
    const option = options.find((candidate) => candidate.shard === part.shard);
    return option === undefined
      ? []
      : (swapAction(option, part.units, { ...context, underlying }) ?? []);
  });
  const tradeUnits = actions.reduce((total, action) => total + action.effect.deltaUnits, 0);
  if (actions.length === 0) {
    return { action: "blocked", reason: blockedReason(context), tradeUnits: 0, actions, blocked };
  }
  const isWhole = Math.abs(tradeUnits) >= 0.99 * Math.abs(units);
  const reason = isWhole
    ? "outside the band"
    : "outside the band; as much as the shards' limits allow";
  return { action: "hedge", reason, tradeUnits, actions, blocked };
}

function blockedReason(context: HedgePlanContext): string {
  return context.jobsMax < 1
    ? "outside the band; no jobs left in this pass"
    : "outside the band; no shard can trade";
}

/** Signed units to trade, or why none: positive is to buy. */
function neededUnits({ net, halfWidthUnits, policy }: HedgePlanContext): number | string {
  const [low, high] = net.staleIntervalUnits;
  const target = (policy.underlyings[net.underlying]?.hedgeTargetFraction ?? 1) * halfWidthUnits;
  if (low > halfWidthUnits) return target - low;
  if (high < -halfWidthUnits) return -target - high;
  if (Math.abs(net.greeks.deltaUnits) <= halfWidthUnits) return "inside the band";
  return "outside the band, but a stale shard makes it uncertain";
}

function swapAction(
  option: HedgeOption,
  units: number,
  context: HedgePlanContext & { readonly underlying: string },
): PlannedAction | undefined {
  const { input, line, depth } = option;
  const { settlement } = input.setup;
  const isBuy = depth.side === "buy";
  const usd = usdFor(option.points, units);
  const settlementUnits = usd / depth.settlementUsd;
  const wantedRaw = isBuy
    ? rawFromUnitsDown(settlementUnits, settlement.decimals)
    : rawFromUnitsDown(units, depth.tokenDecimals);
  const amountInRaw = atMost(wantedRaw, option.freeRaw);
  const leastOut = leastOutUnits(option, { units, usd }, context.policy);
  const minAmountOutRaw = rawFromUnitsUp(
    leastOut,
    isBuy ? depth.tokenDecimals : settlement.decimals,
  );
  if (amountInRaw === 0n || minAmountOutRaw === 0n) return undefined;
  const sold = isBuy ? 0 : unitsFromRaw(amountInRaw, depth.tokenDecimals);
  return {
    maxFeeNativeWei: "0",
    params: {
      kind: "swap",
      venue: line.adapter,
      pool: line.pool,
      assetIn: isBuy ? settlement.token : line.token,
      assetOut: isBuy ? line.token : settlement.token,
      amountInRaw: amountInRaw.toString(),
      minAmountOutRaw: minAmountOutRaw.toString(),
      minCapitalAfterRaw: minCapitalAfterRaw(option, units, context.policy),
    },
    effect: {
      kind: "swap",
      shard: option.shard,
      target: null,
      underlying: context.underlying,
      deltaUnits: isBuy ? units : -sold,
      amountUsd: units * depth.spotUsd,
      outRaw: amountInRaw,
      isPendingAtShard: true,
      isPendingAtTarget: false,
    },
  };
}

/** The nearest double of a balance may lie above it: what is not there cannot be spent. */
function atMost(wantedRaw: bigint, freeRaw: bigint): bigint {
  if (wantedRaw > freeRaw) return freeRaw;
  return wantedRaw;
}

/**
 * Least amount to accept, in units of the asset received: what the depth curve promises, or what it is
 * worth at the fair spot if that is less, minus the share of the slippage kept for moves.
 */
function leastOutUnits(
  option: HedgeOption,
  trade: { readonly units: number; readonly usd: number },
  policy: Policy,
): number {
  const { depth, fairSpotUsd } = option;
  const kept = 1 - policy.hedging.slippageMaxFraction * (1 - SLIPPAGE_SHARE_PLANNED);
  if (depth.side === "buy") return Math.min(trade.units, trade.usd / fairSpotUsd) * kept;
  return (Math.min(trade.usd, trade.units * fairSpotUsd) / depth.settlementUsd) * kept;
}

/** Half of the capital on chain expected after the trade: a bound that ordinary moves do not reach. */
function minCapitalAfterRaw(option: HedgeOption, units: number, policy: Policy): string {
  const { input, depth } = option;
  const capital = unitsFromRaw(
    BigInt(input.valuation.entry.report.chain.capitalRaw),
    input.setup.settlement.decimals,
  );
  const sign = depth.side === "buy" ? 1 : -1;
  const haircutUsd = sign * units * depth.spotUsd * policy.capital.hedgeHaircutFraction;
  const changeUsd = -executionCostUsd(option.points, units, depth) - haircutUsd;
  const after = (capital + changeUsd / depth.settlementUsd) / 2;
  return rawFromUnitsDown(Math.max(0, after), input.setup.settlement.decimals).toString();
}
