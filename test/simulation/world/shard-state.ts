import type { FeedPrice, RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { DeskState } from "#test/simulation/desk/desk-state.ts";
import type { Bucket } from "#test/simulation/desk/windows.ts";
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
  /** Way of a swap that the pool does not take, whatever reports say of it; null when it takes both. */
  readonly poolRefuses: "buy" | "sell" | null;
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
  /** Planted: the desk's caps are not looked at. */
  readonly ignoresCaps: boolean;
};
