import type { OptionTerms, OptionType } from "#shared/risk/pricing/option-terms.ts";
import {
  halfSquareExponential,
  millsRatio,
  normalDistribution,
} from "#shared/risk/statistics/normal.ts";

const INVERSE_SQRT_TWO_PI = 0.398942280401432678;

/** Total volatility up to which the difference of two Mills ratios is summed as a Taylor series. */
const SERIES_TOTAL_VOLATILITY_MAX = 0.1;

/**
 * Present value in USD of one European option, long, from its legs.
 *
 * The out-of-the-money side is priced directly, without cancellation, the other one by put-call
 * parity. The error is below 2e-15 of the larger leg, and a few 1e-15 of the price itself out of the money.
 *
 * @param totalVolatility volatility x sqrt(years), >= 0; Infinity gives the upper bound.
 */
export function optionPrice(type: OptionType, terms: OptionTerms, totalVolatility: number): number {
  const { forwardLegUsd, strikeLegUsd, logMoneyness } = terms;
  const call = type === "call";
  const isInTheMoney = call ? logMoneyness > 0 : logMoneyness < 0;
  const timeValue = outOfTheMoneyPrice(terms, totalVolatility);
  if (!isInTheMoney) {
    return timeValue;
  }
  const intrinsic = call ? forwardLegUsd - strikeLegUsd : strikeLegUsd - forwardLegUsd;
  return Math.max(0, intrinsic) + timeValue;
}

/** Value of the option that is out of the money: the call when ln(F/K) <= 0, else the put. */
export function outOfTheMoneyPrice(terms: OptionTerms, totalVolatility: number): number {
  const flip = terms.logMoneyness > 0;
  const near = flip ? terms.strikeLegUsd : terms.forwardLegUsd;
  const far = flip ? terms.forwardLegUsd : terms.strikeLegUsd;
  const distance = Math.abs(terms.logMoneyness);
  if (totalVolatility === 0) {
    return 0;
  }
  const middle = distance / totalVolatility;
  const d1 = 0.5 * totalVolatility - middle;
  if (d1 > 0.5) {
    const d2 = -middle - 0.5 * totalVolatility;
    return near - (near * normalDistribution(-d1) + far * normalDistribution(d2));
  }
  const density = halfSquareExponential(d1);
  if (density === 0) {
    return 0;
  }
  return near * INVERSE_SQRT_TWO_PI * density * millsDifference(middle, totalVolatility);
}

/**
 * M(m - s/2) - M(m + s/2) of the Mills ratio M, for m >= 0. Where the two are close the Taylor series
 * in s at m replaces the difference; its derivatives follow M' = mM - 1, M'' = M + mM',
 * M^(n+1) = m M^(n) + n M^(n-1).
 */
function millsDifference(middle: number, totalVolatility: number): number {
  const half = 0.5 * totalVolatility;
  if (totalVolatility > SERIES_TOTAL_VOLATILITY_MAX || middle * totalVolatility > 1) {
    return millsRatio(middle - half) - millsRatio(middle + half);
  }
  let earlier = millsRatio(middle);
  let derivative = middle * earlier - 1;
  let power = half;
  let sum = derivative * power;
  for (let order = 1; order <= 8; order += 1) {
    const next = middle * derivative + order * earlier;
    earlier = derivative;
    derivative = next;
    power *= half / (order + 1);
    if (order % 2 === 0) {
      sum += derivative * power;
    }
  }
  return -2 * sum;
}
