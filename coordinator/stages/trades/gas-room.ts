import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { tradeKey, tradeNameOf } from "#coordinator/records/safety/trade-name.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** Gas of a move of cash at an option account, which tells none of its own. */
export const MARGIN_GAS_UNITS = 450_000;

/** What is worth less is nothing to trade or to move, USD: withdrawals and sales leave some raw units. */
export const DUST_USD = 0.01;

/** The base fee may rise by an eighth from one block to the next: a job comes at least one after the report it rests on. */
const FEE_RISE = 1.125;

/**
 * Least notional in USD with which a job of so much gas is taken by the shard's agent, also when the base fee rises for a
 * block; 0 where the agent does not tell its terms, infinite where it pays for no such job.
 */
export function leastNotionalUsd({ valuation }: ShardInput, gasUnits: number): number {
  const terms = valuation.entry.report.gasTerms;
  if (terms === null) return 0;
  const feeWei = gasUnits * terms.gasLimitMultiplier * Number(terms.feePerGasWei) * FEE_RISE;
  if (feeWei > Number(terms.maxFeeWei)) return Number.POSITIVE_INFINITY;
  if (terms.share === null) return 0;
  return ((feeWei / 1e18) * terms.share.nativeUsd) / terms.share.maxFractionOfNotional;
}

/** Why a job of this notional would be refused for its gas; undefined when its agent would take it. */
export function gasRefusal(
  input: ShardInput,
  job: { readonly gasUnits: number; readonly notionalUsd: number },
): string | undefined {
  const leastUsd = leastNotionalUsd(input, job.gasUnits);
  if (leastUsd === Number.POSITIVE_INFINITY)
    return "gas costs more than its agent pays for any transaction";
  if (job.notionalUsd >= leastUsd) return undefined;
  const [has, least] = [job.notionalUsd, leastUsd].map((usd) => usd.toFixed(2));
  return `its agent pays the gas of ${least} USD and more, this is ${has} USD`;
}

/** {@link gasRefusal} of a planned action, its notional counted as agents do; or that it was refused again and again. */
export function actionRefusal(
  input: ShardInput,
  { params, effect }: PlannedAction,
): string | undefined {
  const name = tradeNameOf(params, effect.deltaUnits);
  const paused = name === null ? undefined : input.status.pausedTrades.get(tradeKey(name));
  if (paused !== undefined) return paused;
  const gasUnits = gasUnitsOf(params, input.valuation.entry.report);
  return gasRefusal(input, { gasUnits, notionalUsd: notionalUsdOf(params, input) });
}

/** Gas the report tells of an action; 0 where it tells none. */
function gasUnitsOf(params: JobParams, report: ShardReport): number {
  switch (params.kind) {
    case "swap":
    case "swap-exact-output":
      return report.capacity.find(({ pool }) => isSame(pool, params.pool))?.gasUnits ?? 0;
    case "perp-change":
      return report.perps.find(({ market }) => isSame(market, params.market))?.gasUnits ?? 0;
    case "option-trade":
      return (
        report.optionMarkets.find(({ market }) => isSame(market, params.market))?.gasUnits ?? 0
      );
    case "margin-move": {
      const account = report.perps.find(({ adapter }) => isSame(adapter, params.venue));
      return account?.marginGasUnits ?? MARGIN_GAS_UNITS;
    }
    case "lend-move":
      return report.lending.find(({ adapter }) => isSame(adapter, params.venue))?.gasUnits ?? 0;
    case "transfer":
      return report.routes.find(({ dstEid }) => dstEid === params.dstEid)?.gasUnits ?? 0;
  }
}

/** At the shard's own feeds: a perpetual and an option count at the price of their underlying, all else by what is spent. */
function notionalUsdOf(params: JobParams, input: ShardInput): number {
  const { optionMarkets, perps } = input.valuation.entry.report;
  switch (params.kind) {
    case "swap":
      return amountUsd(params.assetIn, params.amountInRaw, input);
    case "swap-exact-output":
      return amountUsd(params.assetIn, params.maxAmountInRaw, input);
    case "margin-move":
    case "lend-move":
      return amountUsd(params.asset, params.amountRaw, input);
    case "transfer":
      return amountUsd(input.setup.settlement.token, params.amountRaw, input);
    case "perp-change": {
      const line = perps.find(({ market }) => isSame(market, params.market));
      return sizeUsd(line?.underlying, params.sizeE18, input);
    }
    case "option-trade": {
      const line = optionMarkets.find(({ market }) => isSame(market, params.market));
      return sizeUsd(line?.underlying, params.quantityE18, input);
    }
  }
}

function amountUsd(token: string, raw: string, input: ShardInput): number {
  const { settlement, underlyings } = input.setup;
  if (isSame(token, settlement.token))
    return unitsOf(raw, settlement.decimals) * input.valuation.settlementUsd;
  const one = underlyings.find((candidate) => isSame(token, candidate.token));
  return one === undefined ? 0 : unitsOf(raw, one.decimals) * feedUsd(one.ticker, input);
}

function sizeUsd(underlying: string | undefined, sizeE18: string, input: ShardInput): number {
  return underlying === undefined ? 0 : unitsOf(sizeE18, 18) * feedUsd(underlying, input);
}

/** Price at which the shard's agent counts an underlying, USD. */
export function feedUsd(underlying: string, { valuation }: ShardInput): number {
  const { market } = valuation.entry.report;
  const line = market.find((one) => one.underlying === underlying);
  return line?.spotUsd ?? valuation.underlyings.get(underlying)?.spotUsd ?? 0;
}

/** Whole units of an amount, whatever its sign. */
function unitsOf(raw: string, decimals: number): number {
  return Math.abs(unitsFromRaw(BigInt(raw), decimals));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
