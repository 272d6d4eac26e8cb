import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import { executionCostUsd, usdFor } from "#coordinator/stages/depth-cost.ts";
import type { HedgeOption } from "#coordinator/stages/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** The swap of `units` on a venue, with what it must bring at least; undefined when it is too small to do. */
export function swapAction(
  option: HedgeOption,
  line: CapacityLine,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const { input, depth } = option;
  const { settlement } = input.setup;
  const isBuy = depth.side === "buy";
  const usd = usdFor(option.points, units);
  const settlementUnits = usd / depth.settlementUsd;
  const wantedRaw = isBuy
    ? rawFromUnitsDown(settlementUnits, settlement.decimals)
    : rawFromUnitsDown(units, depth.tokenDecimals);
  const amountInRaw = atMost(wantedRaw, option.freeRaw);
  const leastOut = leastOutUnits(option, { units, usd }, policy);
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
      minCapitalAfterRaw: minCapitalAfterRaw(option, units),
    },
    effect: {
      kind: "swap",
      shard: option.shard,
      target: null,
      venue: line.adapter,
      underlying: line.underlying,
      deltaUnits: isBuy ? units : -sold,
      amountUsd: units * depth.spotUsd,
      preparedUnits: 0,
      option: null,
      outRaw: amountInRaw,
      isCertain: false,
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
  const slippage = slippageMaxFraction(policy, option.underlying);
  const kept = 1 - slippage * (1 - SLIPPAGE_SHARE_PLANNED);
  if (depth.side === "buy") return Math.min(trade.units, trade.usd / fairSpotUsd) * kept;
  return (Math.min(trade.usd, trade.units * fairSpotUsd) / depth.settlementUsd) * kept;
}

/** Half of the capital on chain expected after the trade: a bound that ordinary moves do not reach. */
function minCapitalAfterRaw(option: HedgeOption, units: number): string {
  const { input, depth } = option;
  const capital = unitsFromRaw(
    BigInt(input.valuation.entry.report.chain.capitalRaw),
    input.setup.settlement.decimals,
  );
  const haircutUsd = units * option.haircutUsdPerUnit;
  const changeUsd = -executionCostUsd(option.points, units, depth) - haircutUsd;
  const after = (capital + changeUsd / depth.settlementUsd) / 2;
  return rawFromUnitsDown(Math.max(0, after), input.setup.settlement.decimals).toString();
}
