import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { executionCostUsd, usdFor } from "#coordinator/stages/trades/depth-cost.ts";
import type { HedgeOption } from "#coordinator/stages/trades/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/trades/slippage-share.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { SwapExactOutputParams, SwapParams } from "#shared/wire/rebalance-job.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** What is there must be this many times what an exact output may spend: the rest may be another job's of the pass. */
const CASH_PER_SPEND = 2n;

/**
 * The swap of `units` on a venue, with the worst it may do; undefined when it is too small to do. A purchase asks for
 * exactly these units where cash is ample, so that it leaves no residual delta; all else spends an exact amount.
 */
export function swapAction(
  option: HedgeOption,
  line: CapacityLine,
  units: number,
  policy: Policy,
): PlannedAction | undefined {
  const trade = { units, usd: usdFor(option.points, units) };
  const swap =
    purchase(option, line, { ...trade, policy }) ?? exactInput(option, line, { ...trade, policy });
  if (swap === undefined) return undefined;
  const { depth } = option;
  return {
    maxFeeNativeWei: "0",
    params: swap.params,
    effect: {
      kind: "swap",
      shard: option.shard,
      target: null,
      venue: line.adapter,
      underlying: line.underlying,
      deltaUnits: swap.deltaUnits,
      amountUsd: units * depth.spotUsd,
      option: null,
      outRaw: swap.outRaw,
      isCertain: false,
      isPendingAtShard: true,
      isPendingAtTarget: false,
    },
  };
}

/**
 * The sale that brings exactly `outRaw` of the settlement asset for `units` as the depth has it, and spends no more than what
 * they may be worth at the worst price; never more than there is.
 */
export function saleForCash(
  option: HedgeOption,
  line: CapacityLine,
  o: { readonly units: number; readonly outRaw: bigint; readonly policy: Policy },
): PlannedAction {
  const { depth } = option;
  const { settlement } = option.input.setup;
  const outUsd = unitsFromRaw(o.outRaw, settlement.decimals) * depth.settlementUsd;
  const worstUsd = Math.min(outUsd / o.units, option.fairSpotUsd) * slippageKept(option, o.policy);
  const mostRaw = rawFromUnitsUp(outUsd / worstUsd, depth.tokenDecimals);
  const maxAmountInRaw = atMost(mostRaw, option.freeRaw);
  return {
    maxFeeNativeWei: "0",
    params: {
      kind: "swap-exact-output",
      venue: line.adapter,
      pool: line.pool,
      assetIn: line.token,
      assetOut: settlement.token,
      amountOutRaw: o.outRaw.toString(),
      maxAmountInRaw: maxAmountInRaw.toString(),
      minCapitalAfterRaw: minCapitalAfterRaw(option, o.units),
    },
    effect: {
      kind: "swap",
      shard: option.shard,
      target: null,
      venue: line.adapter,
      underlying: line.underlying,
      deltaUnits: -o.units,
      amountUsd: o.units * depth.spotUsd,
      option: null,
      isForCash: true,
      outRaw: maxAmountInRaw,
      isCertain: false,
      isPendingAtShard: true,
      isPendingAtTarget: false,
    },
  };
}

type Trade = { readonly units: number; readonly usd: number; readonly policy: Policy };

type Swap = {
  readonly params: SwapParams | SwapExactOutputParams;
  readonly deltaUnits: number;
  readonly outRaw: bigint;
};

/** An exact output; undefined for a sale, and where cash is too scarce to set the most it may spend aside. */
function purchase(option: HedgeOption, line: CapacityLine, trade: Trade): Swap | undefined {
  const { depth } = option;
  const { settlement } = option.input.setup;
  if (depth.side === "sell") return undefined;
  const { units, usd, policy } = trade;
  const amountOutRaw = rawFromUnitsDown(units, depth.tokenDecimals);
  const mostUsd = Math.max(usd, units * option.fairSpotUsd) / slippageKept(option, policy);
  const maxAmountInRaw = rawFromUnitsDown(mostUsd / depth.settlementUsd, settlement.decimals);
  if (amountOutRaw === 0n || maxAmountInRaw * CASH_PER_SPEND > option.freeRaw) return undefined;
  const params = {
    kind: "swap-exact-output",
    venue: line.adapter,
    pool: line.pool,
    assetIn: settlement.token,
    assetOut: line.token,
    amountOutRaw: amountOutRaw.toString(),
    maxAmountInRaw: maxAmountInRaw.toString(),
    minCapitalAfterRaw: minCapitalAfterRaw(option, units),
  } as const;
  const deltaUnits = unitsFromRaw(amountOutRaw, depth.tokenDecimals);
  return { params, deltaUnits, outRaw: maxAmountInRaw };
}

function exactInput(option: HedgeOption, line: CapacityLine, trade: Trade): Swap | undefined {
  const { depth } = option;
  const { settlement } = option.input.setup;
  const { units, usd, policy } = trade;
  const isBuy = depth.side === "buy";
  const wantedRaw = isBuy
    ? rawFromUnitsDown(usd / depth.settlementUsd, settlement.decimals)
    : rawFromUnitsDown(units, depth.tokenDecimals);
  const amountInRaw = atMost(wantedRaw, option.freeRaw);
  const minAmountOutRaw = rawFromUnitsUp(
    leastOutUnits(option, trade, policy),
    isBuy ? depth.tokenDecimals : settlement.decimals,
  );
  if (amountInRaw === 0n || minAmountOutRaw === 0n) return undefined;
  const params = {
    kind: "swap",
    venue: line.adapter,
    pool: line.pool,
    assetIn: isBuy ? settlement.token : line.token,
    assetOut: isBuy ? line.token : settlement.token,
    amountInRaw: amountInRaw.toString(),
    minAmountOutRaw: minAmountOutRaw.toString(),
    minCapitalAfterRaw: minCapitalAfterRaw(option, units),
  } as const;
  const deltaUnits = isBuy ? units : -unitsFromRaw(amountInRaw, depth.tokenDecimals);
  return { params, deltaUnits, outRaw: amountInRaw };
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
  const kept = slippageKept(option, policy);
  if (depth.side === "buy") return Math.min(trade.units, trade.usd / fairSpotUsd) * kept;
  return (Math.min(trade.usd, trade.units * fairSpotUsd) / depth.settlementUsd) * kept;
}

/** Share of a trade's value left when the part of the slippage kept for moves is used up. */
export function slippageKept(option: HedgeOption, policy: Policy): number {
  const slippage = slippageMaxFraction(policy, option.underlying);
  return 1 - slippage * (1 - SLIPPAGE_SHARE_PLANNED);
}

/** Half of the capital on chain expected after the trade: a bound that ordinary moves do not reach. */
function minCapitalAfterRaw(option: HedgeOption, units: number): string {
  const { input, depth } = option;
  const capital = unitsFromRaw(
    BigInt(input.valuation.entry.report.chain.capitalRaw),
    input.setup.settlement.decimals,
  );
  const haircutUsd = units * option.chainUsdPerUnit;
  const changeUsd = -executionCostUsd(option.points, units, depth) - haircutUsd;
  const after = (capital + changeUsd / depth.settlementUsd) / 2;
  return rawFromUnitsDown(Math.max(0, after), input.setup.settlement.decimals).toString();
}
