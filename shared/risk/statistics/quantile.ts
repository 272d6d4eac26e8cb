/** The nine sample quantiles of Hyndman and Fan, by their numbers. Type 7 is that of R and NumPy. */
export const QUANTILE_TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
export type QuantileType = (typeof QUANTILE_TYPES)[number];

/** Rounding of n x level that must not move an index. */
const FUZZ = 4 * Number.EPSILON;

/** alpha = beta of the continuous types: position = alpha + level (n + 1 - 2 alpha); type 4 has its own. */
const PLOTTING_POSITION: Partial<Record<QuantileType, number>> = {
  5: 0.5,
  6: 0,
  7: 1,
  8: 1 / 3,
  9: 3 / 8,
};

/**
 * The sample quantile of a named type.
 *
 * @param values Any order, not mutated.
 * @param level In [0, 1].
 * @throws {RangeError} If there are no values, one is not finite, or the level is out of range.
 * @see Hyndman and Fan, "Sample quantiles in statistical packages", American Statistician 50 (1996).
 */
export function quantile(values: readonly number[], level: number, type: QuantileType = 7): number {
  if (!(level >= 0 && level <= 1)) {
    throw new RangeError(`level: ${level}; must be within [0, 1]`);
  }
  if (values.length === 0 || !values.every(Number.isFinite)) {
    throw new RangeError(`values: ${values.length} given; must be finite and at least one`);
  }
  const sorted = Float64Array.from(values).sort();
  return sortedQuantile(sorted, level, type);
}

/** As {@link quantile}, of values already in ascending order. */
export function sortedQuantile(sorted: Float64Array, level: number, type: QuantileType): number {
  const count = sorted.length;
  const { rank, share } =
    type <= 3 ? discreteRank(count, level, type) : continuousRank(count, level, type);
  const at = (index: number) => sorted[Math.min(Math.max(index, 1), count) - 1] ?? Number.NaN;
  const low = at(rank);
  if (share === 0) {
    return low;
  }
  const high = at(rank + 1);
  return share === 1 ? high : Math.min(high, low + share * (high - low));
}

/** 1-based rank, and how much of the next value counts. */
type Rank = { readonly rank: number; readonly share: number };

function discreteRank(count: number, level: number, type: QuantileType): Rank {
  const position = level * count - (type === 3 ? 0.5 : 0);
  const { rank, rest } = split(position);
  if (type === 1) {
    return { rank, share: rest > 0 ? 1 : 0 };
  }
  if (type === 2) {
    return { rank, share: rest > 0 ? 1 : 0.5 };
  }
  return { rank, share: rest > 0 || Math.abs(rank % 2) === 1 ? 1 : 0 };
}

function continuousRank(count: number, level: number, type: QuantileType): Rank {
  const alpha = PLOTTING_POSITION[type];
  const position = alpha === undefined ? count * level : alpha + level * (count + 1 - 2 * alpha);
  const { rank, rest } = split(position);
  return { rank, share: rest };
}

/** Whole part and rest, where a position within rounding of an integer is that integer. */
function split(position: number): { readonly rank: number; readonly rest: number } {
  const fuzz = FUZZ * Math.max(1, Math.abs(position));
  const rank = Math.floor(position + fuzz);
  const rest = position - rank;
  return { rank, rest: rest < fuzz ? 0 : rest };
}
