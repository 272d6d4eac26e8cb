import { normalDistribution } from "#shared/risk/statistics/normal.ts";

/** Zone of the Basel traffic light. */
export type TrafficLight = {
  readonly zone: "green" | "yellow" | "red";
  /** Added to the multiplier of 3. */
  readonly addOn: number;
  /** Probability of at most this many exceptions if the model is right. */
  readonly cumulativeProbability: number;
};

/** Result of Kupiec's proportion-of-failures test. */
export type Kupiec = {
  /** Likelihood ratio, chi-square with one degree of freedom if the model is right; >= 0. */
  readonly likelihoodRatio: number;
  /** Probability of a ratio at least as large if the model is right. */
  readonly pValue: number;
};

const YELLOW_FROM = 0.95;
const RED_FROM = 0.9999;
/** Basel's table for 250 days at 99 %, by exceptions from 5 on. */
const YELLOW_ADD_ONS = [0.4, 0.5, 0.65, 0.75, 0.85];
const RED_ADD_ON = 1;
/** Exceptions of the first yellow count in that table. */
const FIRST_YELLOW = 5;

/**
 * Days on which the loss was strictly larger than the value at risk stated for that day.
 *
 * @param pnlUsd Gains positive.
 * @param valueAtRiskUsd Losses positive, one per day.
 * @throws {RangeError} If the two differ in length.
 */
export function countExceptions(
  pnlUsd: readonly number[],
  valueAtRiskUsd: readonly number[],
): number {
  if (pnlUsd.length !== valueAtRiskUsd.length) {
    throw new RangeError(
      `valueAtRiskUsd: ${valueAtRiskUsd.length} given; must be one per day (${pnlUsd.length})`,
    );
  }
  return pnlUsd.filter((pnl, day) => -pnl > (valueAtRiskUsd[day] ?? Number.POSITIVE_INFINITY))
    .length;
}

/**
 * Kupiec's test of whether exceptions come as often as the level says: LR = -2 ln(likelihood at 1 - level /
 * likelihood at the observed rate).
 *
 * @param level Confidence level of the value at risk, such as 0.99.
 * @throws {RangeError} If counts are not whole, 0 <= exceptions <= days, days > 0, or level is not in (0, 1).
 * @see Kupiec, "Techniques for verifying the accuracy of risk measurement models", J. Derivatives 3 (1995).
 */
export function kupiec(exceptions: number, days: number, level: number): Kupiec {
  requireCounts(exceptions, days, level);
  const stated = 1 - level;
  const observed = exceptions / days;
  const term = (count: number, expected: number, actual: number) =>
    count === 0 ? 0 : count * Math.log(expected / actual);
  const likelihoodRatio = Math.max(
    0,
    -2 * (term(days - exceptions, 1 - stated, 1 - observed) + term(exceptions, stated, observed)),
  );
  return { likelihoodRatio, pValue: 2 * normalDistribution(-Math.sqrt(likelihoodRatio)) };
}

/**
 * Basel traffic light: green below 95 % cumulative probability of the exceptions, yellow below 99.99 %, then red, with
 * the add-on of Basel's table in the yellow zone (the table is for 250 days at 99 %; for others it is read by
 * exceptions beyond the zone's first).
 *
 * @throws {RangeError} As {@link kupiec}.
 * @see Basel Committee, "Supervisory framework for the use of backtesting" (1996), table 2.
 */
export function baselTrafficLight(exceptions: number, days: number, level: number): TrafficLight {
  requireCounts(exceptions, days, level);
  const cumulativeProbability = binomialDistribution(exceptions, days, 1 - level);
  if (cumulativeProbability < YELLOW_FROM) {
    return { zone: "green", addOn: 0, cumulativeProbability };
  }
  if (cumulativeProbability >= RED_FROM) {
    return { zone: "red", addOn: RED_ADD_ON, cumulativeProbability };
  }
  const first = days === 250 && level === 0.99 ? FIRST_YELLOW : firstYellow(days, 1 - level);
  const addOn =
    YELLOW_ADD_ONS[Math.min(exceptions - first, YELLOW_ADD_ONS.length - 1)] ?? RED_ADD_ON;
  return { zone: "yellow", addOn, cumulativeProbability };
}

function firstYellow(days: number, probability: number): number {
  let exceptions = 0;
  while (binomialDistribution(exceptions, days, probability) < YELLOW_FROM) {
    exceptions += 1;
  }
  return exceptions;
}

/** Probability of at most `successes` in `trials`. */
function binomialDistribution(successes: number, trials: number, probability: number): number {
  let logTerm = trials * Math.log1p(-probability);
  let sum = Math.exp(logTerm);
  for (let count = 1; count <= successes; count += 1) {
    logTerm += Math.log((trials - count + 1) / count) + Math.log(probability / (1 - probability));
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

function requireCounts(exceptions: number, days: number, level: number): void {
  if (!Number.isInteger(days) || days <= 0) {
    throw new RangeError(`days: ${days}; must be a whole number > 0`);
  }
  if (!Number.isInteger(exceptions) || exceptions < 0 || exceptions > days) {
    throw new RangeError(`exceptions: ${exceptions}; must be a whole number within [0, ${days}]`);
  }
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`level: ${level}; must be within (0, 1)`);
  }
}
