import { logRatio, requirePositive } from "#shared/risk/pricing/option-terms.ts";
import { type SviSlice, sviTotalVariance } from "#shared/risk/volatility/svi-slice.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** Which point of the surface is wanted, and as of when. */
export type SurfacePoint = {
  readonly forwardUsd: number;
  readonly strikeUsd: number;
  readonly expiryMs: number;
  readonly nowMs: number;
};

/**
 * Annual volatility (a fraction) of the surface at a strike and expiry.
 *
 * Between two slices total variance is interpolated linearly in time at fixed ln(strike / forward);
 * before the first and after the last slice the volatility of that slice is kept. Slices that have
 * expired by `nowMs` are left out. The order of `slices` does not matter.
 *
 * @throws {RangeError} If no slice is alive, if the point has expired, or if total variance is negative there.
 * @see Gatheral and Jacquier (2014), lemma 5.1, for interpolation in total variance.
 */
export function volatilityAt(slices: readonly SviSlice[], point: SurfacePoint): number {
  requirePositive("forwardUsd", point.forwardUsd);
  requirePositive("strikeUsd", point.strikeUsd);
  const years = yearsBetween(point.nowMs, point.expiryMs);
  if (!(years > 0)) {
    throw new RangeError(`expiryMs: ${point.expiryMs}; must be after nowMs (${point.nowMs})`);
  }
  const { before, after } = neighbours(slices, point);
  const logMoneyness = logRatio(point.strikeUsd, point.forwardUsd);
  if (before === null || after === null) {
    const only = before ?? after;
    if (only === null) {
      throw new RangeError(
        `slices: ${slices.length} given, none expires after nowMs (${point.nowMs})`,
      );
    }
    return Math.sqrt(variance(only, logMoneyness) / yearsBetween(point.nowMs, only.expiryMs));
  }
  if (before === after) {
    return Math.sqrt(variance(before, logMoneyness) / years);
  }
  const share = (point.expiryMs - before.expiryMs) / (after.expiryMs - before.expiryMs);
  const total =
    (1 - share) * variance(before, logMoneyness) + share * variance(after, logMoneyness);
  return Math.sqrt(total / years);
}

type Neighbours = { readonly before: SviSlice | null; readonly after: SviSlice | null };

/** Nearest live slices at or before, and at or after, the point's expiry. */
function neighbours(slices: readonly SviSlice[], point: SurfacePoint): Neighbours {
  let before: SviSlice | null = null;
  let after: SviSlice | null = null;
  for (const slice of slices) {
    if (slice.expiryMs <= point.nowMs) {
      continue;
    }
    if (slice.expiryMs <= point.expiryMs && (before === null || slice.expiryMs > before.expiryMs)) {
      before = slice;
    }
    if (slice.expiryMs >= point.expiryMs && (after === null || slice.expiryMs < after.expiryMs)) {
      after = slice;
    }
  }
  return before?.expiryMs === after?.expiryMs ? { before, after: before } : { before, after };
}

function variance(slice: SviSlice, logMoneyness: number): number {
  const total = sviTotalVariance(slice, logMoneyness);
  if (!(total >= 0)) {
    throw new RangeError(
      `total variance of the slice expiring at ${slice.expiryMs}: ${total} at log-moneyness ${logMoneyness}; must be >= 0`,
    );
  }
  return total;
}
