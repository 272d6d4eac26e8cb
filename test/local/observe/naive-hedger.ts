/**
 * The alternative nobody should want: each shard hedges its own delta in its own pools by the same
 * band rule. Pure arithmetic; quotes come from the shard's real pool.
 */

/** Why a part of a shard's delta stays unhedged. */
export const UNHEDGED_REASONS = ["would-short", "no-cash", "no-depth"] as const;
export type UnhedgedReason = (typeof UNHEDGED_REASONS)[number];

/** Time integral and peak of what one shard could not hedge of one underlying, by reason. */
type UnhedgedTotals = {
  readonly ms: number;
  readonly unitMs: number;
  readonly usdMs: number;
  readonly maxUnits: number;
  readonly maxUsd: number;
};

/** What one shard's naive hedge of one underlying has done so far. */
export type NaiveBook = {
  readonly heldRaw: bigint;
  readonly trades: number;
  /** Settlement asset paid for hedges minus received for them; negative when it took in more. */
  readonly spentRaw: bigint;
  readonly turnoverUsd: number;
  /** Paid above (received below) the feed, pool fees included. */
  readonly shortfallUsd: number;
  readonly poolFeesUsd: number;
  readonly watchedMs: number;
  readonly outsideMs: number;
  readonly unhedged: Readonly<Record<UnhedgedReason, UnhedgedTotals>>;
};

/** A trade the naive hedger wants: `buy` of exactly `amountRaw` underlying, or `sell` of it. */
export type NaiveTrade = { readonly side: "buy" | "sell"; readonly amountRaw: bigint };

/** What the naive hedger does at one block: a trade, a remainder it cannot hedge, both or neither. */
export type NaiveIntent = {
  readonly trade: NaiveTrade | null;
  readonly unhedged: { readonly reason: UnhedgedReason; readonly units: number } | null;
};

const NONE: UnhedgedTotals = { ms: 0, unitMs: 0, usdMs: 0, maxUnits: 0, maxUsd: 0 };

/** A naive book that has not traded. */
export const EMPTY_NAIVE_BOOK: NaiveBook = {
  heldRaw: 0n,
  trades: 0,
  spentRaw: 0n,
  turnoverUsd: 0,
  shortfallUsd: 0,
  poolFeesUsd: 0,
  watchedMs: 0,
  outsideMs: 0,
  unhedged: { "would-short": NONE, "no-cash": NONE, "no-depth": NONE },
};

/**
 * What the band rule asks for at one block: outside the band, trade to `targetFraction` of the
 * half-width on the same side. Sells are limited by what is held (spot cannot be shorted), buys by
 * the cash; a part of the wanted trade below `minimumUnits` is not worth its gas and not made.
 */
export function naiveIntent(o: {
  readonly book: NaiveBook;
  readonly decimals: number;
  readonly optionDeltaUnits: number;
  readonly halfWidthUnits: number;
  readonly targetFraction: number;
  readonly minimumUnits: number;
  readonly affordableUnits: number;
}): NaiveIntent {
  const scale = 10 ** o.decimals;
  const heldUnits = Number(o.book.heldRaw) / scale;
  const deltaUnits = o.optionDeltaUnits + heldUnits;
  if (Math.abs(deltaUnits) <= o.halfWidthUnits) return { trade: null, unhedged: null };
  const wantedUnits = Math.abs(deltaUnits) - o.targetFraction * o.halfWidthUnits;
  const side = deltaUnits > 0 ? "sell" : "buy";
  const limitUnits = Math.max(0, side === "sell" ? heldUnits : o.affordableUnits);
  const units = Math.min(wantedUnits, limitUnits);
  const isWorthwhile = units === wantedUnits || units >= o.minimumUnits;
  const doneUnits = isWorthwhile ? units : 0;
  const excessUnits = Math.abs(deltaUnits) - doneUnits - o.halfWidthUnits;
  const reason = side === "sell" ? "would-short" : "no-cash";
  const amountRaw =
    side === "sell" && doneUnits === heldUnits
      ? o.book.heldRaw
      : BigInt(Math.floor(doneUnits * scale));
  return {
    trade: amountRaw > 0n ? { side, amountRaw } : null,
    unhedged: excessUnits > 0 ? { reason, units: excessUnits } : null,
  };
}

/**
 * The book after a trade was filled at a quote.
 *
 * @param fill `settlementRaw` is what was paid (buy) or received (sell), pool fee included.
 */
export function applyNaiveFill(
  book: NaiveBook,
  fill: {
    readonly trade: NaiveTrade;
    readonly settlementRaw: bigint;
    readonly settlementUsd: number;
    readonly feedUsd: number;
    readonly poolFeeFraction: number;
  },
): NaiveBook {
  const isBuy = fill.trade.side === "buy";
  return {
    ...book,
    heldRaw: book.heldRaw + (isBuy ? fill.trade.amountRaw : -fill.trade.amountRaw),
    spentRaw: book.spentRaw + (isBuy ? fill.settlementRaw : -fill.settlementRaw),
    trades: book.trades + 1,
    turnoverUsd: book.turnoverUsd + fill.feedUsd,
    shortfallUsd:
      book.shortfallUsd +
      (isBuy ? fill.settlementUsd - fill.feedUsd : fill.feedUsd - fill.settlementUsd),
    poolFeesUsd:
      book.poolFeesUsd + fill.poolFeeFraction * (isBuy ? fill.settlementUsd : fill.feedUsd),
  };
}

/** The book after `elapsedMs` in which the naive delta stayed as it was after the last decision. */
export function holdNaiveBook(
  book: NaiveBook,
  held: {
    readonly elapsedMs: number;
    readonly outside: boolean;
    readonly spotUsd: number;
    readonly unhedged: NaiveIntent["unhedged"];
  },
): NaiveBook {
  const watched = {
    ...book,
    watchedMs: book.watchedMs + held.elapsedMs,
    outsideMs: book.outsideMs + (held.outside ? held.elapsedMs : 0),
  };
  if (held.unhedged === null) return watched;
  const { reason, units } = held.unhedged;
  const before = book.unhedged[reason];
  const usd = units * held.spotUsd;
  const after: UnhedgedTotals = {
    ms: before.ms + held.elapsedMs,
    unitMs: before.unitMs + units * held.elapsedMs,
    usdMs: before.usdMs + usd * held.elapsedMs,
    maxUnits: Math.max(before.maxUnits, units),
    maxUsd: Math.max(before.maxUsd, usd),
  };
  return { ...watched, unhedged: { ...book.unhedged, [reason]: after } };
}
