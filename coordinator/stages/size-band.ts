import type { UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import { whalleyWilmottHalfWidthUnits } from "#shared/risk/no-trade-band.ts";

export type BandContext = {
  readonly gammaUnitsPerUsd: number;
  readonly spotUsd: number;
  /** Net asset value of all shards in USD. */
  readonly navUsd: number;
  /** Gas of the cheapest hedge in USD; null when it is not known. */
  readonly gasUsd: number | null;
};

/**
 * Half-width in units of the no-trade band round zero net delta: Whalley-Wilmott, not above
 * `bandCapNavFraction` of the net asset value, and not below the floor, which wins when the two cross.
 * The floor is the larger of the policy's and of the smallest trade worth its gas, the one whose
 * proportional cost is as large as its gas.
 */
export function sizeBand(context: BandContext, policy: UnderlyingPolicy): number {
  const formula = whalleyWilmottHalfWidthUnits({
    gammaUnitsPerUsd: context.gammaUnitsPerUsd,
    spotUsd: context.spotUsd,
    years: policy.bandHorizonYears,
    rate: 0,
    costFraction: policy.costFraction,
    riskAversionPerUsd: policy.riskAversionPerUsd,
  });
  const gasWorthUsd = (context.gasUsd ?? 0) / policy.costFraction;
  const floorUnits = Math.max(policy.bandFloorUsd, gasWorthUsd) / context.spotUsd;
  const capUnits = (policy.bandCapNavFraction * Math.max(0, context.navUsd)) / context.spotUsd;
  return Math.max(floorUnits, Math.min(formula, capUnits));
}
