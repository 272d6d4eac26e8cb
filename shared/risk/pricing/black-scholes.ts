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
  requireNotNegative("volatility", inputs.volatility);
  const terms = optionTerms(inputs);
  if (inputs.years === 0) {
    return expiredValue(inputs, terms);
  }
  const totalVolatility = inputs.volatility * Math.sqrt(inputs.years);
  const shape = optionShape(inputs, terms, totalVolatility);
  const priceUsd = optionPrice(inputs.type, terms, totalVolatility);
  const carryRho = POINT * inputs.years * shape.forwardLegDeltaUsd;
  const discountRho = POINT * -inputs.years * priceUsd;
  return {
    priceUsd,
    deltaUnits: shape.forwardLegDeltaUsd / inputs.spotUsd,
    ...curvature(inputs, terms, shape),
    thetaUsdPerDay: theta(inputs, terms, shape),
    rhoUsdPerRatePoint: inputs.carry === undefined ? rateRho(inputs, shape) : discountRho,
    carryRhoUsdPerCarryPoint: carryRho,
  };
}

/** What the Greeks share: d1, d2, the density and the signed value of each leg. */
type Shape = {
  readonly d1: number;
  readonly d2: number;
  /** Normal density at d1; 0 where the option is as good as certain. */
  readonly density: number;
  readonly totalVolatility: number;
  /** Forward leg x signed N(d1) in USD: delta x spot. */
  readonly forwardLegDeltaUsd: number;
  /** Strike leg x signed N(d2) in USD. */
  readonly strikeLegDeltaUsd: number;
};

function optionShape(inputs: OptionInputs, terms: OptionTerms, totalVolatility: number): Shape {
  const isAtForward = terms.logMoneyness === 0;
  const standardised = isAtForward ? 0 : terms.logMoneyness / totalVolatility;
  const d1 = standardised + 0.5 * totalVolatility;
  const d2 = standardised - 0.5 * totalVolatility;
  const sign = inputs.type === "call" ? 1 : -1;
  return {
    d1,
    d2,
    density: normalDensity(d1),
    totalVolatility,
    forwardLegDeltaUsd: sign * terms.forwardLegUsd * normalDistribution(sign * d1),
    strikeLegDeltaUsd: sign * terms.strikeLegUsd * normalDistribution(sign * d2),
  };
}

type Curvature = Pick<
  Greeks,
  "gammaUnitsPerUsd" | "vegaUsdPerVolPoint" | "vannaUnitsPerVolPoint" | "volgaUsdPerVolPointSquared"
>;

/** Gamma, vega, vanna and volga: the same for a call and a put. */
function curvature(inputs: OptionInputs, terms: OptionTerms, shape: Shape): Curvature {
  const { d1, d2, density } = shape;
  if (density === 0) {
    return {
      gammaUnitsPerUsd: 0,
      vegaUsdPerVolPoint: 0,
      vannaUnitsPerVolPoint: 0,
      volgaUsdPerVolPointSquared: 0,
    };
  }
  const rootYears = Math.sqrt(inputs.years);
  const vega = terms.forwardLegUsd * density * rootYears;
  const isAtForward = terms.logMoneyness === 0;
  const d2PerVolatility = isAtForward ? -0.5 * rootYears : d2 / inputs.volatility;
  return {
    gammaUnitsPerUsd: (terms.carryDiscount * density) / (inputs.spotUsd * shape.totalVolatility),
    vegaUsdPerVolPoint: POINT * vega,
    vannaUnitsPerVolPoint: POINT * -terms.carryDiscount * density * d2PerVolatility,
    volgaUsdPerVolPointSquared: POINT * POINT * vega * d1 * d2PerVolatility,
  };
}

/** -∂V/∂years per calendar day: the decay of volatility, the carry of one leg, the interest on the other. */
function theta(inputs: OptionInputs, terms: OptionTerms, shape: Shape): number {
  const carry = inputs.carry ?? inputs.rate;
  const decay =
    shape.density === 0
      ? 0
      : (terms.forwardLegUsd * shape.density * inputs.volatility) / (2 * Math.sqrt(inputs.years));
  const growth =
    (carry - inputs.rate) * shape.forwardLegDeltaUsd + inputs.rate * shape.strikeLegDeltaUsd;
  return -(decay + growth) / DAYS_PER_YEAR;
}

/** Carry and discounting together: only the strike leg moves with the rate. */
function rateRho(inputs: OptionInputs, shape: Shape): number {
  return POINT * inputs.years * shape.strikeLegDeltaUsd;
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
