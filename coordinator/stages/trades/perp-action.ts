import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { closingSizeRaw } from "#coordinator/stages/trades/closing-size.ts";
import { executionCostUsd, usdFor } from "#coordinator/stages/trades/depth-cost.ts";
import type { HedgeOption, PerpVenue } from "#coordinator/stages/trades/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/trades/slippage-share.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

/** A position that is taken back may leave a ratio this much below the present one: the price moves until the block. */
const RATIO_KEPT = 0.8;

/** The trade of `units` in a perpetual, with the worst price and the margin it must leave; undefined when it is too small. */
export function perpAction(
  option: HedgeOption,
  venue: PerpVenue,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const { depth, place } = option;
  const sizeRaw = venue.isOpening
    ? rawFromUnitsDown(units, 18)
    : closingSizeRaw(units, venue.line.sizeE18);
  if (sizeRaw === 0n) return undefined;
  const sign = depth.side === "buy" ? 1 : -1;
  const tradedUnits = unitsFromRaw(sizeRaw, 18);
  return {
    maxFeeNativeWei: "0",
    params: {
      kind: "perp-change",
      venue: place.adapter,
      market: place.market,
      sizeE18: (BigInt(sign) * sizeRaw).toString(),
      worstPriceE8: worstPriceE8(option, units, policy),
      minMarginRatioE18: rawFromUnitsDown(ratioFloor(venue, policy), 18).toString(),
      minCapitalAfterRaw: minCapitalAfterRaw(option, units),
    },
    effect: {
      kind: "perp-change",
      shard: option.shard,
      target: null,
      venue: place.adapter,
      underlying: venue.line.underlying,
      deltaUnits: sign * tradedUnits,
      option: null,
      amountUsd: tradedUnits * depth.spotUsd,
      outRaw: 0n,
      isCertain: false,
      isPendingAtShard: true,
      isPendingAtTarget: false,
    },
  };
}

/**
 * Worst price of one unit in the venue's USD: what the depth curve promises, or the fair spot if that is worse, and the
 * share of the slippage kept for moves.
 */
function worstPriceE8(option: HedgeOption, units: number, policy: Policy): string {
  const { depth, fairSpotUsd, points } = option;
  const kept = slippageMaxFraction(policy, option.underlying) * (1 - SLIPPAGE_SHARE_PLANNED);
  const averageUsd = usdFor(points, units) / units;
  const isBuy = depth.side === "buy";
  const worstUsd = isBuy
    ? Math.max(averageUsd, fairSpotUsd) * (1 + kept)
    : Math.min(averageUsd, fairSpotUsd) * (1 - kept);
  const price = worstUsd / depth.settlementUsd;
  return (isBuy ? rawFromUnitsUp(price, 8) : rawFromUnitsDown(price, 8)).toString();
}

/** The policy's floor, or the desk's if that is higher, or, where a position is taken back from below it, a ratio not much worse than the present one. */
function ratioFloor({ isOpening, line }: PerpVenue, { perps }: Policy): number {
  const floor = Math.max(perps.marginRatioMin, line.marginRatioFloor);
  if (isOpening || line.marginRatio === null) return floor;
  return Math.max(0, Math.min(perps.marginRatioMin, line.marginRatio * RATIO_KEPT));
}

/** Half of the capital on chain expected after the trade: a bound that ordinary moves do not reach. */
function minCapitalAfterRaw(option: HedgeOption, units: number): string {
  const { input, depth, points, chainUsdPerUnit } = option;
  const { decimals } = input.setup.settlement;
  const capital = unitsFromRaw(BigInt(input.valuation.entry.report.chain.capitalRaw), decimals);
  const takenUsd = executionCostUsd(points, units, depth) + units * chainUsdPerUnit;
  const after = (capital - takenUsd / depth.settlementUsd) / 2;
  return rawFromUnitsDown(Math.max(0, after), decimals).toString();
}
