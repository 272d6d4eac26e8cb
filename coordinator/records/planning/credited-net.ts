import type { Greeks } from "#shared/risk/pricing/greeks.ts";

/** Options of somebody else, valued like our own. */
export type ValuedInventory = {
  readonly source: string;
  /** Shard whose agent reads it. */
  readonly shard: string;
  readonly underlying: string;
  readonly isStale: boolean;
  readonly netAssetValueUsd: number;
  readonly freeUsd: number;
  /** The owner's Greeks, its hedge included; null while they cannot be told. */
  readonly greeks: Greeks | null;
  /** Share of them that the credited net counts: the policy's, or nothing while stale or unpriced. */
  readonly creditFraction: number;
};

/** The net of an underlying with a share of what others hold. */
export type CreditedNet = {
  readonly inventories: readonly ValuedInventory[];
  /** Net Greeks plus each inventory's times its share. Decides nothing. */
  readonly greeks: Greeks;
};
