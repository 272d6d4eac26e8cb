import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { VolatilityOf } from "#shared/risk/pricing/known-volatilities.ts";
import {
  type OptionMarket,
  type OptionPosition,
  optionInputs,
} from "#shared/risk/pricing/option-position.ts";
import { yearsBetween } from "#shared/units/time.ts";

const NO_MOVE = { spotShock: 0, volShock: 0 };

/**
 * Greeks of all positions together: the sum of what valueOption says of each, in their order, to the last bit, without a
 * record per position.
 *
 * @throws {RangeError} As valueOption.
 */
export function summedGreeks(
  positions: readonly OptionPosition[],
  market: OptionMarket,
  volatilityOf: VolatilityOf,
): Greeks {
  const sum: { -readonly [Name in keyof Greeks]: number } = { ...ZERO_GREEKS };
  for (const position of positions) {
    const { quantity } = position;
    const years = Math.max(0, yearsBetween(market.nowMs, position.expiryMs));
    const volatility = volatilityOf(position);
    const one = blackScholes(optionInputs(position, market, { years, move: NO_MOVE, volatility }));
    // What infinite gamma there is at expiry belongs to nobody, and none of it is nothing.
    if (quantity === 0) continue;
    sum.deltaUnits += one.deltaUnits * quantity;
    sum.gammaUnitsPerUsd += years === 0 ? 0 : one.gammaUnitsPerUsd * quantity;
    sum.vegaUsdPerVolPoint += one.vegaUsdPerVolPoint * quantity;
    sum.thetaUsdPerDay += one.thetaUsdPerDay * quantity;
    sum.rhoUsdPerRatePoint += one.rhoUsdPerRatePoint * quantity;
    sum.vannaUnitsPerVolPoint += one.vannaUnitsPerVolPoint * quantity;
    sum.volgaUsdPerVolPointSquared += one.volgaUsdPerVolPointSquared * quantity;
  }
  return sum;
}
