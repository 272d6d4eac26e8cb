import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { Greeks } from "#shared/risk/pricing/greeks.ts";

/** Greeks of one shard, underlying and expiry; `expiryMs` null is spot. */
export type GreekLine = { readonly expiryMs: number | null; readonly greeks: Greeks };

/** By how much gamma and vega of one expiry change with each of a list of moves of the market, the same for every expiry. */
export type ExpiryMoves = {
  readonly expiryMs: number;
  readonly gammaUnitsPerUsd: readonly number[];
  readonly vegaUsdPerVolPoint: readonly number[];
};

/** What is not known of gamma and vega of a book that is only carried. */
export type SilentGreeks = {
  readonly book: readonly ExpiryMoves[];
  /** Most that trades nobody has reported may have changed either way, if all were of this expiry. */
  readonly unseen: readonly {
    readonly expiryMs: number;
    readonly gammaUnitsPerUsd: number;
    readonly vegaUsdPerVolPoint: number;
  }[];
};

/** One shard's position in one underlying, on a pass's snapshot. */
export type UnderlyingValuation = {
  readonly underlying: string;
  readonly spotUsd: number;
  /** One line per expiry, spot first; never added up before they are quantised. */
  readonly lines: readonly GreekLine[];
  /** Plain sum of the lines, for one shard's own figures. */
  readonly greeks: Greeks;
  /** Value of all options in USD: negative when the shard owes. */
  readonly optionValueUsd: number;
  /** Number of options the shard is short, over all series. */
  readonly shortOptions: number;
  /** Units held as hedges, over all locations. */
  readonly hedgeUnits: number;
  /** Net position in perpetuals, over all venues: as much delta, and no balance. */
  readonly perpUnits: number;
  /** Hedge balance the vault itself holds and can sell, raw. */
  readonly sellableRaw: bigint;
  /** Weighted P&L in USD on the standard grid, options, hedges and perpetuals together. */
  readonly gridPnlUsd: readonly number[];
  /** Smallest and largest delta over the standard grid when the report is stale; else the delta twice. */
  readonly gridDeltaUnits: readonly [number, number];
  /** Left out of a book that is not only carried. */
  readonly silent?: SilentGreeks;
};

/** One shard's whole book on a pass's snapshot. */
export type ShardValuation = {
  readonly shard: string;
  readonly entry: BookEntry;
  /** Settlement asset the vault itself holds, raw. */
  readonly cashRaw: bigint;
  /** Settlement asset over all locations in USD. */
  readonly cashUsd: number;
  readonly settlementUsd: number;
  /** Worth of its accounts at perpetual venues beyond what is free there and counts as cash; may be negative. */
  readonly boundMarginUsd: number;
  /** Settlement asset the vault must pay as soon as somebody settles its expired series; the book pays at par. */
  readonly dueUnits: number;
  readonly underlyings: ReadonlyMap<string, UnderlyingValuation>;
  /** Tickers the shard has a position in that could not be valued, with the reason. */
  readonly unvalued: ReadonlyMap<string, string>;
  /** Its share of what the pool of shards that cover each other must hold, in USD; left out, it covers itself alone. */
  readonly mutualUsd?: number;
  /** Cash, hedges and options at the snapshot; what could not be valued is missing. */
  /** Cash, bound margin, hedges and options at the snapshot; what could not be valued is missing. */
  readonly equityUsd: number;
};
