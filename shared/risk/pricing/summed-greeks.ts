import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { OptionPosition } from "#shared/risk/pricing/option-position.ts";
import type { OptionPricer } from "#shared/risk/pricing/option-pricer.ts";

/**
 * Greeks of all positions together: the sum of what valueOption says of each, in their order, to the last bit, without a
 * record per position.
 *
 * @throws {RangeError} As valueOption.
 */
export function summedGreeks(
  positions: readonly OptionPosition[],
  { market, valueOfOne }: OptionPricer,
): Greeks {
  const sum: { -readonly [Name in keyof Greeks]: number } = { ...ZERO_GREEKS };
  for (const position of positions) {
    const { quantity } = position;
    const one = valueOfOne(position);
    // What infinite gamma there is at expiry belongs to nobody, and none of it is nothing.
    if (quantity === 0) continue;
    const isLive = position.expiryMs > market.nowMs;
    sum.deltaUnits += one.deltaUnits * quantity;
    sum.gammaUnitsPerUsd += isLive ? one.gammaUnitsPerUsd * quantity : 0;
    sum.vegaUsdPerVolPoint += one.vegaUsdPerVolPoint * quantity;
    sum.thetaUsdPerDay += one.thetaUsdPerDay * quantity;
    sum.rhoUsdPerRatePoint += one.rhoUsdPerRatePoint * quantity;
    sum.vannaUnitsPerVolPoint += one.vannaUnitsPerVolPoint * quantity;
    sum.volgaUsdPerVolPointSquared += one.volgaUsdPerVolPointSquared * quantity;
  }
  return sum;
}
