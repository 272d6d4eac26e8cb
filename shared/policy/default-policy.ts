import type { Policy, UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import { breakersPolicySchema, quarantinePolicySchema } from "#shared/policy/safety-policy.ts";

const DEFAULT_UNDERLYING: UnderlyingPolicy = {
  riskAversionPerUsd: 1e-5,
  costFraction: 0.001,
  bandCost: "policy",
  bandModel: "whalley-wilmott",
  bandHorizonYears: 30 / 365,
  bandFloorUsd: 2_000,
  bandCapNavFraction: 0.02,
  hedgeTargetFraction: 0.5,
  netDeltaLimitUsd: 500_000,
  hedgeNotionalMaxUsd: 100_000,
  sourceDisagreementMaxFraction: 0.03,
  deltaQuantumUnits: 1e-6,
};

/** A policy to start from: two underlyings, limits for pools of some hundred thousand USD each. */
export const DEFAULT_POLICY: Policy = {
  version: 1,
  underlyings: { ETH: DEFAULT_UNDERLYING, BTC: DEFAULT_UNDERLYING },
  staleness: { reportFloorMs: 5_000, feedMaxMs: 60_000, sequenceAheadMaxMs: 60_000 },
  hedging: {
    slippageMaxFraction: 0.01,
    emergencySlippageMaxFraction: null,
    jobsPerPassMax: 8,
    mandateLifetimeMs: 30_000,
  },
  capital: {
    scenarioMultiplier: 1.1,
    bufferMultiplier: 1.25,
    hedgeHaircutFraction: 0.1,
    shortOptionContingencyFraction: 0.01,
    mutualisedFraction: 0,
  },
  transfers: {
    minimumUsd: 1_000,
    maximumUsd: 100_000,
    inTransitHaircutFraction: 0.1,
    lzReceiveGas: 200_000,
    maxFeeNativeWei: "50000000000000000",
    stuckAfterMs: 600_000,
    recoverAfterMs: 120_000,
    recoveriesMax: 3,
  },
  planning: {
    method: "greedy",
    riskAversion: 0.01,
    expectedShortfallLevel: 0.9,
    timeLimitMs: 1_000,
    bandPenaltyFraction: 0.05,
    shortfallPenaltyFraction: 0.1,
    transferFeeUsd: 1,
    fundingHorizonHours: 24,
    settlementHorizonHours: 48,
    nativeUsd: {},
    transitCostFractionPerHour: 0.0005,
    shardsMax: 12,
  },
  triggers: { earlyFromFraction: 0.75, recentreEveryMs: null },
  breakers: breakersPolicySchema.parse({}),
  quarantine: quarantinePolicySchema.parse({}),
  perps: {
    marginRatioMin: 0.15,
    initialMarginMultiplier: 1.5,
    fundingStressFraction: 0.02,
    marginMoveMinimumUsd: 100,
  },
  reduceOnlyShards: [],
};
