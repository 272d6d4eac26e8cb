import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy, UnderlyingPolicy } from "#shared/policy/policy-schema.ts";

const UNDERLYING: UnderlyingPolicy = {
  riskAversionPerUsd: 1e-5,
  costFraction: 0.001,
  bandCost: "policy",
  bandModel: "whalley-wilmott",
  bandHorizonYears: 30 / 365,
  bandFloorUsd: 12_000,
  bandCapNavFraction: 0.02,
  hedgeTargetFraction: 0.5,
  netDeltaLimitUsd: 1_500_000,
  vegaLimitUsdPerVolPoint: null,
  gammaLimitUsdPerPercent: null,
  hedgeNotionalMaxUsd: 60_000,
  sourceDisagreementMaxFraction: 0.05,
  deltaQuantumUnits: 1e-6,
};

/**
 * Limits for the local world: pools of about a million USD, prices that move in a second as they would
 * in a quarter of an hour. Slippage is what a price may move between decision and inclusion.
 */
export const WORLD_POLICY: Policy = {
  ...DEFAULT_POLICY,
  underlyings: { ETH: UNDERLYING, BTC: UNDERLYING },
  hedging: { ...DEFAULT_POLICY.hedging, slippageMaxFraction: 0.02 },
  // Aave's suppliers earn 0.4 % a year here: worth its haircut over a month.
  lending: { ...DEFAULT_POLICY.lending, supplyMaxFraction: 0.25, horizonHours: 720 },
  transfers: {
    ...DEFAULT_POLICY.transfers,
    minimumUsd: 5_000,
    maximumUsd: 200_000,
    recoverAfterMs: 15_000,
    stuckAfterMs: 30_000,
  },
};
