import type { PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import type { Side } from "#coordinator/stages/depth-cost.ts";
import { hedgeOption, type ShardInput } from "#coordinator/stages/hedge-options.ts";
import type { NetUnderlying } from "#coordinator/stages/net-risk.ts";
import { splitTrade } from "#coordinator/stages/split-trade.ts";
import { swapAction } from "#coordinator/stages/swap-action.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

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
    return option === undefined ? [] : (swapAction(option, part.units, context.policy) ?? []);
  });
  return hedgePlanOf(context, { units, actions, blocked });
}

/** What a pass says of the hedges it came to, whichever way it found them. */
export function hedgePlanOf(
  context: Pick<HedgePlanContext, "jobsMax">,
  found: {
    readonly units: number;
    readonly actions: readonly PlannedAction[];
    readonly blocked: readonly string[];
  },
): HedgePlan {
  const { units, actions, blocked } = found;
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

function blockedReason(context: Pick<HedgePlanContext, "jobsMax">): string {
  return context.jobsMax < 1
    ? "outside the band; no jobs left in this pass"
    : "outside the band; no shard can trade";
}

/** Signed units to trade, or why none: positive is to buy. */
export function neededUnits({
  net,
  halfWidthUnits,
  policy,
}: Pick<HedgePlanContext, "net" | "halfWidthUnits" | "policy">): number | string {
  const [low, high] = net.staleIntervalUnits;
  const target = (policy.underlyings[net.underlying]?.hedgeTargetFraction ?? 1) * halfWidthUnits;
  if (low > halfWidthUnits) return target - low;
  if (high < -halfWidthUnits) return -target - high;
  if (Math.abs(net.greeks.deltaUnits) <= halfWidthUnits) return "inside the band";
  return "outside the band, but a stale shard makes it uncertain";
}
