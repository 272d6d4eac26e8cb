import {
  GAS_LIMIT_PER_MILLE,
  type GasFees,
  type GasFeeTerms,
} from "#shard-agent/records/gas-fees.ts";
import { isSameAddress, type ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { GasTerms } from "#shared/wire/gas-terms.ts";
import type { JobParams, OptionTradeParams, PerpChangeParams } from "#shared/wire/rebalance-job.ts";

/** What a miner gets at first. */
const TIP_WEI = 1_000_000_000n;
/** A node drops a replacement unless both fees rise by its minimum; 12.5 % satisfies all that are known. */
const BUMP_PER_MILLE = 1125n;
const WEI_PER_NATIVE = 10n ** 18n;
/** Decimals of a feed's price. */
const PRICE_DECIMALS = 8;
const FRACTION_SCALE = 1_000_000_000;
/** Decimals of a perpetual's size and of an option quantity. */
const SIZE_DECIMALS = 18;

type NotionalScope = Pick<ShardScope, "underlyings" | "settlement" | "positionVenues">;

/** What the fees of one transaction must fit into. */
export type FeeRoom = {
  readonly baseFeeWei: bigint;
  readonly gasLimit: bigint;
  /** Most that the transaction's gas may cost. */
  readonly gasFeeCapWei: bigint;
  /** What the agent pays for gas at most. */
  readonly terms: Pick<GasFeeTerms, "maxFeePerGasWei">;
};

/**
 * Most that the gas of a job may cost, in wei, rounded down: a share of its notional at the snapshot's
 * prices, and never more than the absolute cap. Housekeeping has the absolute cap.
 */
export function gasFeeCapWei(
  params: JobParams | null,
  snapshot: ShardSnapshot | null,
  scope: NotionalScope & Pick<ShardScope, "gasFees">,
): bigint {
  const absoluteWei = BigInt(scope.gasFees.maxGasFeeWei);
  if (params === null || snapshot === null) return absoluteWei;
  const nativeE8 = nativePriceE8(snapshot, scope.underlyings, scope.gasFees);
  const notionalE8 = notionalUsdE8(params, snapshot, scope);
  if (nativeE8 === null || notionalE8 === null) return absoluteWei;
  const share = BigInt(Math.floor(scope.gasFees.maxGasFeeFractionOfNotional * FRACTION_SCALE));
  const shareWei = (notionalE8 * share * WEI_PER_NATIVE) / (nativeE8 * BigInt(FRACTION_SCALE));
  return smallest(shareWei, absoluteWei);
}

/** First fees of a transaction: twice the base fee and a tip, less if the cap asks for it; null when the cap is below what the next block may take. */
export function openingFees(room: FeeRoom): GasFees | null {
  const limitWei = limitOf(room);
  if (limitWei < neededFeeWei(room.baseFeeWei)) return null;
  const wantedWei = room.baseFeeWei * 2n + TIP_WEI;
  return {
    maxFeePerGasWei: smallest(wantedWei, limitWei),
    maxPriorityFeePerGasWei: TIP_WEI,
  };
}

/**
 * What a planner has to know so that it plans no job which {@link gasFeeCapWei}, {@link openingFees} or the day's budget
 * would refuse.
 */
export function gasTermsOf(
  snapshot: ShardSnapshot,
  scope: Pick<ShardScope, "underlyings" | "gasFees">,
  spendLeftWei: bigint | null = null,
): GasTerms {
  const { maxGasFeeFractionOfNotional, maxGasFeeWei, maxFeePerGasWei } = scope.gasFees;
  const neededWei = neededFeeWei(snapshot.block.baseFeeWei);
  const isTooDear = maxFeePerGasWei !== undefined && neededWei > BigInt(maxFeePerGasWei);
  const nativeE8 = nativePriceE8(snapshot, scope.underlyings, scope.gasFees);
  return {
    feePerGasWei: neededWei.toString(),
    gasLimitMultiplier: Number(GAS_LIMIT_PER_MILLE) / 1000,
    // Where one unit of gas is too dear, or the day's budget is spent, there is nothing to be paid for.
    maxFeeWei: isTooDear
      ? "0"
      : smallest(BigInt(maxGasFeeWei), spendLeftWei ?? BigInt(maxGasFeeWei)).toString(),
    share:
      nativeE8 === null
        ? null
        : {
            maxFractionOfNotional: maxGasFeeFractionOfNotional,
            nativeUsd: unitsFromRaw(nativeE8, PRICE_DECIMALS),
          },
  };
}

/** What the next block may take at most for one unit of gas, and a tip. */
function neededFeeWei(baseFeeWei: bigint): bigint {
  return (baseFeeWei * BUMP_PER_MILLE) / 1000n + TIP_WEI;
}

/** Fees that replace a transaction: both at least 12.5 % higher, enough for the base fee now; null when the cap does not allow the rise. */
export function replacementFees(previous: GasFees, room: FeeRoom): GasFees | null {
  const limitWei = limitOf(room);
  const leastWei = bumped(previous.maxFeePerGasWei);
  if (leastWei > limitWei) return null;
  const maxPriorityFeePerGasWei = bumped(previous.maxPriorityFeePerGasWei);
  const wantedWei = largest(leastWei, room.baseFeeWei * 2n + maxPriorityFeePerGasWei);
  return {
    maxFeePerGasWei: smallest(wantedWei, limitWei),
    maxPriorityFeePerGasWei,
  };
}

/** Most per unit of gas. */
function limitOf({ gasFeeCapWei: capWei, gasLimit, terms }: FeeRoom): bigint {
  const limitWei = capWei / gasLimit;
  return terms.maxFeePerGasWei === undefined
    ? limitWei
    : smallest(limitWei, BigInt(terms.maxFeePerGasWei));
}

function bumped(feeWei: bigint): bigint {
  return (feeWei * BUMP_PER_MILLE + 999n) / 1000n;
}

function smallest(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

function largest(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}

function nativePriceE8(
  snapshot: ShardSnapshot,
  underlyings: ShardScope["underlyings"],
  terms: GasFeeTerms,
): bigint | null {
  const token = underlyings.find((one) => one.ticker === terms.nativeUnderlying)?.token;
  const asset = snapshot.hedgeAssets.find(
    (one) => token !== undefined && isSameAddress(one.token, token),
  );
  return asset === undefined || asset.price.priceE8 <= 0n ? null : asset.price.priceE8;
}

/** USD with 8 decimals; null for an asset the snapshot does not know. */
function notionalUsdE8(
  params: JobParams,
  snapshot: ShardSnapshot,
  scope: NotionalScope,
): bigint | null {
  const { settlement } = snapshot;
  if (params.kind === "perp-change") return perpNotionalUsdE8(params, snapshot, scope);
  if (params.kind === "option-trade") return optionNotionalE8(params, snapshot, scope);
  if (params.kind === "transfer")
    return valueE8(BigInt(params.amountRaw), settlement.price.priceE8, scope.settlement.decimals);
  const { token, amountRaw } = spendOf(params);
  if (isSameAddress(token, scope.settlement.token))
    return valueE8(amountRaw, settlement.price.priceE8, scope.settlement.decimals);
  const underlying = scope.underlyings.find((one) => isSameAddress(one.token, token));
  const asset = snapshot.hedgeAssets.find((one) => isSameAddress(one.token, token));
  return underlying === undefined || asset === undefined
    ? null
    : valueE8(amountRaw, asset.price.priceE8, underlying.decimals);
}

/** At the price of the underlying the market follows. */
function perpNotionalUsdE8(
  params: PerpChangeParams,
  snapshot: ShardSnapshot,
  { underlyings, positionVenues }: NotionalScope,
): bigint | null {
  const markets = positionVenues?.curie?.markets ?? [];
  const market = markets.find((one) => isSameAddress(one.market, params.market));
  const token = underlyings.find((one) => one.ticker === market?.underlying)?.token;
  const asset = snapshot.hedgeAssets.find(
    (one) => token !== undefined && isSameAddress(one.token, token),
  );
  return asset === undefined
    ? null
    : valueE8(magnitude(BigInt(params.sizeE18)), asset.price.priceE8, SIZE_DECIMALS);
}

/** As the venue desk counts it: at the price of the underlying. */
function optionNotionalE8(
  params: OptionTradeParams,
  snapshot: ShardSnapshot,
  scope: NotionalScope,
): bigint | null {
  const ticker = scope.positionVenues?.lyraV1?.underlying;
  const token = scope.underlyings.find((one) => one.ticker === ticker)?.token;
  const asset = snapshot.hedgeAssets.find(
    (one) => token !== undefined && isSameAddress(one.token, token),
  );
  if (asset === undefined) return null;
  return valueE8(magnitude(BigInt(params.quantityE18)), asset.price.priceE8, SIZE_DECIMALS);
}

/** Asset and raw amount that an action moves, at most. */
function spendOf(
  params: Exclude<JobParams, { kind: "transfer" | "perp-change" | "option-trade" }>,
): {
  readonly token: Address;
  readonly amountRaw: bigint;
} {
  switch (params.kind) {
    case "swap":
      return { token: params.assetIn, amountRaw: BigInt(params.amountInRaw) };
    case "swap-exact-output":
      return { token: params.assetIn, amountRaw: BigInt(params.maxAmountInRaw) };
    case "lend-move":
    case "margin-move":
      return { token: params.asset, amountRaw: magnitude(BigInt(params.amountRaw)) };
  }
}

function magnitude(raw: bigint): bigint {
  return raw < 0n ? -raw : raw;
}

function valueE8(amountRaw: bigint, priceE8: bigint, decimals: number): bigint {
  return (amountRaw * priceE8) / 10n ** BigInt(decimals);
}
