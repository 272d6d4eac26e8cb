import type { Venue } from "#shard-agent/ports/venue.ts";
import {
  isSameAddress,
  type PoolScope,
  type ShardScope,
  type UnderlyingScope,
} from "#shard-agent/records/shard-scope.ts";
import type {
  DepthRequest,
  HedgeAsset,
  ShardSnapshot,
} from "#shard-agent/records/shard-snapshot.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** Gas of one executeSwap through the adapter: 364,000 measured on a local chain, with room for crossed ticks. */
const SWAP_GAS_UNITS = 425_000;
/** Uniswap fees are hundredths of a basis point. */
const FEE_UNIT = 1e-6;
const PRICE_DECIMALS = 8;
/** One tick is 0.01 % of the price. */
const TICK_BASE = 1.0001;

/**
 * Uniswap v3 spot pools against the settlement asset. Depth is asked at the configured sizes in USD,
 * turned into token amounts at the prices of the previous snapshot, so that one lens call reads both
 * prices and depth.
 */
export function uniswapV3Venue(scope: ShardScope): Venue {
  return {
    depthRequests: (previous) =>
      pairs(scope, previous).flatMap((pair) => [...buyRequests(pair), ...sellRequests(pair)]),
    capacity: (snapshot) =>
      pairs(scope, snapshot).map((pair) => capacityLine(pair, snapshot, scope)),
  };
}

type Pair = {
  readonly underlying: UnderlyingScope;
  readonly pool: PoolScope;
  readonly asset: HedgeAsset;
  readonly settlement: {
    readonly token: `0x${string}`;
    readonly decimals: number;
    readonly priceE8: bigint;
  };
};

function pairs(scope: ShardScope, snapshot: ShardSnapshot): Pair[] {
  const settlement = { ...scope.settlement, priceE8: snapshot.settlement.price.priceE8 };
  return scope.underlyings.flatMap((underlying) => {
    const asset = snapshot.hedgeAssets.find((one) => isSameAddress(one.token, underlying.token));
    return asset === undefined
      ? []
      : underlying.pools.map((pool) => ({ underlying, pool, asset, settlement }));
  });
}

function buyRequests(pair: Pair): DepthRequest[] {
  const { pool, settlement, underlying } = pair;
  return sizes(pool, settlement.priceE8, settlement.decimals).map((amountInRaw) => ({
    pool: pool.address,
    assetIn: settlement.token,
    assetOut: underlying.token,
    fee: pool.fee,
    amountInRaw,
  }));
}

function sellRequests(pair: Pair): DepthRequest[] {
  const { pool, settlement, underlying, asset } = pair;
  return sizes(pool, asset.price.priceE8, underlying.decimals).map((amountInRaw) => ({
    pool: pool.address,
    assetIn: underlying.token,
    assetOut: settlement.token,
    fee: pool.fee,
    amountInRaw,
  }));
}

/** Token amounts of the configured USD sizes, ascending, none twice and none zero. */
function sizes(pool: PoolScope, priceE8: bigint, decimals: number): bigint[] {
  if (priceE8 <= 0n) return [];
  const usdPerUnit = unitsFromRaw(priceE8, PRICE_DECIMALS);
  const amounts = pool.depthUsd.map((usd) => rawFromUnitsDown(usd / usdPerUnit, decimals));
  return [...new Set(amounts)]
    .filter((raw) => raw > 0n)
    .sort((one, other) => (one < other ? -1 : 1));
}

function capacityLine(pair: Pair, snapshot: ShardSnapshot, scope: ShardScope): CapacityLine {
  const curve = (assetIn: `0x${string}`) =>
    snapshot.depth
      .filter(
        (one) => isSameAddress(one.pool, pair.pool.address) && isSameAddress(one.assetIn, assetIn),
      )
      .map((one) => ({
        amountInRaw: one.amountInRaw.toString(),
        amountOutRaw: one.amountOutRaw.toString(),
      }));
  return {
    venue: "uniswap-v3",
    adapter: scope.contracts.uniswapAdapter,
    pool: pair.pool.address,
    underlying: pair.underlying.ticker,
    token: pair.underlying.token,
    feeFraction: pair.pool.fee * FEE_UNIT,
    gasUnits: SWAP_GAS_UNITS,
    ...againstMean(pair, snapshot),
    buy: curve(pair.settlement.token),
    sell: curve(pair.underlying.token),
  };
}

/** A pool nobody read takes no trades: what is not known is not assumed. */
function againstMean(
  pair: Pair,
  snapshot: ShardSnapshot,
): Pick<CapacityLine, "acceptsTrades" | "meanPrice"> {
  const reading = snapshot.pools.find((one) => isSameAddress(one.pool, pair.pool.address));
  if (reading === undefined) return { acceptsTrades: false, meanPrice: null };
  const { spotTick, twapTick, windowSeconds, maxDeviationTicks } = reading;
  // A pool's price is its second token per first, in order of address.
  const isFirst = BigInt(pair.underlying.token) < BigInt(pair.settlement.token);
  const ticks = twapTick === null ? null : (spotTick - twapTick) * (isFirst ? 1 : -1);
  return {
    acceptsTrades: reading.takesTrades,
    meanPrice: {
      windowSeconds,
      limitFraction: TICK_BASE ** maxDeviationTicks - 1,
      spotOverMeanFraction: ticks === null ? null : TICK_BASE ** ticks - 1,
    },
  };
}
