import {
  type OptionMarket,
  type OptionPosition,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";

/** Annual volatility of a series, as {@link positionVolatility} gives it. */
export type VolatilityOf = (series: Pick<OptionPosition, "strikeUsd" | "expiryMs">) => number;

/**
 * The volatilities of one market, each read off the surface once: calls, puts and every use of one strike share it.
 *
 * The function throws RangeError as positionVolatility does.
 */
export function knownVolatilities(market: OptionMarket): VolatilityOf {
  const byExpiry = new Map<number, Map<number, number>>();
  return (series) => {
    const { strikeUsd, expiryMs } = series;
    let byStrike = byExpiry.get(expiryMs);
    if (byStrike === undefined) {
      byStrike = new Map();
      byExpiry.set(expiryMs, byStrike);
    }
    let volatility = byStrike.get(strikeUsd);
    if (volatility === undefined) {
      volatility = positionVolatility(series, market);
      byStrike.set(strikeUsd, volatility);
    }
    return volatility;
  };
}
