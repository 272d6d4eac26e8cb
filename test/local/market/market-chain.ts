import {
  BaseError,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  type PublicClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { type Lane, openLane } from "#test/local/chains/lane.ts";
import { TICKERS, type Ticker } from "#test/local/deploy/world-parameters.ts";
import { type ArbitragePool, approveRouter, arbitrage } from "#test/local/market/arbitrage.ts";
import { pushPrice, setSlices } from "#test/local/market/feed-writer.ts";
import { postLyraPrice, refreshLyra } from "#test/local/market/lyra-market.ts";
import { arbitragePerp, updateIndex } from "#test/local/market/perp-arbitrage.ts";
import type { MarketState } from "#test/local/market/price-path.ts";
import { surfaceSlices } from "#test/local/market/surface.ts";
import type { WorldChain } from "#test/local/world-description.ts";

/** What the market does on one chain. */
export type MarketChain = {
  readonly key: string;
  /**
   * Posts the underlyings' prices, with `withAll` also the settlement asset's price and the volatility
   * surfaces, which move less; then moves the pools to the prices.
   */
  readonly post: (
    state: MarketState,
    o: { readonly withAll: boolean; readonly withArbitrage: boolean },
  ) => Promise<void>;
  /** Lets the arbitrageur trade. */
  readonly prepare: () => Promise<void>;
};

const POLL_MS = 200;

export type MarketChainOptions = {
  readonly chain: WorldChain;
  readonly marketKey: Hex;
  readonly arbitrageurKey: Hex;
  readonly expiriesMs: readonly number[];
};

/** Lanes and contracts of one chain. Feeds that are not the market's own (on a fork) are left alone. */
export function marketChain(options: MarketChainOptions): MarketChain {
  const { chain, expiriesMs } = options;
  const client = chainClient(chain.rpcUrl, chain.chainId);
  const market = openLane(client, privateKeyToAccount(options.marketKey), POLL_MS);
  const arbitrageur = openLane(client, privateKeyToAccount(options.arbitrageurKey), POLL_MS);
  const underlyings = TICKERS.map((ticker) => underlyingOf(chain, ticker));
  const perps = perpsOf(chain);
  const { lyraV1 } = chain.positionVenues;
  let isOwnFeed: ReadonlyMap<Address, boolean> | undefined;

  const postPrices = async (state: MarketState): Promise<void> => {
    isOwnFeed ??= await ownFeeds(
      client,
      market,
      underlyings.map(({ feed }) => feed),
    );
    const own = isOwnFeed;
    for (const { ticker, feed } of underlyings) {
      if (own.get(feed)) await pushPrice(market, feed, state.pricesUsd[ticker]);
    }
  };
  const postSlowOnes = async (state: MarketState): Promise<void> => {
    const hash = await pushPrice(market, chain.settlement.feed, state.settlementUsd);
    // Not waited for; if it is never included the lane asks the chain for its nonce again.
    void market.receipt(hash, "settlement price").catch(() => undefined);
    for (const { ticker, token } of underlyings) {
      const slices = surfaceSlices(state.volatilities[ticker], expiriesMs, Date.now());
      await setSlices(market, chain.contracts.volatilityFeed, { underlying: token, slices });
    }
  };
  const postRest = async (state: MarketState, withAll: boolean): Promise<void> => {
    for (const perp of perps) await updateIndex(market, perp);
    if (lyraV1 !== null) await postLyraPrice(market, lyraV1, state);
    if (!withAll) return;
    await postSlowOnes(state);
    if (lyraV1 !== null) await refreshLyra(market, lyraV1);
  };
  const movePools = async (state: MarketState): Promise<void> => {
    for (const { ticker, pool } of underlyings) {
      await arbitrage(client, arbitrageur, pool, state.pricesUsd[ticker] / state.settlementUsd);
    }
    for (const perp of perps) {
      await arbitragePerp(client, arbitrageur, perp, state.pricesUsd[perp.ticker]);
    }
  };
  return {
    key: chain.key,
    post: async (state, { withAll, withArbitrage }) => {
      await postPrices(state);
      // Beside the slow posts: pools that follow a block after the feeds would take no trade in a crash.
      await Promise.all([postRest(state, withAll), withArbitrage ? movePools(state) : undefined]);
    },
    prepare: async () => {
      for (const { pool } of underlyings) await approveRouter(arbitrageur, pool);
    },
  };
}

/** Curie's markets of a chain that has it. */
function perpsOf({ positionVenues: { curie } }: WorldChain) {
  return TICKERS.flatMap((ticker) => {
    const market = curie?.markets.find(({ underlying }) => underlying === ticker);
    if (curie === null || market === undefined) return [];
    return [{ ...market, ticker, clearingHouse: curie.clearingHouse }];
  });
}

type MarketUnderlying = {
  readonly ticker: Ticker;
  readonly token: Address;
  readonly feed: Address;
  readonly pool: ArbitragePool;
};

function underlyingOf(chain: WorldChain, ticker: Ticker): MarketUnderlying {
  const found = chain.underlyings.find((underlying) => underlying.ticker === ticker);
  if (found === undefined) throw new RangeError(`${chain.key}: no underlying ${ticker}`);
  return {
    ticker,
    token: found.token,
    feed: found.feed,
    pool: {
      ...found.pool,
      swapRouter: chain.contracts.swapRouter,
      base: { token: found.token, decimals: found.decimals },
      quote: { token: chain.settlement.token, decimals: chain.settlement.decimals },
    },
  };
}

const ownerAbi = [
  {
    type: "function",
    name: "owner",
    stateMutability: "view",
    inputs: [],
    outputs: [{ type: "address" }],
  },
] as const;

/** Which feeds the market's account may set. @throws {Error} viem's, when the chain does not answer. */
async function ownFeeds(
  client: PublicClient,
  market: Lane,
  feeds: readonly Address[],
): Promise<ReadonlyMap<Address, boolean>> {
  const entries = feeds.map(async (address): Promise<[Address, boolean]> => {
    const owner = await client
      .readContract({ address, abi: ownerAbi, functionName: "owner" })
      .catch((error: unknown) => {
        if (isContractsWord(error)) return "0x0";
        throw error;
      });
    return [address, BigInt(owner) === BigInt(market.address)];
  });
  return new Map(await Promise.all(entries));
}

/** True when the contract has no owner to tell of; false when nobody answered. */
function isContractsWord(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const isSaid = (one: unknown) =>
    one instanceof ContractFunctionRevertedError || one instanceof ContractFunctionZeroDataError;
  return error.walk(isSaid) !== null;
}
