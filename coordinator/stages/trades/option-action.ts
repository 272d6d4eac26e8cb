import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { closingSizeRaw } from "#coordinator/stages/trades/closing-size.ts";
import { usdFor } from "#coordinator/stages/trades/depth-cost.ts";
import { leastNotionalUsd, MARGIN_GAS_UNITS } from "#coordinator/stages/trades/gas-room.ts";
import type { SeriesOption } from "#coordinator/stages/trades/series-option.ts";
import { cashPerPremium } from "#coordinator/stages/trades/series-options.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

/** The trade of some options of a series, or the cash for it; undefined when it is too small to do. */
export function optionAction(
  option: SeriesOption,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  return option.isAwaitingCash
    ? cashAction(option, units, policy)
    : tradeAction(option, units, policy);
}

function tradeAction(
  option: SeriesOption,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const { market, series, sign, input } = option;
  const quantityRaw =
    sign === 1 ? rawFromUnitsDown(units, 18) : closingSizeRaw(units, series.heldE18);
  if (quantityRaw === 0n || units < option.payableUnits) return undefined;
  const quantity = unitsFromRaw(quantityRaw, 18);
  const paidUsd = usdFor(option.points, quantity);
  const averageUsd = paidUsd / quantity / input.valuation.settlementUsd;
  const moved = policy.options.premiumMoveFraction;
  // What the desk would refuse is not asked for: it counts with the mean volatility, which hardly moves until the block.
  const { mostToOpenUsd, leastToCloseUsd } = series;
  const worst =
    sign === 1
      ? rawFromUnitsDown(
          Math.min(averageUsd * (1 + moved), mostToOpenUsd ?? Number.POSITIVE_INFINITY),
          8,
        )
      : rawFromUnitsUp(Math.max(averageUsd * (1 - moved), leastToCloseUsd ?? 0), 8);
  return {
    maxFeeNativeWei: "0",
    params: {
      kind: "option-trade",
      venue: market.adapter,
      market: market.market,
      strikeId: series.strikeId,
      optionType: series.type,
      quantityE18: (BigInt(sign) * quantityRaw).toString(),
      worstPremiumE8: worst.toString(),
      minCapitalAfterRaw: halfOfCapitalRaw(option),
    },
    effect: {
      ...effectOf(option),
      kind: "option-trade",
      deltaUnits: sign * quantity * option.deltaUnits,
      option: exposureOf(option, quantity),
      optionUnits: quantity,
      amountUsd: paidUsd,
      outRaw: 0n,
    },
  };
}

/** Cash for the account: the premium and something for moves; undefined when less than the smallest move can be had. */
function cashAction(
  option: SeriesOption,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const { market, input } = option;
  const { settlement } = input.setup;
  const { settlementUsd } = input.valuation;
  const heldUsd = unitsFromRaw(BigInt(market.cashRaw), settlement.decimals) * settlementUsd;
  const premiumUsd = usdFor(option.points, units);
  const neededUsd = premiumUsd * cashPerPremium(policy, true);
  // A smallest move for no trade at all would come again with every pass.
  if (!(units > 0) || units < option.payableUnits) return undefined;
  const payableUsd = leastNotionalUsd(input, MARGIN_GAS_UNITS);
  const leastUsd = Math.max(policy.perps.marginMoveMinimumUsd, payableUsd);
  const wantedUsd = Math.max(neededUsd - heldUsd, leastUsd);
  const wantedRaw = rawFromUnitsUp(wantedUsd / settlementUsd, settlement.decimals);
  const amountRaw = atMost(wantedRaw, option.freeRaw);
  // What a cap still leaves may be less than is worth its gas: an agent would refuse it, pass for pass.
  if (unitsFromRaw(amountRaw, settlement.decimals) * settlementUsd < leastUsd) return undefined;
  return {
    maxFeeNativeWei: "0",
    params: {
      kind: "margin-move",
      venue: market.adapter,
      asset: settlement.token,
      amountRaw: amountRaw.toString(),
      minReceiptRaw: amountRaw.toString(),
      minMarginRatioE18: "0",
      minCapitalAfterRaw: halfOfCapitalRaw(option),
    },
    prepares: {
      deltaUnits: option.sign * units * option.deltaUnits,
      option: exposureOf(option, units),
      costUsd: option.sign * (premiumUsd - units * option.fairUsd),
      gasUsd: option.gasUsd,
    },
    effect: {
      ...effectOf(option),
      kind: "margin-move",
      deltaUnits: 0,
      option: null,
      amountUsd: unitsFromRaw(amountRaw, settlement.decimals) * settlementUsd,
      outRaw: amountRaw,
    },
  };
}

function atMost(wantedRaw: bigint, freeRaw: bigint): bigint {
  if (wantedRaw > freeRaw) return freeRaw;
  return wantedRaw;
}

function effectOf({ input, market, underlying }: SeriesOption) {
  return {
    shard: input.setup.shard,
    target: null,
    venue: market.adapter,
    underlying,
    isCertain: false,
    isPendingAtShard: true,
    isPendingAtTarget: false,
  } as const;
}

/** What the shard's book gains with a trade of so many options. */
function exposureOf({ exposure, sign }: SeriesOption, units: number) {
  const scale = sign * units;
  return {
    expiryMs: exposure.expiryMs,
    gammaUnitsPerUsd: scale * exposure.gammaUnitsPerUsd,
    vegaUsdPerVolPoint: scale * exposure.vegaUsdPerVolPoint,
    gridPnlUsd: exposure.gridPnlUsd.map((pnl) => scale * pnl),
  };
}

/** Half of the capital on chain: a bound that ordinary moves do not reach. */
function halfOfCapitalRaw({ input }: SeriesOption): string {
  const capitalRaw = BigInt(input.valuation.entry.report.chain.capitalRaw);
  return (capitalRaw > 0n ? capitalRaw / 2n : 0n).toString();
}
