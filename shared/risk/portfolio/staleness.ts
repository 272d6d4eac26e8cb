/** When an input was last stamped, and the prices at which it was. */
export type InputStamp = {
  /** Oldest stamp among the parts of the input (all slices of a surface, all boards), Unix milliseconds. */
  readonly oldestStampMs: number;
  /** Lowest and highest spot in USD at which any part was stamped. */
  readonly lowestSpotUsd: number;
  readonly highestSpotUsd: number;
};

/** Limits of staleness: age, and how far spot may have moved since the stamps. */
export type StalenessLimits = { readonly ageMaxMs: number; readonly moveMaxFraction: number };

/** Why an input is stale; both reasons may hold. */
export type Staleness = {
  readonly isStale: boolean;
  readonly reasons: readonly ("age" | "price-move")[];
  readonly ageMs: number;
  /** Largest relative distance of spot now from the stamped prices. */
  readonly moveFraction: number;
};

/**
 * Two-sided staleness: an input is stale when it is too old, and also when spot has since moved too far from
 * the lowest or the highest price at which any part of it was stamped. A quiet hour is not stale; a crash is,
 * after seconds.
 *
 * @throws {RangeError} If a stamped price is not above 0.
 * @see Lyra v1, OptionGreekCache.isGlobalCacheStale, for the price-move rule.
 */
export function stalenessOf(
  stamp: InputStamp,
  now: { readonly nowMs: number; readonly spotUsd: number },
  limits: StalenessLimits,
): Staleness {
  if (!(stamp.lowestSpotUsd > 0) || !(stamp.highestSpotUsd > 0)) {
    throw new RangeError(
      `stamped spot: ${stamp.lowestSpotUsd}, ${stamp.highestSpotUsd}; must be > 0`,
    );
  }
  const ageMs = now.nowMs - stamp.oldestStampMs;
  const moveFraction = Math.max(
    Math.abs(now.spotUsd / stamp.lowestSpotUsd - 1),
    Math.abs(now.spotUsd / stamp.highestSpotUsd - 1),
  );
  const reasons = [
    ...(ageMs <= limits.ageMaxMs ? [] : (["age"] as const)),
    ...(moveFraction <= limits.moveMaxFraction ? [] : (["price-move"] as const)),
  ];
  return { isStale: reasons.length > 0, reasons, ageMs, moveFraction };
}
