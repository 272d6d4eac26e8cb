import type { Address, Hex } from "#shared/units/ids.ts";
import type { Caps } from "#shared/wire/report-caps.ts";
import type { RouteLine } from "#shared/wire/route-line.ts";
import type {
  CollateralLine,
  ConsumedJob,
  DeliveredTransfer,
  InventoryLine,
  LendingLine,
  OptionLine,
  OptionMarketLine,
  PerpLine,
} from "#shared/wire/shard-report.ts";

/** Header fields of one block. */
export type BlockHeader = {
  readonly number: number;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestampMs: number;
  readonly baseFeeWei: bigint;
};

/** A price as its feed gives it: USD with 8 decimals. */
export type FeedPrice = {
  readonly priceE8: bigint;
  readonly roundId: bigint;
  readonly updatedAtMs: number;
};

/** Raw SVI parameters of one expiry, 18 decimals each (contracts/src/interfaces/IVolatilityFeed.sol). */
export type RawSlice = {
  readonly expirySeconds: bigint;
  readonly aE18: bigint;
  readonly bE18: bigint;
  readonly rhoE18: bigint;
  readonly mE18: bigint;
  readonly sigmaE18: bigint;
  readonly updatedAtMs: number;
};

/** One option series as the book keeps it; quantities have 18 decimals, the strike 8. */
export type RawSeries = {
  readonly seriesId: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expirySeconds: bigint;
  readonly strikeE8: bigint;
  readonly takersLongE18: bigint;
  readonly takersShortE18: bigint;
};

/** A hedge asset the vault may hold, and what its chain says about it. */
export type HedgeAsset = {
  readonly token: Address;
  readonly balanceRaw: bigint;
  readonly price: FeedPrice;
  readonly slices: readonly RawSlice[];
};

/** Depth that was asked of a pool and what it would pay: 0 when it cannot fill the amount. */
type DepthQuote = {
  readonly pool: Address;
  readonly assetIn: Address;
  readonly amountInRaw: bigint;
  readonly amountOutRaw: bigint;
};

/**
 * Where a pool is against its own mean, as the guard of the adapter sees it. Ticks are logarithms to the
 * base 1.0001 of token1 per token0 in raw units; `twapTick` is null while the pool cannot say its mean.
 */
export type PoolReading = {
  readonly pool: Address;
  readonly spotTick: number;
  readonly twapTick: number | null;
  readonly takesTrades: boolean;
  readonly windowSeconds: number;
  readonly maxDeviationTicks: number;
};

/** What one venue keeps for the vault and offers it, in the report's own units. */
export type VenueReading = {
  /** Vault assets that lie at the venue; none twice. */
  readonly collateral: readonly {
    readonly token: Address;
    readonly amountRaw: bigint;
    readonly location: CollateralLine["location"];
  }[];
  readonly lending: readonly LendingLine[];
  readonly perps: readonly PerpLine[];
  readonly optionMarkets: readonly OptionMarketLine[];
  readonly inventories: readonly InventoryLine[];
  /** Options the vault's account holds; marked by the report with the shard's own prices. */
  readonly options: readonly Omit<OptionLine, "markUsd">[];
  readonly upkeep: readonly VenueUpkeep[];
};

/** Upkeep that anyone may do at an account of the vault; it moves nothing out of the account. */
export type VenueUpkeep = {
  /** Names the occasion: it is tried again under the same key only if it failed. */
  readonly key: string;
  readonly account: Address;
  readonly data: Hex;
};

/** What a venue without positions or offers says; a venue's reading names only what it has. */
export const EMPTY_READING: VenueReading = {
  collateral: [],
  lending: [],
  perps: [],
  optionMarkets: [],
  inventories: [],
  options: [],
  upkeep: [],
};

/** Everything one report needs, all of it true at one block hash. */
export type ShardSnapshot = {
  readonly block: BlockHeader;
  /** Newest final block when the snapshot was taken; at most `block.number`. */
  readonly finalizedNumber: number;
  readonly epoch: number;
  readonly leader: Address;
  readonly paused: boolean;
  readonly capitalRaw: bigint;
  readonly liabilitiesRaw: bigint;
  readonly settlement: {
    readonly token: Address;
    readonly balanceRaw: bigint;
    readonly price: FeedPrice;
  };
  readonly hedgeAssets: readonly HedgeAsset[];
  readonly series: readonly RawSeries[];
  readonly senders: readonly { readonly address: Address; readonly balanceWei: bigint }[];
  readonly depth: readonly DepthQuote[];
  readonly pools: readonly PoolReading[];
  readonly venues: readonly VenueReading[];
  readonly routes: readonly RouteLine[];
  readonly caps: Caps | null;
  readonly consumedJobs: readonly ConsumedJob[];
  readonly deliveredTransfers: readonly DeliveredTransfer[];
};

/** One question of the depth curve, answered in {@link ShardSnapshot.depth} in the same order. */
export type DepthRequest = {
  readonly pool: Address;
  readonly assetIn: Address;
  readonly assetOut: Address;
  /** Uniswap fee in hundredths of a basis point. */
  readonly fee: number;
  readonly amountInRaw: bigint;
};
