/** Health factors, margin ratios and floors under them are told up to this: more is as good, and no figure of a plan. */
export const RATIO_TOLD_MAX = 1e9;

/** A ratio as a report tells it: at most {@link RATIO_TOLD_MAX}, either way. */
export function toldRatio(ratio: number): number {
  return Math.max(-RATIO_TOLD_MAX, Math.min(RATIO_TOLD_MAX, ratio));
}

/**
 * Value of a perpetual account over the size of its positions, as a report tells it; null without a position. What a
 * liquidation leaves may be a few wei, and the quotient beyond any figure that a report may hold.
 *
 * @param value Of the account, negative when it is owed for.
 * @param exposure Absolute value of its positions, in the same unit.
 */
export function toldMarginRatio(value: bigint, exposure: bigint): number | null {
  return exposure === 0n ? null : toldRatio(Number(value) / Number(exposure));
}
