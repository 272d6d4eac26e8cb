import {
  isHedge,
  isThrough,
  type PendingEffect,
} from "#coordinator/records/planning/pending-effect.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/trades/slippage-share.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

type CapsContext = {
  /** In flight and planned. */
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
};

/**
 * Notional in USD that a shard's trades may still come to in its vault's window, what is in flight counted as done;
 * infinite where no caps are reported.
 */
export function tradesLeftUsd(input: ShardInput, context: CapsContext): number {
  const { caps } = input.valuation.entry.report;
  if (caps === null) return Number.POSITIVE_INFINITY;
  const pendingUsd = pendingAt(input, context).reduce((sum, effect) => {
    if (!isHedge(effect) || effect.underlying === null) return sum;
    const units = effect.optionUnits ?? Math.abs(effect.deltaUnits);
    return sum + units * countedUsd(input, effect.underlying, context.policy);
  }, 0);
  return Math.max(0, usdOf(input, caps.tradesLeftRaw) - pendingUsd);
}

/**
 * What one unit of an underlying counts in the window, USD: the vault counts at its own feed, and the most a purchase may
 * spend, so that both may move by the allowed slippage until the block of the trade.
 */
export function countedUsd({ valuation }: ShardInput, underlying: string, policy: Policy): number {
  const line = valuation.entry.report.market.find((one) => one.underlying === underlying);
  const spotUsd = valuation.underlyings.get(underlying)?.spotUsd ?? 0;
  const slippage = slippageMaxFraction(policy, underlying);
  // A purchase bounds what it spends by dividing by both shares: the one planned, and the one kept (swap-action.ts).
  const planned = 1 - slippage * SLIPPAGE_SHARE_PLANNED;
  const kept = 1 - slippage * (1 - SLIPPAGE_SHARE_PLANNED);
  return Math.max(line?.spotUsd ?? 0, spotUsd) / (planned * kept);
}

/** Most USD that a shard's vault may still send in its window, what is in flight counted as sent. */
export function transfersLeftUsd(input: ShardInput, context: Pick<CapsContext, "effects">): number {
  const { caps } = input.valuation.entry.report;
  if (caps === null) return Number.POSITIVE_INFINITY;
  const pendingUsd = pendingAt(input, context).reduce((sum, { kind, amountUsd }) => {
    return kind === "transfer" ? sum + amountUsd : sum;
  }, 0);
  return Math.max(0, usdOf(input, caps.transfersLeftRaw) - pendingUsd);
}

/** Most USD that may still be put at a venue, what is on its way there counted; infinite where no caps are reported. */
export function putLeftUsd(
  input: ShardInput,
  adapter: Address,
  context: Pick<CapsContext, "effects">,
): number {
  const { caps } = input.valuation.entry.report;
  if (caps === null) return Number.POSITIVE_INFINITY;
  const pendingUsd = pendingAt(input, context).reduce((sum, effect) => {
    const { kind, outRaw, amountUsd } = effect;
    const isPut = (kind === "margin-move" || kind === "lend-move") && outRaw > 0n;
    return isPut && isThrough(effect, adapter) ? sum + amountUsd : sum;
  }, 0);
  const venue = caps.venues.find((one) => isSame(one.adapter, adapter));
  return Math.max(0, usdOf(input, venue?.leftRaw ?? "0") - pendingUsd);
}

/** False at a venue that is being left, or that the desk does not know: positions there only shrink. */
export function mayGrowAt({ valuation }: ShardInput, adapter: Address): boolean {
  const { caps } = valuation.entry.report;
  return caps === null || caps.venues.some((one) => one.mayGrow && isSame(one.adapter, adapter));
}

function pendingAt({ setup }: ShardInput, { effects }: Pick<CapsContext, "effects">) {
  return effects.filter(({ shard, isPendingAtShard }) => shard === setup.shard && isPendingAtShard);
}

/** More than this binds nothing: a cap may be as large as its type, and a program knows no such numbers. */
const UNBOUNDED_USD = 1e12;

function usdOf({ setup, valuation }: ShardInput, raw: string): number {
  const usd = unitsFromRaw(BigInt(raw), setup.settlement.decimals) * valuation.settlementUsd;
  return usd > UNBOUNDED_USD ? Number.POSITIVE_INFINITY : usd;
}

function isSame(one: Address, other: Address): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
