import { yearsBetween } from "#shared/units/time.ts";

/** One slice as SettableVolatilityFeed.setSlices takes it; parameters with 18 decimals. */
export type FeedSlice = {
  readonly expiry: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly rho: bigint;
  readonly m: bigint;
  readonly sigma: bigint;
  readonly updatedAt: bigint;
};

const SKEW = -0.3;
/** Steepness of the smile: phi = STEEPNESS / sqrt(total variance), free of butterfly arbitrage up to 1.7. */
const STEEPNESS = 0.8;
const WAD = 1e18;
/** Short expiries keep the variance of at least this many years, so that no parameter rounds to nothing. */
const YEARS_MIN = 1e-6;

/**
 * Volatility surface around one at-the-money volatility: for each expiry the raw SVI form of Gatheral
 * and Jacquier's SSVI, whose total variance at the money is volatility squared times the years left.
 *
 * @param expiriesMs Ascending; those that have passed are left out.
 */
export function surfaceSlices(
  volatility: number,
  expiriesMs: readonly number[],
  nowMs: number,
): FeedSlice[] {
  return expiriesMs
    .filter((expiryMs) => expiryMs > nowMs)
    .map((expiryMs) => {
      const theta = volatility ** 2 * Math.max(YEARS_MIN, yearsBetween(nowMs, expiryMs));
      const phi = STEEPNESS / Math.sqrt(theta);
      return {
        expiry: BigInt(Math.floor(expiryMs / 1000)),
        a: wad((theta / 2) * (1 - SKEW ** 2)),
        b: wad((theta * phi) / 2),
        rho: wad(SKEW),
        m: wad(-SKEW / phi),
        sigma: wad(Math.sqrt(1 - SKEW ** 2) / phi),
        updatedAt: 0n,
      };
    });
}

function wad(value: number): bigint {
  return BigInt(Math.round(value * WAD));
}
