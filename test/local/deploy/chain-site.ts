import type { PublicClient } from "viem";
import type { ChainEntry } from "#shared/evm/chain-registry.ts";
import type { Address } from "#shared/units/ids.ts";
import type { Lane } from "#test/local/chains/lane.ts";
import type { WorldKeys } from "#test/local/chains/world-keys.ts";
import type { Ticker } from "#test/local/deploy/world-parameters.ts";
import type { ForkContracts } from "#test/local/fork/fork-config.ts";
import type { WorldContracts, WorldPositionVenues } from "#test/local/world-description.ts";

/** A running chain on which a shard is to be built. */
export type ChainSite = {
  readonly entry: ChainEntry;
  /** Number of the chain in its world, from 0. */
  readonly index: number;
  readonly rpcUrl: string;
  readonly client: PublicClient;
  readonly keys: WorldKeys;
  /** Owns everything the world deploys. */
  readonly deployer: Lane;
  /** Prices at which pools and feeds start. */
  readonly startPricesUsd: Readonly<Record<Ticker, number>>;
  /** Third-party contracts of a forked chain; null on an empty one. */
  readonly fork: ForkContracts | null;
};

/** What was built on a chain. */
export type DeployedShard = {
  readonly site: ChainSite;
  readonly deployBlock: number;
  readonly contracts: WorldContracts;
  /** Where the vault may keep positions; all null on a forked chain. */
  readonly positionVenues: WorldPositionVenues;
  readonly settlement: { readonly token: Address; readonly feed: Address };
  readonly underlyings: Readonly<
    Record<
      Ticker,
      {
        readonly token: Address;
        readonly feed: Address;
        readonly pool: { readonly address: Address; readonly fee: number };
      }
    >
  >;
  /** Tickers whose feeds (and, as `USDX`, the settlement asset's) this world's market sets. */
  readonly ownFeeds: readonly string[];
};
