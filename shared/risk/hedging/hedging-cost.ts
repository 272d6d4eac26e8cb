import { requireNotNegative, requirePositive } from "#shared/risk/pricing/option-terms.ts";

/**
 * Leland's volatility (annual, a fraction): what an option is worth to someone who rehedges at fixed times and pays
 * for it. sigma sqrt(1 ± Le), Le = (cost / sigma) sqrt(8 / (pi dt)): plus for a seller, who pays to hedge, minus for a
 * buyer (0 when the cost exceeds the variance).
 *
 * @param costFraction One-way proportional cost, half the bid-ask spread.
 * @param rehedgeYears Time between rehedges in years.
 * @throws {RangeError} If volatility or rehedgeYears is not > 0, or the cost is negative.
 * @see Leland, "Option pricing and replication with transactions costs", J. Finance 40 (1985).
 */
export function lelandVolatility(inputs: {
  readonly side: "short" | "long";
  readonly volatility: number;
  readonly costFraction: number;
  readonly rehedgeYears: number;
}): number {
  requirePositive("volatility", inputs.volatility);
  requireNotNegative("costFraction", inputs.costFraction);
  requirePositive("rehedgeYears", inputs.rehedgeYears);
  const number =
    (inputs.costFraction / inputs.volatility) * Math.sqrt(8 / (Math.PI * inputs.rehedgeYears));
  return (
    inputs.volatility * Math.sqrt(Math.max(0, 1 + (inputs.side === "short" ? number : -number)))
  );
}

/** A delta-hedged book over a holding time. */
export type HedgedBook = {
  readonly gammaUnitsPerUsd: number;
  readonly vegaUsdPerVolPoint: number;
  readonly spotUsd: number;
  /** Annual volatility of spot. */
  readonly volatility: number;
  /** Annual standard deviation of volatility itself, in volatility points (0.01) per square root of a year. */
  readonly volatilityOfVolatilityPoints: number;
  /** Holding time in years. */
  readonly years: number;
};

/**
 * Variance in USD² that delta hedging leaves over the holding time: 1/2 Γ² S⁴ sigma⁴ t² + (vol of vol)² t vega².
 * What hedging in spot cannot remove; only options can.
 *
 * @see Stoikov and Saglam, "Option market making under inventory risk", Review of Derivatives Research 12 (2009).
 */
export function residualVarianceUsd2(book: HedgedBook): number {
  const gammaPart =
    0.5 * book.gammaUnitsPerUsd ** 2 * book.spotUsd ** 4 * book.volatility ** 4 * book.years ** 2;
  const vegaPart =
    book.volatilityOfVolatilityPoints ** 2 * book.years * book.vegaUsdPerVolPoint ** 2;
  return gammaPart + vegaPart;
}

/**
 * Standard deviation in USD of the hedging error of one rebalancing interval with constant gamma: |Γ| S² sigma² dt /
 * sqrt(2), from the variance of (Z² - 1)/2.
 */
export function stepTrackingErrorUsd(book: {
  readonly gammaUnitsPerUsd: number;
  readonly spotUsd: number;
  readonly volatility: number;
  readonly rehedgeYears: number;
}): number {
  const { gammaUnitsPerUsd, spotUsd, volatility, rehedgeYears } = book;
  return Math.abs(gammaUnitsPerUsd) * spotUsd ** 2 * volatility ** 2 * rehedgeYears * Math.SQRT1_2;
}

/**
 * Expected tracking error of an at-the-money option hedged `rehedges` times to expiry: the standard deviation in USD of
 * the final profit and loss, sqrt(pi / 4) x vega x sigma / sqrt(N). It halves when rehedging four times as often.
 *
 * @param vegaUsdPerVolPoint Vega at the start.
 * @throws {RangeError} If rehedges is not > 0.
 * @see Kamal and Derman, "When you cannot hedge continuously", Risk (1999).
 */
export function trackingErrorToExpiryUsd(option: {
  readonly vegaUsdPerVolPoint: number;
  readonly volatility: number;
  readonly rehedges: number;
}): number {
  requirePositive("rehedges", option.rehedges);
  const volatilityPoints = option.volatility * 100;
  return (
    Math.sqrt(Math.PI / 4) *
    Math.abs(option.vegaUsdPerVolPoint) *
    (volatilityPoints / Math.sqrt(option.rehedges))
  );
}
