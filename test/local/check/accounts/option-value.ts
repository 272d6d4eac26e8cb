import {
  normalDensity,
  normalProbability,
} from "#test/local/check/accounts/normal-distribution.ts";

/** Value and first-order figures of one option held long. */
export type OptionFigures = {
  readonly valueUsd: number;
  /** Change of value per USD of spot, in units of the underlying. */
  readonly deltaUnits: number;
  readonly gammaUnitsPerUsd: number;
  /** Change of value per volatility point (0.01). */
  readonly vegaUsdPerVolPoint: number;
};

/**
 * European option by Black-Scholes at zero rate and carry, written for the checker alone and from
 * total variance, so that it shares nothing with the engine it checks. An expired option is worth
 * its intrinsic value and has no delta: what it pays no longer depends on the spot.
 *
 * @throws {RangeError} If spot or strike is not positive or the variance is negative.
 */
export function optionFigures(o: {
  readonly isCall: boolean;
  readonly spotUsd: number;
  readonly strikeUsd: number;
  readonly years: number;
  readonly totalVariance: number;
}): OptionFigures {
  if (!(o.spotUsd > 0)) throw new RangeError(`spotUsd: ${o.spotUsd}; must be positive`);
  if (!(o.strikeUsd > 0)) throw new RangeError(`strikeUsd: ${o.strikeUsd}; must be positive`);
  if (!(o.totalVariance >= 0))
    throw new RangeError(`totalVariance: ${o.totalVariance}; must be at least 0`);
  const parity = o.isCall ? 0 : o.strikeUsd - o.spotUsd;
  if (o.years <= 0 || o.totalVariance === 0) {
    const callUsd = Math.max(0, o.spotUsd - o.strikeUsd);
    const callDelta = o.spotUsd > o.strikeUsd ? 1 : 0;
    const deltaUnits = o.years <= 0 ? 0 : callDelta - (o.isCall ? 0 : 1);
    return { valueUsd: callUsd + parity, deltaUnits, gammaUnitsPerUsd: 0, vegaUsdPerVolPoint: 0 };
  }
  const deviation = Math.sqrt(o.totalVariance);
  const upper = Math.log(o.spotUsd / o.strikeUsd) / deviation + deviation / 2;
  const density = normalDensity(upper);
  const inTheMoney = normalProbability(upper);
  const callUsd = o.spotUsd * inTheMoney - o.strikeUsd * normalProbability(upper - deviation);
  return {
    valueUsd: callUsd + parity,
    deltaUnits: o.isCall ? inTheMoney : -normalProbability(-upper),
    gammaUnitsPerUsd: density / (o.spotUsd * deviation),
    vegaUsdPerVolPoint: 0.01 * o.spotUsd * density * Math.sqrt(o.years),
  };
}
