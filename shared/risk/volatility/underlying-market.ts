import { logRatio, requirePositive } from "#shared/risk/pricing/option-terms.ts";
import type { SviSlice } from "#shared/risk/volatility/svi-slice.ts";
import { volatilityAt } from "#shared/risk/volatility/volatility-surface.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** A quoted forward price. */
type ForwardPoint = { readonly expiryMs: number; readonly forwardUsd: number };

/** All that values the positions of one underlying at one instant. */
export type UnderlyingMarket = {
  readonly spotUsd: number;
  readonly nowMs: number;
  /** Continuously compounded interest rate. */
  readonly rate: number;
  /** One annual volatility for everything, or a surface. */
  readonly volatility: number | readonly SviSlice[];
  /** Quoted forwards; without any the carry equals the rate and moves with it. */
  readonly forwards?: readonly ForwardPoint[];
};

/**
 * Cost of carry to an expiry from the quoted forwards, or undefined when there are none (carry = rate).
 *
 * ln(forward / spot) is interpolated linearly in time between quotes (from 0 at once); beyond the last quote
 * its carry is kept. Expired quotes are left out.
 */
export function carryTo(market: UnderlyingMarket, expiryMs: number): number | undefined {
  const quotes = (market.forwards ?? []).filter((quote) => quote.expiryMs > market.nowMs);
  if (quotes.length === 0 || expiryMs <= market.nowMs) {
    return market.forwards === undefined ? undefined : 0;
  }
  let before: ForwardPoint = { expiryMs: market.nowMs, forwardUsd: market.spotUsd };
  let after: ForwardPoint | null = null;
  for (const quote of quotes) {
    requirePositive("forwardUsd", quote.forwardUsd);
    if (quote.expiryMs <= expiryMs && quote.expiryMs > before.expiryMs) {
      before = quote;
    }
    if (quote.expiryMs >= expiryMs && (after === null || quote.expiryMs < after.expiryMs)) {
      after = quote;
    }
  }
  const growth = (quote: ForwardPoint) => logRatio(quote.forwardUsd, market.spotUsd);
  if (after === null) {
    return growth(before) / yearsBetween(market.nowMs, before.expiryMs);
  }
  const gap = after.expiryMs - before.expiryMs;
  const share = gap === 0 ? 1 : (expiryMs - before.expiryMs) / gap;
  const total = (1 - share) * growth(before) + share * growth(after);
  return total / yearsBetween(market.nowMs, expiryMs);
}

/** Forward price in USD for delivery at `expiryMs`; spot once that has passed. */
export function forwardTo(market: UnderlyingMarket, expiryMs: number): number {
  const years = Math.max(0, yearsBetween(market.nowMs, expiryMs));
  return market.spotUsd * Math.exp((carryTo(market, expiryMs) ?? market.rate) * years);
}

/**
 * Annual volatility of one strike and expiry; 0 from expiry on.
 *
 * @throws {RangeError} As volatilityAt, when the market has a surface.
 */
export function marketVolatility(
  market: UnderlyingMarket,
  series: { readonly strikeUsd: number; readonly expiryMs: number },
): number {
  if (series.expiryMs <= market.nowMs) {
    return 0;
  }
  if (typeof market.volatility === "number") {
    return market.volatility;
  }
  return volatilityAt(market.volatility, {
    forwardUsd: forwardTo(market, series.expiryMs),
    strikeUsd: series.strikeUsd,
    expiryMs: series.expiryMs,
    nowMs: market.nowMs,
  });
}
