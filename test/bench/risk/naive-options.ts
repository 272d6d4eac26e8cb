import type { OptionInputs } from "#shared/risk/pricing/option-terms.ts";

/** What the straightforward implementation returns per option: as OptionValue, without the carry rho. */
export type NaiveValue = {
  readonly priceUsd: number;
  readonly deltaUnits: number;
  readonly gammaUnitsPerUsd: number;
  readonly vegaUsdPerVolPoint: number;
  readonly thetaUsdPerDay: number;
  readonly rhoUsdPerRatePoint: number;
  readonly vannaUnitsPerVolPoint: number;
  readonly volgaUsdPerVolPointSquared: number;
};

const INVERSE_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

/**
 * The baseline of the Greeks benchmark: the textbook formulas with Cody's distribution function in full
 * double precision, an object in, an object out, written as one would who cares for speed a little.
 */
export function naiveValue(option: OptionInputs): NaiveValue {
  const { spotUsd, strikeUsd, years, volatility, rate } = option;
  const carry = option.carry ?? rate;
  const sign = option.type === "call" ? 1 : -1;
  const rootYears = Math.sqrt(years);
  const total = volatility * rootYears;
  const carryDiscount = Math.exp((carry - rate) * years);
  const d1 = (Math.log(spotUsd / strikeUsd) + carry * years) / total + 0.5 * total;
  const d2 = d1 - total;
  const density = INVERSE_SQRT_TWO_PI * Math.exp(-0.5 * d1 * d1);
  const forwardLeg = sign * spotUsd * carryDiscount * distribution(sign * d1);
  const strikeLeg = sign * strikeUsd * Math.exp(-rate * years) * distribution(sign * d2);
  const priceUsd = forwardLeg - strikeLeg;
  const vega = spotUsd * carryDiscount * density * rootYears;
  const decay = (spotUsd * carryDiscount * density * volatility) / (2 * rootYears);
  return {
    priceUsd,
    deltaUnits: forwardLeg / spotUsd,
    gammaUnitsPerUsd: (carryDiscount * density) / (spotUsd * total),
    vegaUsdPerVolPoint: 0.01 * vega,
    thetaUsdPerDay: -(decay + (carry - rate) * forwardLeg + rate * strikeLeg) / 365,
    rhoUsdPerRatePoint: 0.01 * years * (option.carry === undefined ? strikeLeg : -priceUsd),
    vannaUnitsPerVolPoint: (-0.01 * carryDiscount * density * d2) / volatility,
    volgaUsdPerVolPointSquared: (1e-4 * vega * d1 * d2) / volatility,
  };
}

/** The baseline of the grid benchmark: the price alone, the same way. */
export function naivePrice(option: OptionInputs): number {
  const { spotUsd, strikeUsd, years, volatility, rate } = option;
  const carry = option.carry ?? rate;
  const sign = option.type === "call" ? 1 : -1;
  const total = volatility * Math.sqrt(years);
  const d1 = (Math.log(spotUsd / strikeUsd) + carry * years) / total + 0.5 * total;
  const forwardLeg = spotUsd * Math.exp((carry - rate) * years) * distribution(sign * d1);
  return (
    sign * (forwardLeg - strikeUsd * Math.exp(-rate * years) * distribution(sign * (d1 - total)))
  );
}

/** Cody's normal distribution, straight through. */
function distribution(x: number): number {
  const y = Math.abs(x) * Math.SQRT1_2;
  if (y <= 0.46875) {
    const z = y * y;
    const top =
      (((1.85777706184603153e-1 * z + 3.1611237438705656) * z + 1.13864154151050156e2) * z +
        3.77485237685302021e2) *
        z +
      3.20937758913846947e3;
    const bottom =
      (((z + 2.36012909523441209e1) * z + 2.44024637934444173e2) * z + 1.28261652607737228e3) * z +
      2.84423683343917062e3;
    return 0.5 + (0.5 * x * Math.SQRT1_2 * top) / bottom;
  }
  const tail = 0.5 * Math.exp(-y * y) * (y <= 4 ? middle(y) : wing(y));
  return x < 0 ? tail : 1 - tail;
}

function middle(y: number): number {
  const top =
    (((((((2.15311535474403846e-8 * y + 5.64188496988670089e-1) * y + 8.88314979438837594) * y +
      6.61191906371416295e1) *
      y +
      2.98635138197400131e2) *
      y +
      8.8195222124176909e2) *
      y +
      1.71204761263407058e3) *
      y +
      2.05107837782607147e3) *
      y +
    1.23033935479799725e3;
  const bottom =
    (((((((y + 1.57449261107098347e1) * y + 1.17693950891312499e2) * y + 5.37181101862009858e2) *
      y +
      1.62138957456669019e3) *
      y +
      3.29079923573345963e3) *
      y +
      4.36261909014324716e3) *
      y +
      3.43936767414372164e3) *
      y +
    1.23033935480374942e3;
  return top / bottom;
}

function wing(y: number): number {
  const z = 1 / (y * y);
  const top =
    ((((1.63153871373020978e-2 * z + 3.05326634961232344e-1) * z + 3.60344899949804439e-1) * z +
      1.25781726111229246e-1) *
      z +
      1.60837851487422766e-2) *
      z +
    6.58749161529837803e-4;
  const bottom =
    ((((z + 2.56852019228982242) * z + 1.87295284992346725) * z + 5.27905102951428412e-1) * z +
      6.05183413124413191e-2) *
      z +
    2.33520497626869185e-3;
  return (0.564189583547756287 - (z * top) / bottom) / y;
}
