const INVERSE_SQRT_PI = 0.564189583547756287;
const SQRT_HALF = Math.SQRT1_2;
const INVERSE_SQRT_TWO_PI = 0.398942280401432678;
const SQRT_HALF_PI = 1.25331413731550025;

/** Cody's boundary: below it erf has the better rational approximation, above it erfc. */
const SMALL = 0.46875;

/** Coefficients of Cody's CALERF: erf on [0, 0.46875], erfcx on [0.46875, 4] and above 4. */
const ERF_TOP = [
  1.85777706184603153e-1, 3.1611237438705656, 1.13864154151050156e2, 3.77485237685302021e2,
  3.20937758913846947e3,
];
const ERF_BOTTOM = [
  1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3,
];
const MIDDLE_TOP = [
  2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
  2.98635138197400131e2, 8.8195222124176909e2, 1.71204761263407058e3, 2.05107837782607147e3,
  1.23033935479799725e3,
];
const MIDDLE_BOTTOM = [
  1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
  3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
];
const WING_TOP = [
  1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
  1.60837851487422766e-2, 6.58749161529837803e-4,
];
const WING_BOTTOM = [
  1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
  2.33520497626869185e-3,
];

/** Standard normal density at `x`, to a relative error of about 4e-16 (0 where it underflows). */
export function normalDensity(x: number): number {
  return INVERSE_SQRT_TWO_PI * halfSquareExponential(x);
}

/**
 * Standard normal distribution function, with a relative error of a few ulp also far in the lower
 * tail (until it underflows below -38): e^(-x²/2) is taken with the split square of Cody, the rest is
 * a scaled complementary error function.
 *
 * @param x Any number; ±Infinity gives 1 and 0, NaN gives NaN.
 * @see Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969).
 */
export function normalDistribution(x: number): number {
  const scaled = x * SQRT_HALF;
  if (Math.abs(scaled) <= SMALL) {
    return 0.5 + 0.5 * smallErf(scaled);
  }
  const tail = 0.5 * scaledErfcAbove(Math.abs(scaled)) * halfSquareExponential(x);
  return x < 0 ? tail : 1 - tail;
}

/**
 * Mills ratio (1 - N(y)) / n(y) of the standard normal: positive, falling, about 1/y for large y.
 * Defined for every `y`; overflows to Infinity below about -38.
 */
export function millsRatio(y: number): number {
  return SQRT_HALF_PI * scaledComplementaryError(y * SQRT_HALF);
}

/** e^(x²) erfc(x), Cody's erfcx; Infinity when it overflows (x below about -26.6). */
function scaledComplementaryError(x: number): number {
  if (Math.abs(x) <= SMALL) {
    return Math.exp(x * x) * (1 - smallErf(x));
  }
  const above = scaledErfcAbove(Math.abs(x));
  return x > 0 ? above : 2 / halfSquareExponential(x * Math.SQRT2) - above;
}

/** e^(-x²/2) with the square split in an exact and a small part, so that large `x` lose no digits. */
export function halfSquareExponential(x: number): number {
  if (Math.abs(x) > 40) {
    return 0;
  }
  const exact = Math.trunc(x * 16) / 16;
  const rest = (x - exact) * (x + exact);
  return Math.exp(-0.5 * exact * exact) * Math.exp(-0.5 * rest);
}

function smallErf(x: number): number {
  const square = x * x;
  return (x * polynomial(ERF_TOP, square)) / polynomial(ERF_BOTTOM, square);
}

function scaledErfcAbove(x: number): number {
  if (x <= 4) {
    return polynomial(MIDDLE_TOP, x) / polynomial(MIDDLE_BOTTOM, x);
  }
  if (x > 1e8) {
    return INVERSE_SQRT_PI / x;
  }
  const inverse = 1 / (x * x);
  const correction = (inverse * polynomial(WING_TOP, inverse)) / polynomial(WING_BOTTOM, inverse);
  return (INVERSE_SQRT_PI - correction) / x;
}

/** Horner's rule, highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let index = 0; index < coefficients.length; index += 1) {
    value = value * x + (coefficients[index] as number);
  }
  return value;
}
