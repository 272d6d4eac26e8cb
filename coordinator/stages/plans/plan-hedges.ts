import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import type { Side } from "#coordinator/stages/trades/depth-cost.ts";
import { hedgeAction } from "#coordinator/stages/trades/hedge-action.ts";
import type { HedgeOption, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOption } from "#coordinator/stages/trades/hedge-options.ts";
import { splitTrade } from "#coordinator/stages/trades/split-trade.ts";
import { tooLittle } from "#coordinator/stages/trades/too-little.ts";
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
  /** |net delta| from which a hedge is due; never more than the half-width, which it is when left out. */
  readonly actFromUnits?: number;
  readonly inputs: readonly ShardInput[];
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
  /** Jobs that may still be issued in this pass. */
  readonly jobsMax: number;
};

const OUTSIDE = "outside the band";
const EARLY = "about to leave the band";

/**
 * Hedges of one underlying. Nothing is traded while the net delta, in-flight jobs included, is inside
 * the band and nothing acts early. Else the trade leads to `hedgeTargetFraction` of the half-width on the near side, so
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
    hedgeOption(input, { ...context, underlying, side }, Math.abs(units)),
  );
  const options = outcomes.flatMap((outcome) => (outcome.usable ? [outcome.option] : []));
  const blocked = outcomes.flatMap((outcome) =>
    outcome.usable ? [] : [`${underlying}: ${outcome.reason}`],
  );
  const parts = splitTrade(Math.abs(units), options, context.jobsMax);
  const actions = parts.flatMap((part) => {
    const option = options.find((candidate) => candidate.shard === part.shard);
    return option === undefined ? [] : (hedgeAction(option, part.units, context.policy) ?? []);
  });
  const small = options.flatMap((option) => tooSmall(option, Math.abs(units), parts) ?? []);
  return hedgePlanOf(context, { units, actions, blocked: [...blocked, ...small] });
}

/** Why a shard that could trade does not: what it could do would not be worth its gas, or its agent would not pay it. */
function tooSmall(
  option: HedgeOption,
  units: number,
  parts: readonly { readonly shard: string }[],
): string | undefined {
  const most = Math.min(option.limitUnits, units);
  const isUsed = parts.some(({ shard }) => shard === option.shard);
  if (isUsed) return undefined;
  const refusal = tooLittle(option, most);
  return refusal === undefined ? undefined : `${option.underlying}: ${option.shard}: ${refusal}`;
}

/** What a pass says of the hedges it came to, whichever way it found them. */
export function hedgePlanOf(
  context: Pick<HedgePlanContext, "jobsMax" | "net" | "halfWidthUnits">,
  found: {
    readonly units: number;
    readonly actions: readonly PlannedAction[];
    readonly blocked: readonly string[];
  },
): HedgePlan {
  const { units, actions, blocked } = found;
  const tradeUnits = sum(actions, ({ effect }) => effect.deltaUnits);
  const why = whyDue(context);
  if (actions.length === 0) {
    const reason = `${why}; ${context.jobsMax < 1 ? "no jobs left in this pass" : "no shard can trade"}`;
    return { action: "blocked", reason, tradeUnits: 0, actions, blocked };
  }
  const isWhole = Math.abs(tradeUnits) >= 0.99 * Math.abs(units);
  const reason = isWhole ? why : `${why}; as much as the shards' limits allow`;
  return { action: "hedge", reason, tradeUnits, actions, blocked };
}

/** Whether a hedge is due because the band is left, or early. */
export function whyDue({
  net,
  halfWidthUnits,
}: Pick<HedgePlanContext, "net" | "halfWidthUnits">): string {
  const [low, high] = net.staleIntervalUnits;
  return low > halfWidthUnits || high < -halfWidthUnits ? OUTSIDE : EARLY;
}

/** Signed units to trade, or why none: positive is to buy. */
export function neededUnits({
  net,
  halfWidthUnits,
  actFromUnits = halfWidthUnits,
  policy,
}: Pick<HedgePlanContext, "net" | "halfWidthUnits" | "actFromUnits" | "policy">): number | string {
  const [low, high] = net.staleIntervalUnits;
  const target = (policy.underlyings[net.underlying]?.hedgeTargetFraction ?? 1) * halfWidthUnits;
  if (low > actFromUnits) return target - low;
  if (high < -actFromUnits) return -target - high;
  if (Math.abs(net.greeks.deltaUnits) <= halfWidthUnits) return "inside the band";
  return "outside the band, but a stale shard makes it uncertain";
}

function sum(actions: readonly PlannedAction[], value: (action: PlannedAction) => number): number {
  return actions.reduce((total, action) => total + value(action), 0);
}
