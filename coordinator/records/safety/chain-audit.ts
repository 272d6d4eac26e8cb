import type { Address, Hex } from "#shared/units/ids.ts";
import type { Caps } from "#shared/wire/report-caps.ts";
import type { MarketLine, PerpLine } from "#shared/wire/shard-report.ts";

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

/** What is asked of a chain because a report speaks of it; each list is bounded by who asks (ask-chain.ts). */
export type AuditQuestions = {
  /** Jobs to look up, whether the vault has consumed them. */
  readonly jobIds: readonly Hex[];
  /** Credits to look up, each in the one block it is said to be in. */
  readonly credits: readonly { readonly guid: Hex; readonly blockNumber: number }[];
  /** Perpetual markets where an account is said to have something. */
  readonly perpMarkets: readonly { readonly adapter: Address; readonly market: Address }[];
  /** Pools that are said to take trades, through which contract. */
  readonly pools: readonly { readonly adapter: Address; readonly pool: Address }[];
  /** Points of pools' depth. */
  readonly depth: readonly DepthQuestion[];
  /** Points of perpetuals' depth. */
  readonly perpDepth: readonly PerpDepthQuestion[];
};

/** What would a pool pay for an amount? */
export type DepthQuestion = {
  readonly pool: Address;
  readonly assetIn: Address;
  readonly assetOut: Address;
  readonly amountInRaw: string;
};

/** What would a size cost, or bring, at a perpetual market, traded in the name of the vault's own account? */
export type PerpDepthQuestion = {
  readonly adapter: Address;
  readonly market: Address;
  readonly side: "buy" | "sell";
  readonly sizeE18: string;
};

/** Lists of a report whose lines are held to the chain field by field. */
export type ProvedList = "lending" | "perps" | "optionMarkets" | "capacity" | "longs";

/** What one line of a report must say: fields of the same names, units and rounding. */
export type ProvedLine =
  | LineOf<"perps", ProvedPerp>
  | LineOf<
      Exclude<ProvedList, "perps">,
      Readonly<Record<string, string | number | boolean | null>>
    >;

type LineOf<List extends ProvedList, Fields> = {
  readonly list: List;
  /** {@link lineKey} of the line. */
  readonly key: string;
  readonly fields: Fields;
  /** True when there is nothing: then the line may be missing. */
  readonly isEmpty: boolean;
};

/** Of a position all that its value and its delta need: the chain's word has to do where the report's is not taken. */
type ProvedPerp = Pick<
  PerpLine,
  | "marginToken"
  | "marginDecimals"
  | "sizeE18"
  | "openNotionalUsd"
  | "markUsd"
  | "indexUsd"
  | "accountValueUsd"
  | "freeMarginRaw"
  | "marginRatio"
  | "initialMarginFraction"
  | "maintenanceMarginFraction"
> & {
  /** Null of a market that is configured nowhere. */
  readonly underlying: string | null;
};

/** What names a line at a venue: the account or contract, and what of it. */
export function lineKey(...parts: readonly string[]): string {
  return parts.join(" ").toLowerCase();
}

/** Parts of a look that can fail by themselves: each rests on contracts that are not the vault's own. */
export type AuditPart =
  | "capital"
  | "liabilities"
  | "balance"
  | "feed"
  | "volatility"
  | "account"
  | "caps"
  | "pool"
  | "depth";

/** What names one part of a look in {@link ChainAudit.unseen}. */
export function partKey(part: AuditPart, ...of: readonly string[]): string {
  return lineKey(part, ...of);
}

/** What the vault's accounts at venues hold. */
export type AuditedVenues = {
  readonly lines: readonly ProvedLine[];
  /** Of all accounts that could be seen together, by token, lower case. */
  readonly heldRaw: ReadonlyMap<string, bigint>;
  /** False when the options held at venues could not be told: no viewer is configured. */
  readonly knowsLongs: boolean;
  /** What the desk's caps still allow; null without a desk, or where it could not be seen. */
  readonly caps: Caps | null;
};

/** A feed's answer, in a report's units. */
export type AuditedPrice = { readonly priceUsd: number; readonly updatedAtMs: number };

/** What a shard's own contracts say at one block, read by the coordinator itself. */
export type ChainAudit = {
  /** As the chain has the block of that hash. */
  readonly block: { readonly number: number; readonly timestampMs: number };
  /** Of that block; null on a chain that has none. */
  readonly baseFeeWei: bigint | null;
  readonly epoch: number;
  readonly leader: Address;
  readonly paused: boolean;
  /** Null, as the next: could not be seen. */
  readonly capitalRaw: bigint | null;
  readonly liabilitiesRaw: bigint | null;
  /** Shares of the vault. */
  readonly sharesRaw: bigint;
  /** The vault's balances by token, lower case. */
  readonly balancesRaw: ReadonlyMap<string, bigint>;
  readonly series: readonly AuditedSeries[];
  /** Of the jobs that were asked for, those the vault has consumed. */
  readonly consumed: ReadonlySet<string>;
  /** Of the credits that were asked for, those the token gave the vault in the block they are said to be in: raw amount by guid. */
  readonly credited: ReadonlyMap<string, string>;
  /** The vault's feeds by token, lower case; a token without one is missing. */
  readonly prices: ReadonlyMap<string, AuditedPrice>;
  /** Live slices by token, lower case, ascending by expiry; null when no volatility feed is configured. */
  readonly volatility: ReadonlyMap<string, MarketLine["volatility"]> | null;
  readonly venues: AuditedVenues;
  /** Answers to the questions of depth, in their order; null where there is none to compare with. */
  readonly depthOutRaw: readonly (bigint | null)[];
  readonly perpQuotesE18: readonly (bigint | null)[];
  /** What could not be seen ({@link partKey}): nothing is said of it, and whoever speaks of it does not lie. */
  readonly unseen: ReadonlySet<string>;
};
