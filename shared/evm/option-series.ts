import type { Address, Hex } from "#shared/units/ids.ts";

/** A live series as the option book's `liveSeries` and the lens give it. */
type LiveSeries = {
  readonly id: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expiry: bigint;
  readonly strike: bigint;
  readonly takersLong: bigint;
  readonly takersShort: bigint;
};

/** The same with its units: expiry in Unix seconds, strike in USD with 8 decimals, quantities with 18. */
type NamedSeries = {
  readonly seriesId: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expirySeconds: bigint;
  readonly strikeE8: bigint;
  readonly takersLongE18: bigint;
  readonly takersShortE18: bigint;
};

const named = new WeakMap<readonly LiveSeries[], readonly NamedSeries[]>();

/** Named once for a book that stands still, and so the same to whoever compares two reads. */
export function namedSeries(book: readonly LiveSeries[]): readonly NamedSeries[] {
  const known = named.get(book);
  if (known !== undefined) return known;
  const series = book.map((one) => ({
    seriesId: one.id,
    underlying: one.underlying,
    isCall: one.isCall,
    expirySeconds: one.expiry,
    strikeE8: one.strike,
    takersLongE18: one.takersLong,
    takersShortE18: one.takersShort,
  }));
  named.set(book, series);
  return series;
}
