import { optionInputsOf } from "#shared/risk/portfolio/position.ts";
import { optionPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import type { OptionPosition } from "#shared/risk/pricing/option-position.ts";
import { logRatio, optionTerms } from "#shared/risk/pricing/option-terms.ts";
import { shockedVolatility } from "#shared/risk/scenarios/volatility-shock.ts";
import { forwardTo, type UnderlyingMarket } from "#shared/risk/volatility/underlying-market.ts";

/** A tilt of the smile (linear in log-moneyness) or a lift of both wings (in its magnitude). */
export type SkewKind = "linear" | "absolute";

type SkewShock = { readonly kind: SkewKind; readonly volShock?: number };

/** Largest relative change of volatility, 0.25 - 0.1 sqrt(T), and its floor for long tenors. */
const CAP_SHORT = 0.25;
const CAP_SLOPE = 0.1;
const CAP_FLOOR = 0.05;
/** Log-moneyness at which the cap is reached: 4 sqrt(T) x 0.6, at least 0.01. */
const REACH = 4 * 0.6;
const REACH_FLOOR = 0.01;

/**
 * Factor on the volatility of an option under a skew shock: 1 + clamp(k cap / k*, ±cap) with k = ln(strike /
 * forward) (or its magnitude), cap = max(0.05, 0.25 - 0.1 sqrt(T)), k* = max(0.01, 2.4 sqrt(T)). 1 at the money.
 *
 * @see Derive, PMRM_2, _getExpirySkewedShockedMTM; the floor of the cap is our own.
 */
export function skewMultiplier(
  kind: SkewKind,
  option: { readonly logMoneyness: number; readonly years: number },
): number {
  const root = Math.sqrt(option.years);
  const cap = Math.max(CAP_FLOOR, CAP_SHORT - CAP_SLOPE * root);
  const reach = Math.max(REACH_FLOOR, REACH * root);
  const moneyness = kind === "absolute" ? Math.abs(option.logMoneyness) : option.logMoneyness;
  return 1 + Math.min(cap, Math.max(-cap, (moneyness * cap) / reach));
}

/**
 * Profit and loss in USD, never positive, of options of one underlying under a skew shock of unknown sign: the sum
 * over expiries of -|P&L|, so offsetting skew of different expiries earns no credit.
 *
 * @param volShock Parallel shock on top, tenor-scaled; the P&L is that of the skew alone at the shocked level.
 * @throws {RangeError} As valuePosition.
 */
export function skewScenarioPnlUsd(
  positions: readonly OptionPosition[],
  market: UnderlyingMarket,
  shock: SkewShock,
): number {
  return skewLossUsd(skewPnlByExpiry(positions, market, shock).values());
}

/** What is assumed of skews of unknown sign: every expiry's P&L counts as a loss. */
export function skewLossUsd(pnlByExpiry: Iterable<number>): number {
  let total = 0;
  for (const pnl of pnlByExpiry) {
    total -= Math.abs(pnl);
  }
  return total;
}

/**
 * Signed profit and loss in USD per expiry of options of one underlying under a skew shock.
 *
 * @throws {RangeError} As valuePosition.
 */
export function skewPnlByExpiry(
  positions: readonly OptionPosition[],
  market: UnderlyingMarket,
  shock: SkewShock,
): Map<number, number> {
  const byExpiry = new Map<number, number>();
  for (const position of positions) {
    const pnl = skewPnlUsd(position, market, shock);
    byExpiry.set(position.expiryMs, (byExpiry.get(position.expiryMs) ?? 0) + pnl);
  }
  return byExpiry;
}

function skewPnlUsd(position: OptionPosition, market: UnderlyingMarket, shock: SkewShock): number {
  const inputs = optionInputsOf(position, market);
  const { years } = inputs;
  if (years === 0) {
    return 0;
  }
  const logMoneyness = logRatio(position.strikeUsd, forwardTo(market, position.expiryMs));
  const volatility = shockedVolatility(inputs.volatility, {
    volShock: shock.volShock ?? 0,
    tenorScaled: true,
    years,
  });
  const terms = optionTerms(inputs);
  const price = (factor: number) =>
    optionPrice(inputs.type, terms, volatility * factor * Math.sqrt(years));
  return (
    position.quantity * (price(skewMultiplier(shock.kind, { logMoneyness, years })) - price(1))
  );
}
