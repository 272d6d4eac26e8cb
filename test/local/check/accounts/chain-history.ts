import type { Address, Hex } from "viem";

/** Where an event stands on its chain. */
export type EventPlace = { readonly blockNumber: number; readonly transactionHash: Hex };

export type MandateConsumed = EventPlace & {
  readonly jobId: Hex;
  readonly action: number;
  readonly reportSetHash: Hex;
  readonly blockTimestampMs: number;
};

export type SwapExecuted = EventPlace & {
  readonly jobId: Hex;
  readonly pool: Address;
  readonly assetIn: Address;
  readonly assetOut: Address;
  readonly amountIn: bigint;
  readonly amountOut: bigint;
};

type TransferSent = EventPlace & {
  readonly jobId: Hex;
  readonly guid: Hex;
  readonly amountSent: bigint;
  readonly nativeFeeWei: bigint;
};

/** `amount` is positive into the venue; `gained` is what the receiving side had more. */
type VenueMoved = EventPlace & {
  readonly jobId: Hex;
  readonly venue: Address;
  readonly asset: Address;
  readonly amount: bigint;
  readonly gained: bigint;
};

/** `quoteAmount` is what was paid (bought) or received (sold) in the venue's USD, 18 decimals. */
export type PerpChanged = EventPlace & {
  readonly jobId: Hex;
  readonly venue: Address;
  readonly market: Address;
  readonly size: bigint;
  readonly quoteAmount: bigint;
};

type PerpLiquidated = EventPlace & { readonly market: Address; readonly size: bigint };

/** A trade at an option market: `amount` paid (opening) or got (closing) in settlement-asset units. */
type VenueOptionTraded = EventPlace & {
  readonly jobId: Hex;
  readonly venue: Address;
  readonly market: Address;
  readonly strikeId: bigint;
  readonly isCall: boolean;
  readonly quantity: bigint;
  readonly amount: bigint;
};

/** The vault's account at an option market: what its desk traded there, and what lies there at the final block. */
export type OptionVenueHistory = {
  readonly adapter: Address;
  readonly trades: readonly VenueOptionTraded[];
  /** Of every series that was ever traded or is held. */
  readonly series: readonly {
    readonly strikeId: bigint;
    readonly isCall: boolean;
    readonly expiryMs: number;
    readonly heldE18: bigint;
  }[];
  readonly cash: Balance;
};

type OptionTraded = EventPlace & {
  readonly seriesId: Hex;
  readonly vaultSells: boolean;
  readonly premium: bigint;
  readonly collateralDelta: bigint;
};

type SeriesSettled = EventPlace & {
  readonly seriesId: Hex;
  readonly paidByVault: bigint;
  readonly receivedByVault: bigint;
};

/** A movement told by one amount: deposits, withdrawals, option payments, claims. */
type Movement = EventPlace & { readonly amount: bigint };

type OftSent = EventPlace & {
  readonly guid: Hex;
  readonly from: Address;
  readonly amountSent: bigint;
  readonly amountToReceive: bigint;
};

type OftReceived = EventPlace & {
  readonly guid: Hex;
  readonly to: Address;
  readonly amount: bigint;
};

export type TokenTransfer = EventPlace & {
  readonly token: Address;
  readonly from: Address;
  readonly to: Address;
  readonly amount: bigint;
};

/** A transaction to the vault that had no effect. `reason` is the vault's error, such as `ShardVault_Expired`. */
export type RevertedAttempt = EventPlace & {
  readonly from: Address;
  readonly jobId: Hex | null;
  readonly reason: string;
  readonly gasWei: bigint;
};

/** Balance of one holder in one token before the world began and at the final block, raw. */
export type Balance = {
  readonly token: Address;
  readonly openingRaw: bigint;
  readonly closingRaw: bigint;
};

/**
 * Everything one chain says happened from the world's first block to the final block, decoded. The
 * checks are pure functions of this; nothing in it comes from the coordinator or an agent.
 */
export type ChainHistory = {
  readonly shard: string;
  readonly vault: Address;
  readonly book: Address;
  readonly settlementToken: Address;
  readonly finalBlock: {
    readonly number: number;
    readonly hash: Hex;
    readonly timestampMs: number;
  };
  readonly consumed: readonly MandateConsumed[];
  readonly swaps: readonly SwapExecuted[];
  readonly transfers: readonly TransferSent[];
  /** Between the vault and its accounts at venues. */
  readonly venueMoves: readonly VenueMoved[];
  readonly perpChanges: readonly PerpChanged[];
  /** Of the vault's account, by anybody; size as the position changed, positive where a short was bought back. */
  readonly perpLiquidations: readonly PerpLiquidated[];
  /** The vault's perpetual positions at the final block, as the venue says; 18 decimals. */
  readonly perpSizes: readonly { readonly market: Address; readonly sizeE18: bigint }[];
  /** Null where the chain has no option market. */
  readonly optionVenue: OptionVenueHistory | null;
  readonly optionsPaid: readonly Movement[];
  readonly deposits: readonly Movement[];
  readonly withdrawals: readonly Movement[];
  readonly optionTrades: readonly OptionTraded[];
  readonly settlements: readonly SeriesSettled[];
  readonly claims: readonly Movement[];
  readonly oftSent: readonly OftSent[];
  readonly oftReceived: readonly OftReceived[];
  /** Of the settlement token all, of hedge tokens those that touch the vault. */
  readonly tokenTransfers: readonly TokenTransfer[];
  readonly reverted: readonly RevertedAttempt[];
  readonly vaultBalances: readonly Balance[];
  readonly bookBalance: Balance;
  readonly supply: Balance;
};

/** Addresses compare without regard to case. */
export function isSameAddress(x: Address, y: Address): boolean {
  return x.toLowerCase() === y.toLowerCase();
}

/** Sum of raw amounts. */
export function sumRaw<T>(entries: readonly T[], amountOf: (entry: T) => bigint): bigint {
  return entries.reduce((sum, entry) => sum + amountOf(entry), 0n);
}
