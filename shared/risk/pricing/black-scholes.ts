import { optionPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import type { Greeks } from "#shared/risk/pricing/greeks.ts";
import {
  type OptionInputs,
  type OptionTerms,
  optionTerms,
  requireNotNegative,
} from "#shared/risk/pricing/option-terms.ts";
import { normalDensity, normalDistribution } from "#shared/risk/statistics/normal.ts";

/** Value and sensitivities of one option, long, or of a position of them. */
export type OptionValue = Greeks & {
  /** Present value in USD. */
  readonly priceUsd: number;
  /** Change of value in USD per rise of the cost of carry by one point (0.01) at a fixed rate. */
  readonly carryRhoUsdPerCarryPoint: number;
};

const DAYS_PER_YEAR = 365;
const POINT = 0.01;

/**
 * Price and Greeks of one European option, long, in the generalised Black-Scholes-Merton model.
 *
 * Delta and gamma are to `spotUsd` (with carry 0: to the forward, discounted). Theta is -∂V/∂years / 365.
 * Rho moves the discounting; when `carry` is left out, the carry too. At `years` 0 the value is intrinsic,
 * delta {0, ½, 1} (puts {0, -½, -1}), the rest 0 but for an infinite gamma at the strike; at volatility 0
 * the analytic limits hold, again with an infinite gamma where forward equals strike. Never NaN.
 *
 * @returns Price error at most 2e-15 x max(spot e^((carry-rate) years), strike e^(-rate years)).
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed. (2007), sections 1.1.6 and 2.
 */
export function blackScholes(inputs: OptionInputs): OptionValue {
  const { spotUsd, years, volatility, rate } = inputs;
  requireNotNegative("volatility", volatility);
  const terms = optionTerms(inputs);
  if (years === 0) {
    return expiredValue(inputs, terms);
  }
  const { forwardLegUsd, strikeLegUsd, logMoneyness, carryDiscount } = terms;
  const rootYears = Math.sqrt(years);
  const totalVolatility = volatility * rootYears;
  const isAtForward = logMoneyness === 0;
  const standardised = isAtForward ? 0 : logMoneyness / totalVolatility;
  const d1 = standardised + 0.5 * totalVolatility;
  const d2 = standardised - 0.5 * totalVolatility;
  const density = normalDensity(d1);
  const sign = inputs.type === "call" ? 1 : -1;
  // Each leg times its signed probability: delta x spot, and what is paid for it.
  const forwardLegDeltaUsd = sign * forwardLegUsd * normalDistribution(sign * d1);
  const strikeLegDeltaUsd = sign * strikeLegUsd * normalDistribution(sign * d2);
  const priceUsd = optionPrice(inputs.type, terms, totalVolatility);
  // The decay of volatility, the carry of one leg, the interest on the other.
  const carry = inputs.carry ?? rate;
  // Without a density the option is as good as certain, and its value has no bend.
  const isBent = density !== 0;
  const decay = isBent ? (forwardLegUsd * density * volatility) / (2 * rootYears) : 0;
  const growth = (carry - rate) * forwardLegDeltaUsd + rate * strikeLegDeltaUsd;
  const vega = forwardLegUsd * density * rootYears;
  const d2PerVolatility = isAtForward ? -0.5 * rootYears : d2 / volatility;
  return {
    priceUsd,
    deltaUnits: forwardLegDeltaUsd / spotUsd,
    gammaUnitsPerUsd: isBent ? (carryDiscount * density) / (spotUsd * totalVolatility) : 0,
    vegaUsdPerVolPoint: isBent ? POINT * vega : 0,
    vannaUnitsPerVolPoint: isBent ? POINT * -carryDiscount * density * d2PerVolatility : 0,
    volgaUsdPerVolPointSquared: isBent ? POINT * POINT * vega * d1 * d2PerVolatility : 0,
    thetaUsdPerDay: -(decay + growth) / DAYS_PER_YEAR,
    rhoUsdPerRatePoint:
      POINT * years * (inputs.carry === undefined ? strikeLegDeltaUsd : -priceUsd),
    carryRhoUsdPerCarryPoint: POINT * years * forwardLegDeltaUsd,
  };
}

function expiredValue(inputs: OptionInputs, terms: OptionTerms): OptionValue {
  const sign = inputs.type === "call" ? 1 : -1;
  const moneyness = sign * Math.sign(terms.logMoneyness);
  const isAtStrike = inputs.spotUsd === inputs.strikeUsd;
  return {
    priceUsd: Math.max(0, sign * (inputs.spotUsd - inputs.strikeUsd)),
    deltaUnits: isAtStrike ? sign * 0.5 : moneyness > 0 ? sign : 0,
    gammaUnitsPerUsd: isAtStrike ? Number.POSITIVE_INFINITY : 0,
    vegaUsdPerVolPoint: 0,
    thetaUsdPerDay: 0,
    rhoUsdPerRatePoint: 0,
    vannaUnitsPerVolPoint: 0,
    volgaUsdPerVolPointSquared: 0,
    carryRhoUsdPerCarryPoint: 0,
  };
}
