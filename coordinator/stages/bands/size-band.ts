import type { Band } from "#coordinator/records/planning/band.ts";
import type { UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import {
  whalleyWilmottHalfWidthUnits,
  zakamoulineHalfWidthUnits,
} from "#shared/risk/hedging/no-trade-band.ts";

export type BandContext = {
  readonly gammaUnitsPerUsd: number;
  readonly spotUsd: number;
  /** Net asset value of all shards in USD. */
  readonly navUsd: number;
  /** Gas of the cheapest hedge in USD; null when it is not known. */
  readonly gasUsd: number | null;
  /** Cost of the cheapest first step of any depth as a fraction of notional; null when no venue reports one. */
  readonly measuredCostFraction: number | null;
  /** Annual volatility expected; null when it is not known. */
  readonly volatility: number | null;
  /** Share of the formula that is kept; below 1 while the market is stressed. */
  readonly stressFraction: number;
};

/** A venue may be better than the spot it is compared with; a band still needs some cost. */
const COST_FRACTION_MIN = 1e-5;

/**
 * The no-trade band round zero net delta: the policy's formula, not above `bandCapNavFraction` of the net asset
 * value, and not below the floor, which wins when the two cross. The floor is the larger of the policy's and of the
 * smallest trade worth its gas, the one whose proportional cost, at the policy's at least, is as large as its gas.
 *
 * Zakamouline's formula needs a volatility; while none is known Whalley and Wilmott's is used.
 */
export function sizeBand(context: BandContext, policy: UnderlyingPolicy): Band {
  const { measuredCostFraction, volatility } = context;
  const isMeasured = policy.bandCost === "measured" && measuredCostFraction !== null;
  const costFraction = isMeasured
    ? Math.max(COST_FRACTION_MIN, measuredCostFraction)
    : policy.costFraction;
  const inputs = {
    gammaUnitsPerUsd: context.gammaUnitsPerUsd,
    spotUsd: context.spotUsd,
    years: policy.bandHorizonYears,
    rate: 0,
    costFraction,
    riskAversionPerUsd: policy.riskAversionPerUsd,
  };
  const isZakamouline = policy.bandModel === "zakamouline" && volatility !== null && volatility > 0;
  const wholeUnits = isZakamouline
    ? zakamoulineHalfWidthUnits({ ...inputs, volatility })
    : whalleyWilmottHalfWidthUnits(inputs);
  const formulaUnits = wholeUnits * context.stressFraction;
  // Next to a cost of nothing no trade is worth its gas: what is cheap to trade must not be left alone for it.
  const gasWorthUsd = (context.gasUsd ?? 0) / Math.max(costFraction, policy.costFraction);
  const floorUnits = Math.max(policy.bandFloorUsd, gasWorthUsd) / context.spotUsd;
  const capUnits = (policy.bandCapNavFraction * Math.max(0, context.navUsd)) / context.spotUsd;
  const halfWidthUnits = Math.max(floorUnits, Math.min(formulaUnits, capUnits));
  return {
    model: isZakamouline ? "zakamouline" : "whalley-wilmott",
    costFraction,
    costSource: isMeasured ? "measured" : "policy",
    volatility: isZakamouline ? volatility : null,
    formulaUnits,
    floorUnits,
    capUnits,
    stressFraction: context.stressFraction,
    bound: boundOf({ formulaUnits, floorUnits, capUnits }),
    halfWidthUnits,
    actFromUnits: halfWidthUnits,
  };
}

function boundOf(parts: Pick<Band, "formulaUnits" | "floorUnits" | "capUnits">): Band["bound"] {
  const { formulaUnits, floorUnits, capUnits } = parts;
  if (floorUnits >= Math.min(formulaUnits, capUnits)) return "floor";
  return formulaUnits <= capUnits ? "formula" : "cap";
}
