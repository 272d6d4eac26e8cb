import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import {
  type OptionMarket,
  type OptionPosition,
  optionInputs,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** Pieces an interval of spot is cut into: more make the bound tighter, and none makes it wrong. */
const PIECES = 8;

const VOL_SHOCKS = [...new Set(STANDARD_GRID.map((move) => move.volShock))];
const GRID_SPOTS = [...new Set(STANDARD_GRID.map((move) => move.spotShock))].sort(
  (left, right) => left - right,
);

/** Moves of spot to look between: within a fraction of it where that is known, else those of the standard grid. */
export function spotMoves(spreadFraction: number | null): readonly number[] {
  if (spreadFraction === null) return GRID_SPOTS;
  if (spreadFraction === 0) return [0];
  return Array.from({ length: PIECES + 1 }, (_, at) => spreadFraction * ((2 * at) / PIECES - 1));
}

/**
 * Least and greatest delta of options and linear units for any spot from the first to the last move, at each of the
 * grid's volatilities, in units of the underlying. Every option's delta grows with spot, calls and puts alike, so between
 * two neighbouring moves what is held of it lies between its deltas at the two ends: the sums of those ends bound the book,
 * whatever its shape.
 *
 * @param moves Relative moves of spot, ascending; above -1.
 */
export function deltaRange(
  live: readonly OptionPosition[],
  linearUnits: number,
  market: OptionMarket,
  moves: readonly number[],
): [number, number] {
  const range: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const volShock of VOL_SHOCKS) {
    const priced = live.map((position) => {
      const years = yearsBetween(market.nowMs, position.expiryMs);
      const volatility = positionVolatility(position, market);
      const deltas = moves.map((spotShock) => {
        const move = { spotShock, volShock, weight: 1, tenorScaled: true };
        return blackScholes(optionInputs(position, market, { years, move, volatility })).deltaUnits;
      });
      return { quantity: position.quantity, deltas };
    });
    for (let piece = 0; piece < Math.max(1, moves.length - 1); piece += 1) {
      const end = Math.min(piece + 1, moves.length - 1);
      let [low, high] = [linearUnits, linearUnits];
      for (const { quantity, deltas } of priced) {
        const [from, to] = [quantity * (deltas[piece] ?? 0), quantity * (deltas[end] ?? 0)];
        low += Math.min(from, to);
        high += Math.max(from, to);
      }
      range[0] = Math.min(range[0], low);
      range[1] = Math.max(range[1], high);
    }
  }
  return range;
}
