import type { FeedPrice, RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { Site } from "#test/simulation/world/site.ts";

/** State of one shard's contracts after one block. Values are replaced, never changed in place. */
export type ShardState = {
  readonly epoch: number;
  readonly leader: Address;
  readonly consumed: ReadonlySet<Hex>;
  readonly settlementRaw: bigint;
  readonly hedgeRaw: bigint;
  readonly swapWindow: Bucket;
  readonly transferWindow: Bucket;
  /** Rounds of the price feed, oldest first; round ids count from 1. */
  readonly rounds: readonly FeedPrice[];
  readonly settlementUpdatedAtMs: number;
  readonly volatilityUpdatedAtMs: number;
  readonly series: readonly RawSeries[];
  readonly outboundNonces: ReadonlyMap<number, number>;
  readonly received: ReadonlySet<Hex>;
  readonly nonces: ReadonlyMap<Address, number>;
  readonly gasWei: ReadonlyMap<Address, bigint>;
};

export type Bucket = { readonly levelRaw: bigint; readonly updatedAtSeconds: number };

/** What the vaults allow, set when they are deployed. */
export type VaultRules = {
  readonly site: Site;
  readonly signer: Address;
  readonly sisters: ReadonlyMap<number, Hex>;
  /** Price of the pool against the feed. */
  readonly poolPremium: number;
};
