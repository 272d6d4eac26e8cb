import type { FeedPrice, RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { EndpointMessage } from "#test/simulation/world/message.ts";
import type { Site } from "#test/simulation/world/site.ts";

/** State of one shard's contracts after one block. Values are replaced, never changed in place. */
export type ShardState = {
  readonly epoch: number;
  readonly leader: Address;
  readonly consumed: ReadonlySet<Hex>;
  readonly settlementRaw: bigint;
  readonly hedgeRaw: bigint;
  readonly desk: DeskState;
  readonly swapWindow: Bucket;
  readonly transferWindow: Bucket;
  /** Rounds of the price feed, oldest first; round ids count from 1. */
  readonly rounds: readonly FeedPrice[];
  readonly settlementUpdatedAtMs: number;
  readonly volatilityUpdatedAtMs: number;
  readonly series: readonly RawSeries[];
  readonly outboundNonces: ReadonlyMap<number, number>;
  readonly received: ReadonlySet<Hex>;
  /** Messages that wait at the endpoint, by guid. */
  readonly messages: ReadonlyMap<Hex, EndpointMessage>;
  readonly nonces: ReadonlyMap<Address, number>;
  readonly gasWei: ReadonlyMap<Address, bigint>;
};

/** The vault's accounts at a lending pool and at a perpetual market. */
export type DeskState = {
  readonly suppliedRaw: bigint;
  /** Margin put in less what was taken out. */
  readonly marginRaw: bigint;
  readonly sizeE18: bigint;
  /** What all trades have cost, less what they brought, USD with 18 decimals. */
  readonly openE18: bigint;
  /** No supply and no trades are taken. */
  readonly isClosed: boolean;
};

export type Bucket = { readonly levelRaw: bigint; readonly updatedAtSeconds: number };

/** What the vaults allow, set when they are deployed. */
export type VaultRules = {
  readonly site: Site;
  readonly signer: Address;
  readonly sisters: ReadonlyMap<number, Hex>;
  /** Settlement token of each sister, by endpoint id. */
  readonly tokens: ReadonlyMap<number, Address>;
  /** Price of the pool against the feed. */
  readonly poolPremium: number;
  /** Planted: a mandate is taken as often as it comes. */
  readonly takesTwice: boolean;
};
