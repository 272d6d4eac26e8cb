import {
  requireFinite,
  requireNotNegative,
  requirePositive,
} from "#shared/risk/pricing/option-terms.ts";

/** What both no-trade bands need. */
export type BandInputs = {
  /** Gamma of the book to be hedged; only its magnitude matters. */
  readonly gammaUnitsPerUsd: number;
  readonly spotUsd: number;
  /** Horizon of the discounting in years. */
  readonly years: number;
  readonly rate: number;
  /** Proportional cost of a hedge trade as a fraction of its notional. */
  readonly costFraction: number;
  /** Absolute risk aversion of an exponential utility, per USD. */
  readonly riskAversionPerUsd: number;
};

/**
 * Half-width in units of the underlying of Whalley and Wilmott's no-trade band round the Black-Scholes
 * delta: H = (3/2 · e^(-rate·years) · cost · spot · Γ² / a)^(1/3). Inside the band nothing is traded, outside
 * one trades to its nearest edge. Zero at zero gamma or zero cost.
 *
 * @returns A number >= 0 in units of the underlying.
 * @throws {RangeError} If an input is out of its domain; the message names it.
 * @see Whalley and Wilmott, "An asymptotic analysis of an optimal hedging model for option pricing with
 * transaction costs", Mathematical Finance 7 (1997), eq. 3.10.
 */
export function whalleyWilmottHalfWidthUnits(inputs: BandInputs): number {
  requireBandInputs(inputs);
  const { gammaUnitsPerUsd, spotUsd, years, rate, costFraction, riskAversionPerUsd } = inputs;
  const discount = Math.exp(-rate * years);
  const cube =
    (1.5 * discount * costFraction * spotUsd * gammaUnitsPerUsd ** 2) / riskAversionPerUsd;
  return Math.cbrt(cube);
}

/** @throws {RangeError} If an input is out of its domain; the message names it. */
function requireBandInputs(inputs: BandInputs): void {
  requireFinite("gammaUnitsPerUsd", inputs.gammaUnitsPerUsd);
  requirePositive("spotUsd", inputs.spotUsd);
  requireNotNegative("years", inputs.years);
  requireFinite("rate", inputs.rate);
  requireNotNegative("costFraction", inputs.costFraction);
  requirePositive("riskAversionPerUsd", inputs.riskAversionPerUsd);
}

/**
 * Half-width in units of Zakamouline's band: H0 + H1 with H0 = cost / (a spot sigma² years) and
 * H1 = 1.12 cost^0.31 years^0.05 (e^(-rate years) / sigma)^0.25 (|Γ| / a)^0.5. Unlike Whalley and Wilmott's it
 * does not close at zero gamma: H0 is what a bare position in the underlying is worth trading for.
 *
 * @returns A number >= 0 in units of the underlying.
 * @throws {RangeError} If an input is out of its domain; volatility and years must be > 0.
 * @see Zakamouline, "Efficient analytic approximation of the optimal hedging strategy for a European call option with
 * transaction costs", Quantitative Finance 6 (2006).
 */
export function zakamoulineHalfWidthUnits(
  inputs: BandInputs & { readonly volatility: number },
): number {
  requireBandInputs(inputs);
  requirePositive("volatility", inputs.volatility);
  requirePositive("years", inputs.years);
  const { gammaUnitsPerUsd, spotUsd, years, rate, costFraction, riskAversionPerUsd, volatility } =
    inputs;
  const bare = costFraction / (riskAversionPerUsd * spotUsd * volatility * volatility * years);
  const discount = Math.exp(-rate * years);
  const curved =
    1.12 *
    costFraction ** 0.31 *
    years ** 0.05 *
    (discount / volatility) ** 0.25 *
    Math.sqrt(Math.abs(gammaUnitsPerUsd) / riskAversionPerUsd);
  return bare + curved;
}

/**
 * Units to trade so that delta comes back to the edge of the band, or as far inside it as `targetFraction` says:
 * positive buys. 0 inside the band.
 *
 * @param targetFraction Where to end up, as a fraction of the half-width from the centre: 1 the edge, 0 the centre.
 */
export function tradeToBandUnits(
  deltaUnits: number,
  band: {
    readonly centreUnits: number;
    readonly halfWidthUnits: number;
    readonly targetFraction?: number;
  },
): number {
  const gap = deltaUnits - band.centreUnits;
  if (Math.abs(gap) <= band.halfWidthUnits) {
    return 0;
  }
  const rest = Math.sign(gap) * band.halfWidthUnits * (band.targetFraction ?? 1);
  return rest - gap;
}
