import { z } from "zod";
import { breakersPolicySchema, quarantinePolicySchema } from "#shared/policy/safety-policy.ts";
import { shardIdSchema } from "#shared/wire/scalars.ts";

const fraction = z.number().min(0).max(1);
const positive = z.number().positive();

/** Limits and risk appetite for one underlying. */
const underlyingPolicySchema = z.strictObject({
  /** Risk aversion `a` of Whalley-Wilmott, per USD. */
  riskAversionPerUsd: positive,
  /** Proportional cost of a hedge trade that the band assumes, as a fraction of notional. */
  costFraction: fraction,
  /** `measured`: the band takes the cheapest first step of the reported depth instead, where there is one. */
  bandCost: z.enum(["policy", "measured"]).default("policy"),
  /** Formula of the half-width. */
  bandModel: z.enum(["whalley-wilmott", "zakamouline"]).default("whalley-wilmott"),
  /** Horizon of the band's discounting, in years. */
  bandHorizonYears: positive,
  /** Smallest half-width in USD of delta: trades below it are not worth their gas. */
  bandFloorUsd: positive,
  /** Largest half-width as a fraction of global net asset value. */
  bandCapNavFraction: fraction,
  /** Where in the band a hedge aims, as a fraction of the half-width: 1 is the edge, 0 the centre. */
  hedgeTargetFraction: fraction,
  /** Largest |net delta| in USD, at both ends of every interval; beyond it the system halts. */
  netDeltaLimitUsd: positive,
  /** Largest |vega| of each expiry bucket in USD per volatility point; null for no limit. */
  vegaLimitUsdPerVolPoint: positive.nullable().default(null),
  /** Largest |gamma| of each expiry bucket in USD of delta per move of spot by 1 %; null for no limit. */
  gammaLimitUsdPerPercent: positive.nullable().default(null),
  /** Largest notional of one hedge job in USD. */
  hedgeNotionalMaxUsd: positive,
  /** Worst price of a hedge against the snapshot, instead of `hedging.slippageMaxFraction`. */
  slippageMaxFraction: fraction.optional(),
  /** Largest difference between fresh spot sources, as a fraction of their median. */
  sourceDisagreementMaxFraction: fraction,
  /** Net Greeks are rounded to this many units before they are summed (half-even). */
  deltaQuantumUnits: positive,
});

/** How a plan is found, and what it weighs against what. */
const planningPolicySchema = z
  .strictObject({
    /** `milp` solves a mixed-integer program and keeps the better of its plan and the greedy one. */
    method: z.enum(["greedy", "milp"]).default("milp"),
    /** USD that taking one USD off the expected shortfall may cost. */
    riskAversion: z.number().min(0).max(10).default(0.01),
    /** Confidence level of the expected shortfall. */
    expectedShortfallLevel: z.number().min(0.5).max(0.995).default(0.9),
    /** Longest solve; after it the best plan found so far counts, or the greedy one. */
    timeLimitMs: z.number().int().min(50).max(5_000).default(1_000),
    /** Cost of leaving one USD of net delta outside its band. */
    bandPenaltyFraction: z.number().positive().max(10).default(0.05),
    /** Cost of leaving one USD of required capital and buffer uncovered. */
    shortfallPenaltyFraction: z.number().positive().max(10).default(0.1),
    /** Expected fees of a transfer in USD where no quote for its route is reported. */
    transferFeeUsd: z.number().min(0).default(1),
    /** Most a plan may cost as a fraction of the risk it removes: expected shortfall, delta outside bands, uncovered capital. */
    costCapFractionOfRiskRemoved: z.number().positive().max(10).default(0.05),
    /** Hedges of an underlying in an emergency may cost what they cost. */
    emergencyIgnoresCostCap: z.boolean().default(true),
    /** Days to expiry at which one bucket of the vega and gamma limits ends and the next begins. */
    expiryBucketDays: z.array(positive).min(1).max(8).default([7, 30, 90]),
    /** How long a perpetual is expected to be held: its funding over this time is part of its cost. */
    fundingHorizonHours: z.number().min(0).max(8_760).default(24),
    /** Own series that expire within this time keep the cash they may be due in the vault. */
    settlementHorizonHours: z.number().min(0).max(8_760).default(48),
    /** USD per native coin by ticker, where the coin is no underlying with a price; without one its gas is unknown. */
    nativeUsd: z.record(z.string(), positive).default({}),
    /** Cost of one USD that is on its way for an hour. */
    transitCostFractionPerHour: fraction.default(0.0005),
    /** Shards considered for each underlying; with more, those with the lowest marginal cost. */
    shardsMax: z.number().int().min(1).max(64).default(12),
  })
  .prefault({});

/** What is expected of volatility, and what is done about it. */
const forecastPolicySchema = z
  .strictObject({
    /** Hedge before the band is left, when it is likely to be; what is expected is recorded either way. */
    isOn: z.boolean().default(false),
    /** How far ahead is looked. */
    horizonMs: z.number().int().min(1000).default(300_000),
    /** Probability of leaving the band within the horizon from which a hedge is due. */
    exitProbability: fraction.default(0.5),
    /** Spots nearer together than this are one. */
    sampleEveryMs: z.number().int().min(100).default(10_000),
    /** Half-lives of the short and of the long realised volatility. */
    shortHalfLifeMs: z.number().int().min(1000).default(600_000),
    longHalfLifeMs: z.number().int().min(1000).default(86_400_000),
    /** Short over long volatility from which the market counts as stressed, and below which it is calm again. */
    stressedFromRatio: z.number().min(1).default(1.5),
    calmBelowRatio: z.number().positive().default(1.2),
    /** Share of its half-width a band keeps while the market is stressed. */
    stressedBandFraction: z.number().min(0.1).max(1).default(1),
  })
  .prefault({});

/** When a hedge is traded before its band is left. */
const triggersPolicySchema = z
  .strictObject({
    /** Share of the half-width up to which neither the timer nor a forecast ever trades. */
    earlyFromFraction: fraction.default(0.75),
    /** How often a pass of the timer trades what is beyond that back to the target; null: never. */
    recentreEveryMs: z.number().int().min(1000).nullable().default(null),
    forecast: forecastPolicySchema,
  })
  .prefault({});

/** Hedging with perpetuals. */
const perpPolicySchema = z
  .strictObject({
    /** No mandate leaves an account with less value than this fraction of its positions. */
    marginRatioMin: z.number().min(0).max(10).default(0.15),
    /** A position is planned with at least the venue's initial margin times this. */
    initialMarginMultiplier: z.number().min(1).max(20).default(1.5),
    /** Funding, as a fraction of the position, that margin must survive on top of the worst move of the grid. */
    fundingStressFraction: fraction.default(0.02),
    /** Half-widths of the band an account's free margin is to be enough for, where its perpetuals are the cheapest venue. */
    standingMarginHalfWidths: z.number().min(0).max(100).default(2),
    /** Largest share of a shard's free cash and free margin together that may stand as margin for hedges to come. */
    standingMarginCashFraction: fraction.default(0.25),
    /** Whether margin that no position needs is brought back. */
    withdrawsSurplus: z.boolean().default(false),
    /** Smallest move of margin worth its gas, in USD. */
    marginMoveMinimumUsd: positive.default(100),
  })
  .prefault({});

/** Idle cash at lending venues. */
const lendingPolicySchema = z
  .strictObject({
    /** Largest share of a shard's free cash and loans that is lent; null leaves loans alone. */
    supplyMaxFraction: fraction.nullable().default(null),
    /** Smallest move worth its gas, in USD. */
    minimumUsd: positive.default(1_000),
    /** How long a loan is expected to last: its interest over this time must be worth its gas and haircut. */
    horizonHours: positive.default(168),
    /** What lending is thought to lose by its own risk over the horizon. */
    haircutFraction: fraction.default(0.0001),
    /** No mandate leaves an account a health factor below this. */
    healthFactorMin: z.number().min(1).max(100).default(1.5),
  })
  .prefault({});

/** What people order of single shards. */
const orderPolicySchema = z
  .strictObject({
    /** A position at a venue that is worth less and cannot be closed keeps no order from being done, USD; it is named. */
    dustUsd: z.number().min(0).max(1_000).default(1),
  })
  .prefault({});

/** Options of somebody else that agents read: other protocols' pools. */
const inventoryPolicySchema = z
  .strictObject({
    /** Share of them shown as credited in the net; the rest is a haircut for contagion. Decides nothing. */
    creditFraction: fraction.default(0),
  })
  .prefault({});

/** Hedging vega and gamma with options of other venues. */
const optionPolicySchema = z
  .strictObject({
    /** Most a trade's average premium may be beside our own value of the option, as a fraction of it. */
    premiumOverFairMaxFraction: z.number().min(0).max(5).default(0.25),
    /** How much worse than planned the premium may be when the trade is done. */
    premiumMoveFraction: fraction.default(0.05),
    /** Cost of one USD per volatility point of vega beyond its limit, USD. */
    vegaPenaltyUsd: z.number().positive().max(1_000).default(5),
    /** Cost of one USD of gamma (USD of delta per 1 %) beyond its limit, USD. */
    gammaPenaltyUsd: z.number().positive().max(1_000).default(0.05),
    /** Most option trades of one underlying in a pass. */
    tradesPerPassMax: z.number().int().min(1).max(16).default(4),
  })
  .prefault({});

/** The limits people set. Versioned; every decision records the version. */
export const policySchema = z.strictObject({
  version: z.number().int().positive(),
  underlyings: z.record(z.string(), underlyingPolicySchema),
  settlement: z
    .strictObject({
      /** Largest difference between fresh prices of the settlement asset, as a fraction of their median. */
      sourceDisagreementMaxFraction: fraction.default(0.02),
    })
    .prefault({}),
  staleness: z.strictObject({
    /** A report older than max(this, 3 x block time) is stale. */
    reportFloorMs: z.number().int().min(1000),
    /** Oldest price or volatility a decision may use. */
    feedMaxMs: z.number().int().min(1000),
    /** How far ahead of the coordinator's clock a report's sequence may be. */
    sequenceAheadMaxMs: z.number().int().min(0).max(600_000),
  }),
  hedging: z.strictObject({
    /** Worst price of a swap against the snapshot, as a fraction. */
    slippageMaxFraction: fraction,
    /** The same while an underlying is in emergency, if that is more; null: no wider. */
    emergencySlippageMaxFraction: fraction.nullable().default(null),
    /** Most hedge jobs of one pass. */
    jobsPerPassMax: z.number().int().min(1).max(64),
    /** Expected seconds a mandate stays valid; the report age bounds it further. */
    mandateLifetimeMs: z.number().int().min(1000).max(600_000),
  }),
  capital: z.strictObject({
    /** Required capital is the worst scenario loss times this, plus contingencies. */
    scenarioMultiplier: z.number().min(1),
    /** Surplus is counted above required capital times this. */
    bufferMultiplier: z.number().min(1),
    /** Share of a hedge asset's value that does not count as collateral. */
    hedgeHaircutFraction: fraction,
    /** Contingency per short option as a fraction of spot. */
    shortOptionContingencyFraction: fraction,
    /** How far shards cover each other: 0 each alone, 1 all by their part of what the netted whole needs. */
    mutualisedFraction: fraction.default(0),
    /** Price of the settlement asset in USD below which its value counts less, and by how much per USD below it. */
    depegFloor: fraction.default(0.97),
    depegSlope: z.number().min(0).max(100).default(5),
  }),
  transfers: z.strictObject({
    /** Smallest transfer worth its fee, in USD. */
    minimumUsd: positive,
    /** Largest single transfer in USD. */
    maximumUsd: positive,
    /** Share of an in-flight transfer that does not count as collateral before it is delivered. */
    inTransitHaircutFraction: fraction,
    /** Gas bought for the delivery. */
    lzReceiveGas: z.number().int().min(30_000).max(2_000_000),
    /** Largest LayerZero fee in wei (decimal string). */
    maxFeeNativeWei: z.string().regex(/^[0-9]+$/),
    /** A message that has made no progress for this long is shown as stuck. */
    stuckAfterMs: z.number().int().min(1000).max(86_400_000).default(600_000),
    /** After this long without progress a call that anyone may make is ordered; each further one in vain waits twice as long. */
    recoverAfterMs: z.number().int().min(1000).max(86_400_000).default(120_000),
    /** Most such calls per message; an operator may order more. */
    recoveriesMax: z.number().int().min(0).max(20).default(3),
  }),
  planning: planningPolicySchema,
  perps: perpPolicySchema,
  options: optionPolicySchema,
  lending: lendingPolicySchema,
  orders: orderPolicySchema,
  inventories: inventoryPolicySchema,
  triggers: triggersPolicySchema,
  journal: z
    .strictObject({
      /** Days for which the coordinator keeps what is over: decisions, jobs, messages, safety events and their links. */
      keepDays: z.number().int().min(1).max(3_650).default(90),
    })
    .prefault({}),
  breakers: breakersPolicySchema,
  quarantine: quarantinePolicySchema,
  /** Shards that may only reduce risk. */
  reduceOnlyShards: z.array(shardIdSchema),
});

export type Policy = z.infer<typeof policySchema>;
export type PlanningPolicy = Policy["planning"];
export type ForecastPolicy = Policy["triggers"]["forecast"];
export type UnderlyingPolicy = Policy["underlyings"][string];
