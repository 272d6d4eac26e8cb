/** Days at which a tenor-scaled shock has its nominal size. */
const REFERENCE_DAYS = 30;
/** Shocks of shorter options are not scaled up further than those of this tenor. */
const SHORTEST_DAYS = 1;
/** Power of the scaling up to, and beyond, the reference tenor. */
const SHORT_POWER = 0.3;
const LONG_POWER = 0.13;
const DAYS_PER_YEAR = 365;

/**
 * How much larger a relative volatility shock is for an option of `years` than for one of 30 days:
 * (30 d / max(t, 1 d))^p with p = 0.30 up to 30 days and 0.13 beyond; short volatility moves more.
 *
 * @see Deribit's portfolio margin and Derive's PMRM agree on the two powers.
 */
export function tenorScale(years: number): number {
  const days = Math.max(years * DAYS_PER_YEAR, SHORTEST_DAYS);
  return (REFERENCE_DAYS / days) ** (days <= REFERENCE_DAYS ? SHORT_POWER : LONG_POWER);
}

/**
 * Volatility after a relative shock: volatility x max(0, 1 + shock), the shock scaled by tenor on request.
 *
 * @param volShock Relative change at 30 days: 0.6 is up 60 %.
 */
export function shockedVolatility(
  volatility: number,
  shock: { readonly volShock: number; readonly tenorScaled: boolean; readonly years: number },
): number {
  const scale = shock.tenorScaled ? tenorScale(shock.years) : 1;
  return volatility * Math.max(0, 1 + shock.volShock * scale);
}
