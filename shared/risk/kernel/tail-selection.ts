import { type QuantileType, sortedQuantile } from "#shared/risk/statistics/quantile.ts";

/** The two tail measures; losses are positive. */
export type TailMeasures = {
  readonly valueAtRiskUsd: number;
  readonly expectedShortfallUsd: number;
};

/** Computes tail measures of up to a fixed number of scenarios without sorting them, in memory of its own. */
export type TailSelection = {
  /**
   * Value at risk (quantile of the named type) and expected shortfall of equally likely scenarios: the same
   * figures as tailRisk of expected-shortfall.ts, the shortfall up to rounding.
   *
   * @param pnlUsd Gains positive; not mutated.
   * @param level Confidence in (0, 1).
   * @throws {RangeError} If there are none or too many, one is not finite, or the level is out of range.
   */
  readonly measure: (pnlUsd: Float64Array, level: number, type?: QuantileType) => TailMeasures;
};

/** Ranks on either side of n x level that a quantile of any type can touch. */
const MARGIN = 3;
/** Part of the tail's mass that is rounding of `1 - level`, as in expected-shortfall.ts. */
const MASS_TOLERANCE = 1e-12;

/**
 * A selection for up to `scenarios` outcomes. It keeps where the tail began last time: when the next
 * outcomes are similar, one pass picks the few that can be in the tail.
 *
 * @throws {RangeError} If `scenarios` is not a whole number above zero.
 */
export function tailSelection(scenarios: number): TailSelection {
  if (!Number.isInteger(scenarios) || scenarios <= 0) {
    throw new RangeError(`scenarios: ${scenarios}; must be a whole number > 0`);
  }
  const losses = new Float64Array(scenarios);
  // Only its end is ever written or read: the ranks a quantile can touch lie in the tail.
  const sorted = new Float64Array(scenarios);
  let threshold = Number.NEGATIVE_INFINITY;
  return {
    measure: (pnlUsd, level, type = 7) => {
      requireInputs(pnlUsd, level, scenarios);
      const count = pnlUsd.length;
      const needed = Math.min(count, Math.ceil((1 - level) * count) + MARGIN);
      let picked = pickAbove(pnlUsd, losses, threshold);
      if (picked < needed) {
        picked = pickAbove(pnlUsd, losses, Number.NEGATIVE_INFINITY);
      }
      selectLargest(losses, picked, needed);
      const tail = losses.subarray(picked - needed, picked).sort();
      sorted.set(tail, count - needed);
      const edge = tail[0] ?? 0;
      threshold = edge - 0.05 * ((tail.at(-1) ?? 0) - edge);
      return {
        valueAtRiskUsd: sortedQuantile(sorted.subarray(0, count), level, type) + 0,
        expectedShortfallUsd: meanOfTail(tail, (1 - level) * count) + 0,
      };
    },
  };
}

function requireInputs(pnlUsd: Float64Array, level: number, scenarios: number): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`level: ${level}; must be within (0, 1)`);
  }
  if (pnlUsd.length === 0 || pnlUsd.length > scenarios) {
    throw new RangeError(`pnlUsd: ${pnlUsd.length} scenarios; must be 1 to ${scenarios}`);
  }
}

/**
 * Copies the losses of at least `threshold` to the front of `losses`, and returns how many they are. What
 * is far from the tail, nearly everything, costs two comparisons.
 */
function pickAbove(pnlUsd: Float64Array, losses: Float64Array, threshold: number): number {
  let picked = 0;
  for (let index = 0; index < pnlUsd.length; index += 1) {
    const loss = -(pnlUsd[index] ?? 0);
    if (loss < threshold && loss > Number.NEGATIVE_INFINITY) {
      continue;
    }
    if (!Number.isFinite(loss)) {
      throw new RangeError(`pnlUsd[${index}]: ${pnlUsd[index]}; must be finite`);
    }
    losses[picked] = loss;
    picked += 1;
  }
  return picked;
}

/** Moves the `needed` largest of the first `count` losses to their end (Hoare's selection, middle of three). */
function selectLargest(losses: Float64Array, count: number, needed: number): void {
  const target = count - needed;
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const pivot = middleOfThree(
      losses[low] ?? 0,
      losses[(low + high) >>> 1] ?? 0,
      losses[high] ?? 0,
    );
    let left = low;
    let right = high;
    while (left <= right) {
      while ((losses[left] ?? 0) < pivot) left += 1;
      while ((losses[right] ?? 0) > pivot) right -= 1;
      if (left <= right) {
        const moved = losses[left] ?? 0;
        losses[left] = losses[right] ?? 0;
        losses[right] = moved;
        left += 1;
        right -= 1;
      }
    }
    if (target <= right) {
      high = right;
    } else if (target >= left) {
      low = left;
    } else {
      return;
    }
  }
}

function middleOfThree(first: number, second: number, third: number): number {
  return Math.max(Math.min(first, second), Math.min(Math.max(first, second), third));
}

/** Mean of the `mass` largest; the one at the edge counts by its part. */
function meanOfTail(tail: Float64Array, mass: number): number {
  const whole = Math.min(tail.length, Math.floor(mass * (1 + MASS_TOLERANCE)));
  let sum = 0;
  for (let index = tail.length - whole; index < tail.length; index += 1) {
    sum += tail[index] ?? 0;
  }
  const part = Math.max(0, mass - whole);
  return (sum + part * (tail[tail.length - whole - 1] ?? 0)) / mass;
}
