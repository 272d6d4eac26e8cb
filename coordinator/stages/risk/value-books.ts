import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type {
  MarketSnapshot,
  UnderlyingSnapshot,
} from "#coordinator/records/planning/market-snapshot.ts";
import type {
  GreekLine,
  ShardValuation,
  UnderlyingValuation,
} from "#coordinator/records/planning/shard-valuation.ts";
import { carriedGreeks, type UnseenTrades } from "#coordinator/stages/risk/carried-greeks.ts";
import { addGreeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import {
  type OptionMarket,
  type OptionPosition,
  valueOption,
} from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { REGULAR_MOVE_MAX, STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CollateralLine, OptionLine } from "#shared/wire/shard-report.ts";

/**
 * Values every book on one snapshot, whatever its age. The agents' own Greeks are not used. What the
 * snapshot or the surface cannot value is named in `unvalued`, never counted as zero risk. A perpetual is as much delta
 * as its size; what it has gained is in its account's value.
 *
 * Options past their expiry keep their intrinsic value at the snapshot's spot and have no Greeks:
 * their settlement price is fixed already.
 *
 * @param stale Shards whose book is only carried: their delta, vega and gamma alone are intervals.
 * @param unseen What may have been traded since their reports; nothing when left out.
 */
export function valueBooks(
  entries: readonly BookEntry[],
  snapshot: MarketSnapshot,
  stale: ReadonlySet<string>,
  unseen: UnseenTrades = NO_TRADES,
): ShardValuation[] {
  return entries.map((entry) => {
    return valueBook(entry, snapshot, stale.has(entry.report.shard) ? unseen : undefined);
  });
}

const NO_TRADES: UnseenTrades = { unseenTradesUsdPerHour: 0, unseenTradesMaxUsd: 0 };

/** @param carried Given for a book that is only carried: its delta becomes an interval. */
function valueBook(
  entry: BookEntry,
  snapshot: MarketSnapshot,
  carried: UnseenTrades | undefined,
): ShardValuation {
  const valued = new Map<string, UnderlyingValuation>();
  const unvalued = new Map<string, string>();
  for (const ticker of tickersOf(entry)) {
    const outcome = valueOne(entry, ticker, snapshot, carried);
    if (outcome === undefined) continue;
    if (typeof outcome === "string") unvalued.set(ticker, outcome);
    else valued.set(ticker, outcome);
  }
  const settlementUsd = snapshot.settlementUsd ?? 0;
  const cash = entry.report.collateral.filter((line) => line.underlying === null);
  // Cash at no price is no loss: where nothing else is held, only this says that the book is not known.
  if (snapshot.settlementUsd === null)
    unvalued.set(cash[0]?.asset ?? "settlement asset", "no fresh settlement price");
  const cashUsd = sum(cash.map((line) => unitsOf(line) * settlementUsd));
  const positionsUsd = [...valued.values()].map(
    (one) => one.optionValueUsd + one.hedgeUnits * one.spotUsd,
  );
  const boundMarginUsd = boundMarginUnits(entry) * settlementUsd;
  return {
    shard: entry.report.shard,
    entry,
    boundMarginUsd,
    cashRaw: vaultRaw(cash),
    cashUsd,
    settlementUsd,
    dueUnits: dueUnits(entry, snapshot),
    underlyings: valued,
    unvalued,
    equityUsd: cashUsd + boundMarginUsd + sum(positionsUsd),
  };
}

/** Account value beyond what is free, in the margin asset, each account once however many markets it has. */
function boundMarginUnits(entry: BookEntry): number {
  const accounts = new Map(entry.report.perps.map((line) => [line.adapter, line]));
  return sum(
    [...accounts.values()].map((line) => {
      return line.accountValueUsd - unitsFromRaw(BigInt(line.freeMarginRaw), line.marginDecimals);
    }),
  );
}

/**
 * Payoffs of expired series the vault is short, each paid by itself: a series it is long of does not help. At spot, or at
 * the mark where that is more: an agent that knows what a series settles at marks it so. No chain proves a mark, so it
 * asks for no more than the worst regular move of spot would.
 */
function dueUnits({ report }: BookEntry, snapshot: MarketSnapshot): number {
  const owed = report.book.map((line) => {
    const spotUsd = snapshot.underlyings.get(line.underlying)?.spotUsd;
    if (line.expiryMs > snapshot.asOfMs || typeof spotUsd !== "number") return 0;
    const position = positionOf(line);
    const worstSpotUsd = spotUsd * (1 + (line.type === "call" ? 1 : -1) * REGULAR_MOVE_MAX);
    const mostUsd = -intrinsicUsd(position, worstSpotUsd);
    const markedUsd =
      line.expiryMs > report.block.timestampMs
        ? 0
        : Math.min(-line.quantity * line.markUsd, mostUsd);
    return Math.max(0, -intrinsicUsd(position, spotUsd), markedUsd);
  });
  return sum(owed);
}

/** Tickers with a position, and those whose market the shard knows (a hedge could be bought there). */
function tickersOf(entry: BookEntry): Set<string> {
  const { book, collateral, market, perps } = entry.report;
  return new Set([
    ...perps.filter((line) => line.sizeE18 !== "0").map((line) => line.underlying),
    ...book.filter((line) => line.quantity !== 0).map((line) => line.underlying),
    ...collateral.flatMap((line) => (line.underlying === null ? [] : [line.underlying])),
    ...market.map((line) => line.underlying),
  ]);
}

/** The valuation, or why there is none; undefined when there is nothing to value either. */
function valueOne(
  entry: BookEntry,
  ticker: string,
  snapshot: MarketSnapshot,
  carried: UnseenTrades | undefined,
): UnderlyingValuation | string | undefined {
  const market = snapshot.underlyings.get(ticker);
  if (market === undefined) return "no policy for this underlying";
  if (market.refused !== null || market.spotUsd === null) {
    return hasPosition(entry, ticker) ? (market.refused ?? "no fresh spot source") : undefined;
  }
  try {
    const usable = { ...market, spotUsd: market.spotUsd, nowMs: snapshot.asOfMs };
    return valuation(entry, ticker, usable, carried);
  } catch (error) {
    // The surface has no sane value at some strike: the position cannot be priced.
    if (error instanceof RangeError) return "cannot be priced on this surface";
    throw error;
  }
}

function hasPosition(entry: BookEntry, ticker: string): boolean {
  const { book, collateral, perps } = entry.report;
  return (
    perps.some((line) => line.underlying === ticker && line.sizeE18 !== "0") ||
    book.some((line) => line.underlying === ticker && line.quantity !== 0) ||
    collateral.some((line) => line.underlying === ticker && line.amountRaw !== "0")
  );
}

type Market = UnderlyingSnapshot & { readonly spotUsd: number; readonly nowMs: number };

function valuation(
  entry: BookEntry,
  ticker: string,
  market: Market,
  carried: UnseenTrades | undefined,
): UnderlyingValuation {
  const { nowMs } = market;
  const options = entry.report.book.filter(
    (line) => line.underlying === ticker && line.quantity !== 0,
  );
  const live = options.filter((line) => line.expiryMs > nowMs).map(positionOf);
  const expired = options.filter((line) => line.expiryMs <= nowMs).map(positionOf);
  const hedges = entry.report.collateral.filter((line) => line.underlying === ticker);
  const hedgeUnits = sum(hedges.map(unitsOf));
  const perps = entry.report.perps.filter((line) => line.underlying === ticker);
  const perpUnits = sum(perps.map((line) => unitsFromRaw(BigInt(line.sizeE18), 18)));
  const linearUnits = hedgeUnits + perpUnits;
  const spread = market.spotSpreadFraction;
  const optionMarket: OptionMarket = {
    spotUsd: market.spotUsd,
    slices: market.slices,
    nowMs,
    rate: 0,
    carry: 0,
  };
  const { lines, valueUsd } = liveLines(live, optionMarket);
  const all: GreekLine[] = [
    { expiryMs: null, greeks: { ...ZERO_GREEKS, deltaUnits: linearUnits } },
    ...lines,
  ];
  const greeks = all.reduce((total, line) => addGreeks(total, line.greeks), ZERO_GREEKS);
  return {
    underlying: ticker,
    spotUsd: market.spotUsd,
    lines: all,
    greeks,
    optionValueUsd:
      valueUsd + sum(expired.map((position) => intrinsicUsd(position, market.spotUsd))),
    shortOptions: sum(live.map((position) => Math.max(0, -position.quantity))),
    hedgeUnits,
    perpUnits,
    sellableRaw: vaultRaw(hedges),
    gridPnlUsd: optionScenarioPnlUsd(live, linearUnits, optionMarket, STANDARD_GRID),
    gridDeltaUnits: [greeks.deltaUnits, greeks.deltaUnits],
    ...(carried === undefined
      ? {}
      : carriedGreeks(entry, { live, linearUnits, market: optionMarket, spread, carried })),
  };
}

/** Live options, one line of Greeks per expiry, and their value. */
function liveLines(
  live: readonly OptionPosition[],
  market: OptionMarket,
): { lines: GreekLine[]; valueUsd: number } {
  const byExpiry = new Map<number, GreekLine["greeks"]>();
  let valueUsd = 0;
  for (const position of live) {
    const value = valueOption(position, market);
    valueUsd += value.priceUsd;
    const greeks = mapGreeks(value, (greek) => greek);
    byExpiry.set(
      position.expiryMs,
      addGreeks(byExpiry.get(position.expiryMs) ?? ZERO_GREEKS, greeks),
    );
  }
  const lines = [...byExpiry].sort((left, right) => left[0] - right[0]);
  return { lines: lines.map(([expiryMs, greeks]) => ({ expiryMs, greeks })), valueUsd };
}

function positionOf(line: OptionLine): OptionPosition {
  const { underlying, type, strikeUsd, expiryMs, quantity } = line;
  return { underlying, type, strikeUsd, expiryMs, quantity };
}

function intrinsicUsd(position: OptionPosition, spotUsd: number): number {
  const sign = position.type === "call" ? 1 : -1;
  return position.quantity * Math.max(0, sign * (spotUsd - position.strikeUsd));
}

function unitsOf(line: CollateralLine): number {
  return unitsFromRaw(BigInt(line.amountRaw), line.decimals);
}

function vaultRaw(lines: readonly CollateralLine[]): bigint {
  return lines.reduce(
    (total, line) => (line.location === "vault" ? total + BigInt(line.amountRaw) : total),
    0n,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
