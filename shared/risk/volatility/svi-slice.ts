/**
 * One expiry of a volatility surface in the raw SVI form of Gatheral: total variance
 * w(k) = a + b (rho (k - m) + sqrt((k - m)² + sigma²)), k = ln(strike / forward), w = volatility² x years.
 */
export type SviSlice = {
  readonly expiryMs: number;
  /** Level of total variance. */
  readonly a: number;
  /** Slope of the wings, >= 0. */
  readonly b: number;
  /** Tilt, in [-1, 1]. */
  readonly rho: number;
  /** Horizontal shift, in log-moneyness. */
  readonly m: number;
  /** Smoothness of the bottom, > 0, in log-moneyness. */
  readonly sigma: number;
};

/** The five parameters without the expiry. */
export type SviParameters = Omit<SviSlice, "expiryMs">;

/** Total variance and its first two derivatives by log-moneyness. */
export type SviDerivatives = {
  readonly value: number;
  readonly first: number;
  readonly second: number;
};

/**
 * Total variance of the slice at `logMoneyness` = ln(strike / forward), dimensionless. May be negative
 * when the parameters are wrong; volatilityAt refuses that.
 *
 * @see Gatheral and Jacquier, "Arbitrage-free SVI volatility surfaces", Quantitative Finance 14 (2014), eq. 3.1.
 */
export function sviTotalVariance(slice: SviParameters, logMoneyness: number): number {
  const shifted = logMoneyness - slice.m;
  return slice.a + slice.b * (slice.rho * shifted + Math.hypot(shifted, slice.sigma));
}

/** The slice at one point with its slope and curvature, as no-arbitrage checks need them. */
export function sviDerivatives(slice: SviParameters, logMoneyness: number): SviDerivatives {
  const shifted = logMoneyness - slice.m;
  const radius = Math.hypot(shifted, slice.sigma);
  return {
    value: slice.a + slice.b * (slice.rho * shifted + radius),
    first: slice.b * (slice.rho + shifted / radius),
    second: (slice.b * slice.sigma * slice.sigma) / (radius * radius * radius),
  };
}
