import type { Policy } from "#shared/policy/policy-schema.ts";

/** Worst price of a hedge of an underlying against the snapshot, as a fraction: its own limit, or that of all. */
export function slippageMaxFraction(policy: Policy, underlying: string): number {
  return policy.underlyings[underlying]?.slippageMaxFraction ?? policy.hedging.slippageMaxFraction;
}
