import { type BookEntry, entryAgeMs } from "#coordinator/records/book-entry.ts";
import type {
  ExpiryMoves,
  SilentGreeks,
  UnderlyingValuation,
} from "#coordinator/records/planning/shard-valuation.ts";
import { deltaRange, spotMoves } from "#coordinator/stages/risk/carried-delta.ts";
import type { QuarantinePolicy } from "#shared/policy/safety-policy.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import {
  type OptionMarket,
  type OptionPosition,
  optionInputs,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
import { type Scenario, STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** What trades that nobody has reported yet may have added to a book, in USD of delta either way. */
export type UnseenTrades = Pick<QuarantinePolicy, "unseenTradesUsdPerHour" | "unseenTradesMaxUsd">;

/** A book that is only carried, and what is known of its market. */
export type CarriedBook = {
  readonly live: readonly OptionPosition[];
  readonly linearUnits: number;
  readonly market: OptionMarket;
  /** How far fresh sources are apart, as a fraction; null where no shard that reports sees the price. */
  readonly spread: number | null;
  readonly carried: UnseenTrades;
};

const HOUR_MS = 3_600_000;

/**
 * Where delta, vega and gamma of a book that is only carried may be. Where spot is, other shards see: what is not
 * known is by how much its own feed is off, its volatility, and what was traded since its report. Where no
 * shard that reports sees the price, it may be anywhere on the standard grid.
 */
export function carriedGreeks(
  entry: BookEntry,
  book: CarriedBook,
): Pick<UnderlyingValuation, "gridDeltaUnits"> & { readonly silent: SilentGreeks } {
  const { live, market, spread, carried } = book;
  const moves = spread === null ? STANDARD_GRID : nearMoves(spread);
  const priced = live.map((position) => pricedOf(position, market));
  const moved = moves.map((move) => priced.map((one) => greeksOf(one, market, move)));
  const [low, high] = deltaRange(live, book.linearUnits, market, spotMoves(spread));
  const hours = Math.max(0, entryAgeMs(entry, market.nowMs)) / HOUR_MS;
  const { unseenTradesUsdPerHour, unseenTradesMaxUsd } = carried;
  const tradedUnits = Math.min(unseenTradesMaxUsd, unseenTradesUsdPerHour * hours) / market.spotUsd;
  return {
    gridDeltaUnits: [low - tradedUnits, high + tradedUnits],
    silent: { book: expiryMoves(priced, market, moved), unseen: unseenGreeks(market, tradedUnits) },
  };
}

/** The grid's moves of volatility at a spot that is known to within a fraction. */
function nearMoves(spread: number): Scenario[] {
  const volShocks = [...new Set(STANDARD_GRID.map((move) => move.volShock))];
  return [-spread, 0, spread].flatMap((spotShock) =>
    volShocks.map((volShock) => ({ spotShock, volShock, weight: 1, tenorScaled: true })),
  );
}

type Priced = ReturnType<typeof pricedOf>;
type Moved = ReturnType<typeof greeksOf>;

function pricedOf(position: OptionPosition, market: OptionMarket) {
  const years = yearsBetween(market.nowMs, position.expiryMs);
  return { position, years, volatility: positionVolatility(position, market) };
}

/** Greeks of a position after a move. */
function greeksOf({ position, years, volatility }: Priced, market: OptionMarket, move: Scenario) {
  const value = blackScholes(optionInputs(position, market, { years, move, volatility }));
  return {
    gammaUnitsPerUsd: position.quantity * value.gammaUnitsPerUsd,
    vegaUsdPerVolPoint: position.quantity * value.vegaUsdPerVolPoint,
  };
}

const NOWHERE: Scenario = { spotShock: 0, volShock: 0, weight: 1, tenorScaled: true };

/** By how much each move changes gamma and vega, by expiry. */
function expiryMoves(
  live: readonly Priced[],
  market: OptionMarket,
  moved: readonly (readonly Moved[])[],
): ExpiryMoves[] {
  const now = live.map((one) => greeksOf(one, market, NOWHERE));
  const expiries = new Set(live.map(({ position }) => position.expiryMs));
  return [...expiries].map((expiryMs): ExpiryMoves => {
    const changes = (value: (one: Moved) => number): number[] => {
      return moved.map((all) => {
        return live.reduce((total, { position }, at) => {
          const [after, before] = [all[at], now[at]];
          if (position.expiryMs !== expiryMs || after === undefined || before === undefined)
            return total;
          return total + value(after) - value(before);
        }, 0);
      });
    };
    return {
      expiryMs,
      gammaUnitsPerUsd: changes((one) => one.gammaUnitsPerUsd),
      vegaUsdPerVolPoint: changes((one) => one.vegaUsdPerVolPoint),
    };
  });
}

/** Most that so many options, bought or sold unseen, can change of gamma and vega: at the money, at each expiry there is. */
function unseenGreeks(market: OptionMarket, units: number): SilentGreeks["unseen"] {
  return market.slices
    .filter(({ expiryMs }) => units > 0 && expiryMs > market.nowMs + HOUR_MS)
    .map(({ expiryMs }) => {
      const terms = { type: "call", strikeUsd: market.spotUsd, expiryMs, quantity: units } as const;
      const one = greeksOf(pricedOf({ underlying: "", ...terms }, market), market, NOWHERE);
      const { gammaUnitsPerUsd, vegaUsdPerVolPoint } = one;
      return { expiryMs, gammaUnitsPerUsd, vegaUsdPerVolPoint };
    });
}
