import { requireNotNegative } from "#shared/risk/pricing/option-terms.ts";

/** One part of a whole that has to hold capital together. */
export type MutualPart = {
  readonly id: string;
  /** Euler component of the whole's requirement in USD; negative where the part hedges the others. */
  readonly componentUsd: number;
  /** What the part must hold whatever the others do, in USD, >= 0. */
  readonly floorUsd: number;
};

/**
 * Each part's share of what the whole must hold: its component, but not below its floor. The shares sum to the whole's
 * requirement, which is the sum of the components, or of the floors when that is more: what floors add is taken off the
 * parts above theirs, in proportion to how far they are. So no share is above the larger of component and floor.
 *
 * @returns By id, in USD, each >= its floor. The same in any order of the parts, to rounding.
 * @throws {RangeError} If a floor is negative.
 */
export function mutualShares(parts: readonly MutualPart[]): Map<string, number> {
  const sorted = [...parts].sort((left, right) => (left.id < right.id ? -1 : 1));
  let [floorsUsd, wholeUsd, excessUsd] = [0, 0, 0];
  for (const { floorUsd, componentUsd } of sorted) {
    requireNotNegative("floorUsd", floorUsd);
    floorsUsd += floorUsd;
    wholeUsd += componentUsd;
    excessUsd += Math.max(0, componentUsd - floorUsd);
  }
  const spreadUsd = Math.max(0, wholeUsd - floorsUsd);
  const kept = excessUsd > 0 ? Math.min(1, spreadUsd / excessUsd) : 0;
  return new Map(
    sorted.map(({ id, floorUsd, componentUsd }) => {
      return [id, floorUsd + kept * Math.max(0, componentUsd - floorUsd)];
    }),
  );
}
