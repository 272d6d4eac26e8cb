import type { GasFeeTerms } from "#shard-agent/records/gas-fees.ts";
import type { Address } from "#shared/units/ids.ts";

/** One Uniswap v3 pool of an underlying against the settlement asset. */
export type PoolScope = {
  readonly address: Address;
  /** Uniswap fee in hundredths of a basis point: 500 is 0.05 %. */
  readonly fee: number;
  readonly depthUsd: readonly number[];
};

/** What an agent knows of one underlying without reading the chain. */
export type UnderlyingScope = {
  readonly ticker: string;
  readonly token: Address;
  readonly decimals: number;
  readonly source: string;
  readonly feed: Address;
  readonly pools: readonly PoolScope[];
};

/** One Curie market, and the sizes at which its depth is asked. */
type CurieMarketScope = {
  /** Curie's base token. */
  readonly market: Address;
  /** Ticker of the underlying it follows. */
  readonly underlying: string;
  readonly depthUsd: readonly number[];
};

/** One Lyra market and the vault's account there. */
export type LyraScope = {
  readonly adapter: Address;
  readonly market: Address;
  readonly viewer: Address;
  /** Ticker of the market's underlying. */
  readonly underlying: string;
  /** Uniswap v3 pool of the settlement asset against what Lyra is paid in. */
  readonly swapPool: Address;
  /** In whose name depth is asked: any account that can pay there. Nothing is ever sent from it. */
  readonly quoteFrom: Address;
  /** Sizes in options at which both sides are quoted. */
  readonly depthOptions: readonly number[];
};

/** The vault's account at Curie. */
export type CurieScope = {
  readonly adapter: Address;
  readonly clearingHouse: Address;
  /** In whose name depth is asked: any account with free margin there. Nothing is ever sent from it. */
  readonly quoteFrom: Address;
  readonly markets: readonly CurieMarketScope[];
};

/** The vault's accounts at venues where it keeps positions. */
type PositionVenuesScope = {
  readonly desk: Address;
  readonly aaveV3: {
    readonly adapter: Address;
    readonly pool: Address;
    readonly oracle: Address;
  } | null;
  readonly curie: CurieScope | null;
  readonly lyraV1: LyraScope | null;
};

/** The part of the agent's configuration that its decisions need. */
export type ShardScope = {
  readonly shard: string;
  readonly agent: string;
  readonly chainId: number;
  readonly contracts: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly uniswapAdapter: Address;
  };
  /** Null when the vault has no venue desk. */
  readonly positionVenues: PositionVenuesScope | null;
  readonly settlement: {
    readonly ticker: string;
    readonly token: Address;
    readonly decimals: number;
  };
  readonly underlyings: readonly UnderlyingScope[];
  readonly mandateSigners: readonly Address[];
  readonly mandateQuorum: number;
  readonly gasFloorWei: string;
  readonly gasFees: GasFeeTerms;
  readonly feedMaxAgeMs: number;
  readonly staleAfterMs: number;
  readonly blockTimeMs: number;
};

/** Addresses compare without regard to case: checksummed and lower-case spellings are the same account. */
export function isSameAddress(first: Address, second: Address): boolean {
  return first.toLowerCase() === second.toLowerCase();
}

/** The configured underlying of a spot token; undefined when the agent does not know it. */
export function underlyingOfToken(scope: ShardScope, token: Address): UnderlyingScope | undefined {
  return scope.underlyings.find((one) => isSameAddress(one.token, token));
}
