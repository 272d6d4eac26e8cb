import { requireNotNegative } from "#shared/risk/pricing/option-terms.ts";

/**
 * Required capital in USD: the worst scenario's loss, or the multiple of expected shortfall when that is more, never
 * below 0, plus contingencies.
 */
export function requiredCapitalUsd(parts: {
  /** Largest loss over the scenarios; negative when every scenario gains. */
  readonly worstLossUsd: number;
  /** Expected shortfall times its multiplier; 0 when capital is scenario based only. */
  readonly shortfallChargeUsd?: number;
  /** Sum of the contingencies, >= 0. */
  readonly contingenciesUsd: number;
}): number {
  requireNotNegative("contingenciesUsd", parts.contingenciesUsd);
  return Math.max(0, parts.worstLossUsd, parts.shortfallChargeUsd ?? 0) + parts.contingenciesUsd;
}

/**
 * Risk-Adjusted Capital in USD: equity less haircuts, less the worst loss of the short-term volatility shocks (a gain
 * does not count), less contingencies. Negative: the shocks would take more than there is.
 */
export function riskAdjustedCapitalUsd(parts: {
  readonly equityUsd: number;
  readonly haircutsUsd: number;
  readonly worstShockLossUsd: number;
  readonly contingenciesUsd: number;
}): number {
  return (
    parts.equityUsd -
    parts.haircutsUsd -
    Math.max(0, parts.worstShockLossUsd) -
    parts.contingenciesUsd
  );
}

/** Counted assets divided by required capital, or null when nothing is required. */
export function solvencyRatio(countedAssetsUsd: number, requiredUsd: number): number | null {
  return requiredUsd === 0 ? null : countedAssetsUsd / requiredUsd;
}

/** How well a shard's figures are known. */
export type ReportQuality = {
  readonly ageMs: number;
  /** Age at which a report is worth nothing. */
  readonly ageMaxMs: number;
  /** Blocks between the report's block and the newest final one; 0 when it is final. */
  readonly blocksNotFinal: number;
  /** Blocks not final at which a report is worth nothing. */
  readonly blocksNotFinalMax: number;
  /** Largest relative distance of a price source from the median. */
  readonly disagreementFraction: number;
  readonly disagreementMaxFraction: number;
};

/**
 * Confidence in a report, in [0, 1]: the smallest of three that fall linearly from 1 (fresh, final, sources agree)
 * to 0 at their maximum. Composites take the minimum, so one bad input is not averaged away.
 *
 * @see Derive's feeds, where a composite's confidence is the minimum of its parts.
 */
export function reportConfidence(quality: ReportQuality): number {
  const left = (used: number, most: number) =>
    Math.min(1, Math.max(0, most > 0 ? 1 - used / most : used > 0 ? 0 : 1));
  return Math.min(
    left(quality.ageMs, quality.ageMaxMs),
    left(quality.blocksNotFinal, quality.blocksNotFinalMax),
    left(quality.disagreementFraction, quality.disagreementMaxFraction),
  );
}

/**
 * Contingency in USD for what is not well known: (1 - confidence) x factor x notional once confidence is below the
 * threshold, else 0.
 *
 * @param notionalUsd Sum of |quantity| x spot of the positions concerned, >= 0.
 * @see Derive, PMRM, confidence contingency.
 */
export function confidenceContingencyUsd(
  confidence: number,
  exposure: { readonly notionalUsd: number; readonly threshold: number; readonly factor: number },
): number {
  requireNotNegative("notionalUsd", exposure.notionalUsd);
  return confidence >= exposure.threshold
    ? 0
    : (1 - confidence) * exposure.factor * exposure.notionalUsd;
}

/**
 * Contingency in USD for naked short options: `fraction` of spot per option short of its strike, where longs of
 * the same strike, type and expiry have been netted before.
 */
export function shortOptionContingencyUsd(
  netQuantities: readonly number[],
  spot: { readonly spotUsd: number; readonly fraction: number },
): number {
  const short = netQuantities.reduce((sum, quantity) => sum + Math.max(0, -quantity), 0);
  return short * spot.spotUsd * spot.fraction;
}
