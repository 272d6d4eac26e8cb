import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import {
  movedRange,
  NOTHING_PENDING,
  pendingRanges,
  requiredUsdWith,
} from "#coordinator/stages/capital/required-capital.ts";
import { countedUsd, tradesLeftUsd } from "#coordinator/stages/trades/caps-left.ts";
import {
  type DepthContext,
  type DepthPoint,
  executionCostUsd,
  largestWhere,
} from "#coordinator/stages/trades/depth-cost.ts";
import type { HedgeContext, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/** Limits of a trade that all of a shard's venues of the underlying have together. */
export const NO_HEDGE = "no hedge to sell";
export const NOT_REDUCING = "would not reduce its own delta";
export const SHARED_LIMITS = [NO_HEDGE, NOT_REDUCING] as const;

/** What limits a trade beside its venue. */
export type TradeContext = HedgeContext & { readonly depth: DepthContext };

/** The better of snapshot and the shard's own feed for the side that trades. */
export function fairSpot(
  input: ShardInput,
  own: UnderlyingValuation,
  context: HedgeContext,
): number {
  const { market } = input.valuation.entry.report;
  const feed =
    market.find((line) => line.underlying === context.underlying)?.spotUsd ?? own.spotUsd;
  return context.side === "buy" ? Math.min(feed, own.spotUsd) : Math.max(feed, own.spotUsd);
}

/** Gas of one transaction, and what it pays in native coin beside, in USD; null when the native coin has no price here. */
export function gasCostUsd(
  input: ShardInput,
  o: { readonly gasUnits: number; readonly feeNativeWei?: bigint },
  nativeUsd: ReadonlyMap<string, number>,
): number | null {
  const usd = nativeUsd.get(input.setup.nativeTicker);
  if (usd === undefined) return null;
  const { baseFeeWei } = input.valuation.entry.report.chain;
  const gasUnitsPaid = o.gasUnits * unitsFromRaw(BigInt(baseFeeWei), 18);
  return (gasUnitsPaid + unitsFromRaw(o.feeNativeWei ?? 0n, 18)) * usd;
}

/** Most units that the vault's window of trades still takes. */
export function windowUnits(input: ShardInput, context: HedgeContext): number {
  return tradesLeftUsd(input, context) / countedUsd(input, context.underlying, context.policy);
}

/**
 * Most units a shard may trade that is only to reduce: with every subset of its jobs in flight done or
 * not, the trade leaves its own delta no further from zero, and never beyond it.
 */
export function reducingUnits(
  { setup, valuation }: ShardInput,
  { side, underlying, effects }: Pick<HedgeContext, "side" | "underlying" | "effects">,
): number {
  const delta = valuation.underlyings.get(underlying)?.greeks.deltaUnits ?? 0;
  const pending = effects
    .filter((effect) => {
      const isOwn = effect.shard === setup.shard && effect.underlying === underlying;
      return isOwn && effect.isPendingAtShard;
    })
    .map((effect) => effect.deltaUnits);
  const reach = (sign: 1 | -1): number =>
    pending.reduce((sum, units) => (Math.sign(units) === sign ? sum + units : sum), 0);
  return Math.max(0, side === "buy" ? -(delta + reach(1)) : delta + reach(-1));
}

/**
 * Most units after which the shard keeps its required capital and buffer and its capital on chain is
 * not negative, or at least, when it is short of that already, is no worse off than before.
 */
export function solventUnits(
  input: ShardInput,
  own: UnderlyingValuation,
  trade: {
    readonly points: readonly DepthPoint[];
    readonly mostUnits: number;
    readonly haircutUsdPerUnit: number;
    readonly chainUsdPerUnit: number;
    readonly context: TradeContext;
  },
): number {
  const { points, context, haircutUsdPerUnit, chainUsdPerUnit } = trade;
  const { setup, valuation } = input;
  const before = assessCapital(valuation, setup, context.effects, context.policy);
  const pending = pendingRanges(setup.shard, context.effects);
  const range = pending.get(own.underlying) ?? NOTHING_PENDING;
  const sign = context.side === "buy" ? 1 : -1;
  const chainCapitalUsd =
    unitsFromRaw(BigInt(valuation.entry.report.chain.capitalRaw), setup.settlement.decimals) *
    valuation.settlementUsd;
  const paidUsd = (units: number): number => executionCostUsd(points, units, context.depth);
  const requiredUsd = requiredUsdWith({ valuation, setup, policy: context.policy }, pending);
  const slackUsd = (units: number): number => {
    const required = requiredUsd(own.underlying, movedRange(range, sign * units));
    const buffered = required * context.policy.capital.bufferMultiplier;
    const takenUsd = paidUsd(units) + units * haircutUsdPerUnit;
    return before.collateralUsdAfterHaircut - takenUsd - buffered;
  };
  const least = Math.min(0, slackUsd(0)) - 1e-6;
  return largestWhere(trade.mostUnits, (units) => {
    const leftUsd = chainCapitalUsd - paidUsd(units) - units * chainUsdPerUnit;
    return slackUsd(units) >= least && leftUsd >= 0;
  });
}
