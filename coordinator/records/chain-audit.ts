import type { Address, Hex } from "#shared/units/ids.ts";

/** One live series of the option book, as its contract keeps it. */
export type AuditedSeries = {
  readonly seriesId: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expirySeconds: bigint;
  readonly strikeE8: bigint;
  readonly takersLongE18: bigint;
  readonly takersShortE18: bigint;
};

/** What a shard's own contracts say at one block, read by the coordinator itself. */
export type ChainAudit = {
  readonly epoch: number;
  readonly leader: Address;
  readonly paused: boolean;
  readonly capitalRaw: bigint;
  readonly liabilitiesRaw: bigint;
  /** Shares of the vault. */
  readonly sharesRaw: bigint;
  /** The vault's balances by token, lower case. */
  readonly balancesRaw: ReadonlyMap<string, bigint>;
  readonly series: readonly AuditedSeries[];
  /** Of the jobs that were asked for, those the vault has consumed. */
  readonly consumed: ReadonlySet<string>;
};
