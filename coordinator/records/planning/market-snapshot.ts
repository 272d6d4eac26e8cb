import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";

/** One spot source of a snapshot with its age when the snapshot was taken. */
export type SpotSource = {
  readonly source: string;
  readonly spotUsd: number;
  readonly ageMs: number;
};

/** The market of one underlying for one pass. When `refused` is a reason, nothing may be decided on it. */
export type UnderlyingSnapshot = {
  readonly underlying: string;
  /** Median of the fresh sources; null when there is none. */
  readonly spotUsd: number | null;
  readonly sources: readonly SpotSource[];
  readonly volatilitySource: string | null;
  readonly slices: readonly SviSlice[];
  /** How far from it a feed may be that is not seen now, as a fraction; null when no shard that reports sees the price. */
  readonly spotSpreadFraction: number | null;
  readonly refused: string | null;
};

/** The one market all books of a pass are valued on. */
export type MarketSnapshot = {
  readonly asOfMs: number;
  readonly underlyings: ReadonlyMap<string, UnderlyingSnapshot>;
  /** Median price of the settlement asset in USD; null when no fresh source says. */
  readonly settlementUsd: number | null;
};
