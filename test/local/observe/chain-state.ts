import { type Address, erc20Abi } from "viem";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { settablePriceFeedAbi } from "#shared/evm/abi/settable-price-feed.ts";
import { settableVolatilityFeedAbi } from "#shared/evm/abi/settable-volatility-feed.ts";
import type { FeedSlice } from "#test/local/check/accounts/total-variance.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";
import {
  type OptionAccount,
  readOptionAccount,
  readStrike,
} from "#test/local/observe/option-account.ts";
import { type PerpAccount, readPerpAccount } from "#test/local/observe/perp-account.ts";
import { venueHoldingRaw } from "#test/local/observe/venue-holdings.ts";
import type { WorldUnderlying } from "#test/local/world-description.ts";

const FEED_SCALE = 1e8;
const WAD = 1e18;

/** Open option series of the book, and longs at an option market; `quantity` is the vault's, positive long and negative short, in options. */
export type SeriesState = {
  readonly underlying: string;
  readonly isCall: boolean;
  readonly strikeUsd: number;
  readonly expiryMs: number;
  readonly quantity: number;
};

/** What one chain says of one underlying and the vault's hedge in it, venues included. */
export type UnderlyingState = {
  readonly ticker: string;
  readonly spotUsd: number;
  readonly spotUpdatedAtMs: number;
  readonly slices: readonly FeedSlice[];
  readonly hedgeRaw: bigint;
  readonly hedgeUnits: number;
  /** Position in perpetuals, positive long. */
  readonly perpUnits: number;
};

/** One shard read from its chain at one block, by the observer's own calls. */
export type ChainState = {
  readonly shard: string;
  readonly blockNumber: number;
  readonly blockTimestampMs: number;
  readonly baseFeeWei: bigint;
  /** In the vault and, for it, at venues; without what an account at a perpetual venue is worth. */
  readonly settlementRaw: bigint;
  /** Worth of the account at a perpetual venue, margin and all, in units of the settlement asset. */
  readonly perpAccountUnits: number;
  readonly settlementDecimals: number;
  readonly settlementPriceUsd: number;
  readonly underlyings: readonly UnderlyingState[];
  readonly series: readonly SeriesState[];
};

/**
 * Reads one shard, everything at one block: feeds, volatility slices, live series, balances.
 *
 * @param blockNumber Block to read at; the newest one when left out.
 * @throws {Error} viem's error when a call fails; nothing is guessed.
 */
export async function readChainState(
  observed: ObservedChain,
  blockNumber?: bigint,
): Promise<ChainState> {
  const { chain, client } = observed;
  const block = await client.getBlock(blockNumber === undefined ? {} : { blockNumber });
  const at = { blockNumber: block.number };
  const perpAccount = await readPerpAccount(observed, block.number);
  const optionAccount = await readOptionAccount(observed, block.number);
  const [settlementRaw, settlementPriceUsd, series, underlyings] = await Promise.all([
    balanceOf(observed, chain.settlement.token, block.number),
    readPrice(observed, chain.settlement.feed, block.number),
    client.readContract({
      address: chain.contracts.optionBook,
      abi: optionBookAbi,
      functionName: "liveSeries",
      ...at,
    }),
    Promise.all(
      chain.underlyings.map(async (u) => ({
        ...(await readUnderlying(observed, u, block.number)),
        perpUnits: perpUnits(perpAccount, u.ticker),
      })),
    ),
  ]);
  const tickers = new Map(chain.underlyings.map((u) => [u.token.toLowerCase(), u.ticker]));
  return {
    shard: chain.shard,
    blockNumber: Number(block.number),
    blockTimestampMs: Number(block.timestamp) * 1000,
    baseFeeWei: block.baseFeePerGas ?? 0n,
    settlementRaw: settlementRaw + (optionAccount?.cashRaw ?? 0n),
    perpAccountUnits: Number(perpAccount.valueE18) / WAD,
    settlementDecimals: chain.settlement.decimals,
    settlementPriceUsd: settlementPriceUsd.usd,
    underlyings,
    series: [
      ...series.map((s) => seriesState(s, tickers)),
      ...(await venueSeries(observed, optionAccount, block.number)),
    ],
  };
}

/** Price of a feed at a block, in USD. @throws {RangeError} If the answer is not positive. */
export async function readPrice(
  { client }: ObservedChain,
  feed: Address,
  blockNumber: bigint,
): Promise<{ readonly usd: number; readonly updatedAtMs: number }> {
  const [, answer, , updatedAt] = await client.readContract({
    address: feed,
    abi: settablePriceFeedAbi,
    functionName: "latestRoundData",
    blockNumber,
  });
  if (answer <= 0n)
    throw new RangeError(`feed ${feed} at block ${blockNumber}: ${answer}; must be positive`);
  return { usd: Number(answer) / FEED_SCALE, updatedAtMs: Number(updatedAt) * 1000 };
}

async function readUnderlying(
  observed: ObservedChain,
  u: WorldUnderlying,
  blockNumber: bigint,
): Promise<Omit<UnderlyingState, "perpUnits">> {
  const [price, slices, hedgeRaw] = await Promise.all([
    readPrice(observed, u.feed, blockNumber),
    observed.client.readContract({
      address: observed.chain.contracts.volatilityFeed,
      abi: settableVolatilityFeedAbi,
      functionName: "slices",
      args: [u.token],
      blockNumber,
    }),
    balanceOf(observed, u.token, blockNumber),
  ]);
  return {
    ticker: u.ticker,
    spotUsd: price.usd,
    spotUpdatedAtMs: price.updatedAtMs,
    slices: slices.map((s) => ({
      expiryMs: Number(s.expiry) * 1000,
      a: Number(s.a) / WAD,
      b: Number(s.b) / WAD,
      rho: Number(s.rho) / WAD,
      m: Number(s.m) / WAD,
      sigma: Number(s.sigma) / WAD,
      updatedAtMs: Number(s.updatedAt) * 1000,
    })),
    hedgeRaw,
    hedgeUnits: Number(hedgeRaw) / 10 ** u.decimals,
  };
}

function perpUnits({ positions }: PerpAccount, ticker: string): number {
  const own = positions.filter((one) => one.ticker === ticker);
  return own.reduce((sum, { sizeE18 }) => sum + Number(sizeE18) / WAD, 0);
}

/** In the vault and, for it, at venues. */
async function balanceOf(
  observed: ObservedChain,
  token: Address,
  blockNumber: bigint,
): Promise<bigint> {
  const { chain, client } = observed;
  const args = [chain.contracts.vault] as const;
  const inVault = await client.readContract({
    address: token,
    abi: erc20Abi,
    functionName: "balanceOf",
    args,
    blockNumber,
  });
  return inVault + (await venueHoldingRaw(observed, token, blockNumber));
}

async function venueSeries(
  observed: ObservedChain,
  account: OptionAccount | null,
  blockNumber: bigint,
): Promise<SeriesState[]> {
  if (account === null) return [];
  const { underlying, longs } = account;
  const series = longs.map(async ({ strikeId, isCall, quantityE18 }) => {
    const strike = await readStrike(observed, strikeId, blockNumber);
    return { underlying, isCall, ...strike, quantity: Number(quantityE18) / WAD };
  });
  return Promise.all(series);
}

function seriesState(
  series: {
    readonly underlying: Address;
    readonly isCall: boolean;
    readonly expiry: bigint;
    readonly strike: bigint;
    readonly takersLong: bigint;
    readonly takersShort: bigint;
  },
  tickers: ReadonlyMap<string, string>,
): SeriesState {
  const underlying = tickers.get(series.underlying.toLowerCase());
  if (underlying === undefined)
    throw new RangeError(`series on ${series.underlying}, which the world does not list`);
  return {
    underlying,
    isCall: series.isCall,
    strikeUsd: Number(series.strike) / FEED_SCALE,
    expiryMs: Number(series.expiry) * 1000,
    quantity: Number(series.takersShort - series.takersLong) / WAD,
  };
}
