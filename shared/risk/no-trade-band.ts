import { requireFinite, requireNotNegative, requirePositive } from "#shared/risk/option-terms.ts";

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
export function requireBandInputs(inputs: BandInputs): void {
  requireFinite("gammaUnitsPerUsd", inputs.gammaUnitsPerUsd);
  requirePositive("spotUsd", inputs.spotUsd);
  requireNotNegative("years", inputs.years);
  requireFinite("rate", inputs.rate);
  requireNotNegative("costFraction", inputs.costFraction);
  requirePositive("riskAversionPerUsd", inputs.riskAversionPerUsd);
}
