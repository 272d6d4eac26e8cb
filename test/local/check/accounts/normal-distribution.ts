const LOG_SQRT_2_PI = 0.918938533204672741780329736406;
/** Beyond this the power series loses its digits to the tail and the continued fraction takes over. */
const SERIES_MAX = 6;
const FRACTION_TERMS = 80;

/** Density of the standard normal distribution at `x`. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_SQRT_2_PI);
}

/**
 * Probability that a standard normal variable is at most `x`. Taylor series around zero, Laplace's
 * continued fraction in the tails; about 1e-15 absolute.
 *
 * @throws {RangeError} If `x` is NaN.
 * @see Marsaglia, "Evaluating the normal distribution", J. Statistical Software 11 (2004).
 */
export function normalProbability(x: number): number {
  if (Number.isNaN(x)) throw new RangeError("x: NaN; must be a number");
  if (x < -SERIES_MAX) return upperTail(-x);
  if (x > SERIES_MAX) return 1 - upperTail(x);
  let sum = x;
  let term = x;
  let previous = Number.NaN;
  for (let odd = 3; sum !== previous; odd += 2) {
    previous = sum;
    term *= (x * x) / odd;
    sum += term;
  }
  return 0.5 + sum * normalDensity(x);
}

function upperTail(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0;
  let denominator = x;
  for (let k = FRACTION_TERMS; k >= 1; k -= 1) denominator = x + k / denominator;
  return normalDensity(x) / denominator;
}
