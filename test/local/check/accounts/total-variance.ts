/** One raw SVI slice as the volatility feed keeps it, in plain numbers. */
export type FeedSlice = {
  readonly expiryMs: number;
  readonly a: number;
  readonly b: number;
  readonly rho: number;
  readonly m: number;
  readonly sigma: number;
  readonly updatedAtMs: number;
};

/** Total variance (variance x years) of one slice at log-moneyness ln(strike / forward). */
export function sliceVariance(slice: FeedSlice, logMoneyness: number): number {
  const distance = logMoneyness - slice.m;
  return slice.a + slice.b * (slice.rho * distance + Math.hypot(distance, slice.sigma));
}

/**
 * Total variance of an option from the slices that have not expired: linear in time between two
 * slices, proportional to time (a flat volatility) before the first and after the last.
 *
 * @throws {RangeError} If every slice has expired, or the surface is negative at this strike.
 */
export function totalVariance(
  slices: readonly FeedSlice[],
  o: { readonly logMoneyness: number; readonly expiryMs: number; readonly nowMs: number },
): number {
  const alive = slices.filter((s) => s.expiryMs > o.nowMs).sort((x, y) => x.expiryMs - y.expiryMs);
  const later = alive.find((s) => s.expiryMs >= o.expiryMs);
  const earlier = alive.findLast((s) => s.expiryMs <= o.expiryMs);
  const variance = between(earlier, later, o);
  if (!(variance >= 0)) {
    throw new RangeError(
      `total variance ${variance} at log-moneyness ${o.logMoneyness}; must be at least 0`,
    );
  }
  return variance;
}

function between(
  earlier: FeedSlice | undefined,
  later: FeedSlice | undefined,
  o: { readonly logMoneyness: number; readonly expiryMs: number; readonly nowMs: number },
): number {
  if (earlier !== undefined && later !== undefined) {
    const from = sliceVariance(earlier, o.logMoneyness);
    if (later.expiryMs === earlier.expiryMs) return from;
    const share = (o.expiryMs - earlier.expiryMs) / (later.expiryMs - earlier.expiryMs);
    return from + share * (sliceVariance(later, o.logMoneyness) - from);
  }
  const nearest = earlier ?? later;
  if (nearest === undefined)
    throw new RangeError("the volatility surface has no slice that is still alive");
  const share = (o.expiryMs - o.nowMs) / (nearest.expiryMs - o.nowMs);
  return sliceVariance(nearest, o.logMoneyness) * share;
}
