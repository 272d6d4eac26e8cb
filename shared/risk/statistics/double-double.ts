/** An unevaluated sum `high + low`, `low` being below half an ulp of `high`. */
type DoubleDouble = { readonly high: number; readonly low: number };

/** Exact sum of two doubles (Knuth's two-sum). */
export function exactSum(augend: number, addend: number): DoubleDouble {
  const high = augend + addend;
  const part = high - augend;
  return { high, low: augend - (high - part) + (addend - part) };
}

/**
 * Exact product of two doubles (Dekker's two-product with Veltkamp's splitting).
 *
 * Outside about [1e-140, 1e150] in magnitude the low part is reported as 0, never as NaN.
 */
export function exactProduct(multiplicand: number, multiplier: number): DoubleDouble {
  const high = multiplicand * multiplier;
  const left = split(multiplicand);
  const right = split(multiplier);
  const low =
    left.low * right.low -
    (high - left.high * right.high - left.low * right.high - left.high * right.low);
  return { high, low: Number.isFinite(low) && Math.abs(high) > 1e-280 ? low : 0 };
}

/** e^((first + second) x years) to about one ulp: the exponent is carried in twice the precision. */
export function growthFactor(first: number, second: number, years: number): number {
  if (first === 0 && second === 0) return 1;
  const rate = exactSum(first, second);
  const exponent = exactProduct(rate.high, years);
  const low = exponent.low + rate.low * years;
  return Math.exp(exponent.high) * (1 + low);
}

/** Veltkamp: the upper 26 bits and the rest. */
function split(value: number): DoubleDouble {
  const scaled = 134_217_729 * value;
  const high = scaled - (scaled - value);
  return { high, low: value - high };
}
