import type { UnderlyingPolicy } from "#shared/policy/policy-schema.ts";

/**
 * Half-width of the no-trade band in units of the underlying: Whalley and Wilmott's
 * (3/2 cost x spot x gamma^2 / aversion)^(1/3) at zero rate, limited by the policy's cap (a share of
 * net asset value), then raised to the floor: the policy's, or the trade whose proportional cost
 * equals its gas if that is larger. Never negative.
 *
 * @param o.gasUsd What the gas of one hedge costs in USD.
 */
export function bandHalfWidth(o: {
  readonly gammaUnitsPerUsd: number;
  readonly spotUsd: number;
  readonly navUsd: number;
  readonly gasUsd: number;
  readonly policy: UnderlyingPolicy;
}): number {
  const { costFraction, riskAversionPerUsd, bandFloorUsd, bandCapNavFraction } = o.policy;
  const cube = (1.5 * costFraction * o.spotUsd * o.gammaUnitsPerUsd ** 2) / riskAversionPerUsd;
  const cap = (bandCapNavFraction * Math.max(0, o.navUsd)) / o.spotUsd;
  const gasFloorUsd = costFraction > 0 ? o.gasUsd / costFraction : 0;
  const floor = Math.max(bandFloorUsd, gasFloorUsd) / o.spotUsd;
  return Math.max(floor, Math.min(Math.cbrt(cube), cap));
}
