import { outOfTheMoneyPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import {
  type OptionInputs,
  type OptionTerms,
  optionTerms,
  requireFinite,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";
import { normalDensity, normalDistribution } from "#shared/risk/statistics/normal.ts";

/** What implied volatility is sought from: the model's inputs with a price in place of the volatility. */
export type PricedOption = Omit<OptionInputs, "volatility"> & {
  /** Present value of one option, long, in USD. */
  readonly priceUsd: number;
};

/** Annual volatility as a fraction, or why no volatility gives the price. */
export type ImpliedVolatility =
  | { readonly volatility: number }
  | { readonly error: "below-intrinsic" | "above-maximum" };

const ITERATIONS_MAX = 100;
const INVERSE_SQRT_TWO_PI = 0.398942280401432678;

/**
 * The volatility at which the model gives `priceUsd`.
 *
 * Defined over the whole no-arbitrage range: a price at its lower bound gives 0; below it the answer is
 * `below-intrinsic`, at or above the upper bound (the forward leg of a call, the strike leg of a put)
 * `above-maximum`. Pricing the answer again agrees within 4 ulp of the larger leg.
 *
 * The price is first turned into that of the out-of-the-money side, then a bracketed Newton iteration
 * runs in the coordinates where that price is nearly straight: ln price over 1 / s² below the inflection
 * point s² = 2 |ln F/K|, the price itself above it, and ln(bound - price) near the upper bound.
 *
 * @throws {RangeError} If `years` is 0 or an input is out of its domain; the message names it.
 * @see Jäckel, "Let's be rational", Wilmott (2015), for the inflection point and the three regions.
 */
export function impliedVolatility(option: PricedOption): ImpliedVolatility {
  requirePositive("years", option.years);
  requireFinite("priceUsd", option.priceUsd);
  const terms = optionTerms(option);
  const isCall = option.type === "call";
  const lower = isCall
    ? terms.forwardLegUsd - terms.strikeLegUsd
    : terms.strikeLegUsd - terms.forwardLegUsd;
  const upper = isCall ? terms.forwardLegUsd : terms.strikeLegUsd;
  const intrinsic = Math.max(0, lower);
  if (option.priceUsd < intrinsic - roundingSlackUsd(option, terms)) {
    return { error: "below-intrinsic" };
  }
  if (option.priceUsd >= upper) {
    return { error: "above-maximum" };
  }
  const timeValueUsd = option.priceUsd - intrinsic;
  if (timeValueUsd <= 0) {
    return { volatility: 0 };
  }
  return { volatility: totalVolatility(terms, timeValueUsd) / Math.sqrt(option.years) };
}

/** How far a correctly rounded lower bound may lie from ours: nothing when nothing is discounted. */
function roundingSlackUsd(option: PricedOption, terms: OptionTerms): number {
  const carry = option.carry ?? option.rate;
  const isExact = option.rate === 0 && carry === 0;
  const scale = Math.max(terms.forwardLegUsd, terms.strikeLegUsd);
  return isExact ? 0 : 2 * Number.EPSILON * scale;
}

/** One way to make the price a nearly straight function of the unknown. */
type Region = "low" | "middle" | "high";

/** s at which the out-of-the-money price is `targetUsd`, which lies strictly between 0 and its bound. */
function totalVolatility(terms: OptionTerms, targetUsd: number): number {
  const boundUsd = Math.min(terms.forwardLegUsd, terms.strikeLegUsd);
  const target = Math.min(targetUsd, boundUsd * (1 - Number.EPSILON / 2));
  const inflection = Math.sqrt(2 * Math.abs(terms.logMoneyness));
  const atInflection = outOfTheMoneyPrice(terms, inflection);
  const region = target < atInflection ? "low" : target > 0.5 * boundUsd ? "high" : "middle";
  let low = region === "low" ? 0 : inflection;
  let high = region === "low" ? inflection : upperBracket(terms, target, inflection);
  let guess = region === "middle" ? firstGuess(target - atInflection, boundUsd, inflection) : 0;
  for (let iteration = 0; iteration < ITERATIONS_MAX; iteration += 1) {
    if (!(guess > low && guess < high)) {
      guess = low > 0 ? Math.sqrt(low) * Math.sqrt(high) : 0.5 * high;
    }
    const residual = outOfTheMoneyPrice(terms, guess) - target;
    if (residual === 0) {
      return guess;
    }
    if (residual < 0) {
      low = guess;
    } else {
      high = guess;
    }
    const next = newtonStep({ terms, target, guess, boundUsd }, region);
    if (
      Math.abs(next - guess) <= 0.5 * Number.EPSILON * guess ||
      high <= low * (1 + Number.EPSILON)
    ) {
      return closest(terms, target, [low, high, guess, next]);
    }
    guess = next;
  }
  return closest(terms, target, [low, high]);
}

/** From the inflection point, where the slope is n(0) x bound at the money and less elsewhere. */
function firstGuess(missingUsd: number, boundUsd: number, inflection: number): number {
  return inflection + missingUsd / (INVERSE_SQRT_TWO_PI * boundUsd);
}

function upperBracket(terms: OptionTerms, target: number, inflection: number): number {
  let high = Math.max(1, 2 * inflection);
  while (outOfTheMoneyPrice(terms, high) < target && high < 1e9) {
    high *= 2;
  }
  return high;
}

type Trial = {
  readonly terms: OptionTerms;
  readonly target: number;
  readonly guess: number;
  readonly boundUsd: number;
};

/** Newton's next guess in the region's coordinates; NaN where the price has underflowed. */
function newtonStep(trial: Trial, region: Region): number {
  const { terms, target, guess, boundUsd } = trial;
  const distance = Math.abs(terms.logMoneyness) / guess;
  const d1 = 0.5 * guess - distance;
  const price = outOfTheMoneyPrice(terms, guess);
  const slope = boundUsd * normalDensity(d1);
  if (region === "low") {
    const inverseSquare = 1 / (guess * guess);
    const logSlope = (slope / price) * (-0.5 * guess ** 3);
    const next = inverseSquare - Math.log(price / target) / logSlope;
    return next > 0 ? 1 / Math.sqrt(next) : Number.NaN;
  }
  if (region === "middle") {
    return guess - (price - target) / slope;
  }
  const farUsd = Math.max(terms.forwardLegUsd, terms.strikeLegUsd);
  const missing = boundUsd * normalDistribution(-d1) + farUsd * normalDistribution(d1 - guess);
  return guess + (missing * Math.log(missing / (boundUsd - target))) / slope;
}

/** The candidate that prices closest to the target. */
function closest(terms: OptionTerms, target: number, candidates: readonly number[]): number {
  let best = Number.NaN;
  let bestError = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const error = Math.abs(outOfTheMoneyPrice(terms, candidate) - target);
    if (error < bestError) {
      best = candidate;
      bestError = error;
    }
  }
  return best;
}
