/**
 * Sensitivities of a value in USD to its inputs. Positive quantities are long. All are additive over
 * positions of one underlying.
 */
export type Greeks = {
  /** Change of value in USD per USD of spot: units of the underlying held, in effect. */
  readonly deltaUnits: number;
  /** Change of `deltaUnits` per USD of spot. */
  readonly gammaUnitsPerUsd: number;
  /** Change of value in USD per rise of implied volatility by one point (0.01). */
  readonly vegaUsdPerVolPoint: number;
  /** Change of value in USD per calendar day that passes (1/365 year), all else fixed. */
  readonly thetaUsdPerDay: number;
  /** Change of value in USD per rise of the interest rate by one point (0.01). */
  readonly rhoUsdPerRatePoint: number;
  /** Change of `deltaUnits` per rise of implied volatility by one point (0.01). */
  readonly vannaUnitsPerVolPoint: number;
  /** Change of `vegaUsdPerVolPoint` per rise of implied volatility by one point (0.01). */
  readonly volgaUsdPerVolPointSquared: number;
};

/** The Greeks of nothing. */
export const ZERO_GREEKS: Greeks = {
  deltaUnits: 0,
  gammaUnitsPerUsd: 0,
  vegaUsdPerVolPoint: 0,
  thetaUsdPerDay: 0,
  rhoUsdPerRatePoint: 0,
  vannaUnitsPerVolPoint: 0,
  volgaUsdPerVolPointSquared: 0,
};

/** The names of the Greeks, in the order of the type. */
export const GREEK_NAMES = Object.keys(ZERO_GREEKS) as readonly (keyof Greeks)[];

/** Greeks of both books together, in floating point; for exact sums see netting.ts. */
export function addGreeks(left: Greeks, right: Greeks): Greeks {
  return mapGreeks(left, (value, name) => value + right[name]);
}

/** Greeks of `factor` times the book; a negative factor is the other side of it. */
export function scaleGreeks(greeks: Greeks, factor: number): Greeks {
  return mapGreeks(greeks, (value) => value * factor);
}

/** A new record with `change` applied to each Greek; other fields of the argument are dropped. */
export function mapGreeks(
  greeks: Greeks,
  change: (value: number, name: keyof Greeks) => number,
): Greeks {
  return {
    deltaUnits: change(greeks.deltaUnits, "deltaUnits"),
    gammaUnitsPerUsd: change(greeks.gammaUnitsPerUsd, "gammaUnitsPerUsd"),
    vegaUsdPerVolPoint: change(greeks.vegaUsdPerVolPoint, "vegaUsdPerVolPoint"),
    thetaUsdPerDay: change(greeks.thetaUsdPerDay, "thetaUsdPerDay"),
    rhoUsdPerRatePoint: change(greeks.rhoUsdPerRatePoint, "rhoUsdPerRatePoint"),
    vannaUnitsPerVolPoint: change(greeks.vannaUnitsPerVolPoint, "vannaUnitsPerVolPoint"),
    volgaUsdPerVolPointSquared: change(
      greeks.volgaUsdPerVolPointSquared,
      "volgaUsdPerVolPointSquared",
    ),
  };
}
