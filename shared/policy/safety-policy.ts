import { z } from "zod";

const fraction = z.number().min(0).max(1);
const milliseconds = z.number().int().min(0).max(86_400_000);

/** Where one level of a breaker trips, and below what it may lift again; in the unit of its measure. */
const levelSchema = z.strictObject({
  tripAt: z.number().positive(),
  resetAt: z.number().min(0),
});

export type BreakerThreshold = z.infer<typeof levelSchema>;

type RuleDefaults = {
  readonly reduceOnly: BreakerThreshold | null;
  readonly halt: BreakerThreshold | null;
  readonly tripAfterMs: number;
  readonly holdMs: number;
  readonly coolDownMs: number;
  readonly haltLatches: boolean;
};

function ruleShape(defaults: RuleDefaults) {
  return {
    /** Null: this breaker never makes anything reduce-only. */
    reduceOnly: levelSchema.nullable().default(defaults.reduceOnly),
    /** Null: this breaker never halts anything. */
    halt: levelSchema.nullable().default(defaults.halt),
    /** How long the measure must stay at or above `tripAt`. */
    tripAfterMs: milliseconds.default(defaults.tripAfterMs),
    /** Shortest time between the last moment at or above `tripAt` and the lift. */
    holdMs: milliseconds.default(defaults.holdMs),
    /** How long the measure must have stayed below `resetAt`. */
    coolDownMs: milliseconds.default(defaults.coolDownMs),
    /** True: a halt of this breaker stays until a person resumes with a reason. */
    haltLatches: z.boolean().default(defaults.haltLatches),
  };
}

const QUICK = { tripAfterMs: 10_000, holdMs: 30_000, coolDownMs: 10_000, haltLatches: false };
const LOSS = { tripAfterMs: 5_000, holdMs: 60_000, coolDownMs: 30_000, haltLatches: true };
/** Refusals that are kept of one trade: more make no pause longer. */
export const REFUSALS_MAX = 64;
const windowMs = milliseconds.min(1_000);
const jobsMin = z.number().int().min(1).max(1_000);

/**
 * Circuit breakers. What each one measures, in what unit and over which scope, is in docs/operations.md;
 * `resetAt` below `tripAt` and the times keep noise from switching anything on and off.
 */
export const breakersPolicySchema = z
  .strictObject({
    /** Age of a shard's last report in multiples of its limit. */
    reportAge: z
      .strictObject(
        ruleShape({ ...QUICK, reduceOnly: { tripAt: 6, resetAt: 1 }, halt: null, tripAfterMs: 0 }),
      )
      .prefault({}),
    /** Share of all shards without a fresh report. */
    staleShare: z
      .strictObject(ruleShape({ ...QUICK, reduceOnly: { tripAt: 0.6, resetAt: 0.4 }, halt: null }))
      .prefault({}),
    /** Time in milliseconds since a shard's reports could last be held to all of its chain. */
    unseenChain: z
      .strictObject(
        ruleShape({
          ...QUICK,
          reduceOnly: { tripAt: 120_000, resetAt: 10_000 },
          halt: null,
          tripAfterMs: 0,
        }),
      )
      .prefault({}),
    /** Distance of a shard's feed from the median of all fresh feeds, as a fraction of it. */
    oracleDisagreement: z
      .strictObject(
        ruleShape({ ...QUICK, reduceOnly: { tripAt: 0.02, resetAt: 0.01 }, halt: null }),
      )
      .prefault({}),
    /** Distance of the settlement asset's price from 1 USD, as a fraction: by each shard's feed, and by their median. */
    settlementPeg: z
      .strictObject(
        ruleShape({
          ...QUICK,
          reduceOnly: { tripAt: 0.02, resetAt: 0.01 },
          halt: { tripAt: 0.1, resetAt: 0.05 },
          haltLatches: true,
        }),
      )
      .prefault({}),
    /** Loss of all shards together within the window, as a fraction of the capital before it. */
    lossVelocity: z
      .strictObject({
        ...ruleShape({
          ...LOSS,
          reduceOnly: { tripAt: 0.05, resetAt: 0.025 },
          halt: { tripAt: 0.1, resetAt: 0.05 },
        }),
        windowMs: windowMs.default(3_600_000),
      })
      .prefault({}),
    /** Loss of all shards together since their highest profit and loss ever, as a fraction of the capital before it. */
    drawdown: z
      .strictObject(
        ruleShape({
          ...LOSS,
          reduceOnly: { tripAt: 0.1, resetAt: 0.07 },
          halt: { tripAt: 0.2, resetAt: 0.15 },
        }),
      )
      .prefault({}),
    /** As `lossVelocity`, of one shard: its hedges may be on others, so far more is ordinary. */
    shardLossVelocity: z
      .strictObject({
        ...ruleShape({
          ...LOSS,
          reduceOnly: { tripAt: 0.35, resetAt: 0.25 },
          halt: { tripAt: 0.6, resetAt: 0.4 },
        }),
        windowMs: windowMs.default(3_600_000),
      })
      .prefault({}),
    /** As `drawdown`, of one shard. */
    shardDrawdown: z
      .strictObject(
        ruleShape({
          ...LOSS,
          reduceOnly: { tripAt: 0.5, resetAt: 0.4 },
          halt: { tripAt: 0.75, resetAt: 0.6 },
        }),
      )
      .prefault({}),
    /** Cost of settled hedges against the decision's snapshot, as a share of the slippage allowed. */
    hedgeSlippage: z
      .strictObject({
        ...ruleShape({ ...QUICK, reduceOnly: { tripAt: 0.8, resetAt: 0.5 }, halt: null }),
        windowMs: windowMs.default(900_000),
        jobsMin: jobsMin.default(5),
      })
      .prefault({}),
    /** Share of a shard's jobs that came to nothing. */
    venueFailures: z
      .strictObject({
        ...ruleShape({ ...QUICK, reduceOnly: { tripAt: 0.8, resetAt: 0.4 }, halt: null }),
        windowMs: windowMs.default(900_000),
        jobsMin: jobsMin.default(6),
      })
      .prefault({}),
    /** Refusals in a row of one trade of one shard that would come again; `reduceOnly` pauses the trade, or closes the route. */
    tradeRefusals: z
      .strictObject({
        ...ruleShape({
          reduceOnly: { tripAt: 4, resetAt: 1 },
          halt: null,
          tripAfterMs: 0,
          holdMs: 0,
          coolDownMs: 0,
          haltLatches: false,
        }),
        /** Length of the first pause, counted from the last refusal; each further one is twice as long. */
        pauseMs: milliseconds.min(1_000).default(30_000),
        pauseMaxMs: milliseconds.min(1_000).default(1_800_000),
      })
      .prefault({}),
    /** Age in milliseconds of the oldest transfer under way on a route; `reduceOnly` closes the route. */
    bridgeDelay: z
      .strictObject(
        ruleShape({
          ...QUICK,
          reduceOnly: { tripAt: 1_800_000, resetAt: 600_000 },
          halt: null,
          tripAfterMs: 0,
        }),
      )
      .prefault({}),
  })
  .prefault({});

/** When a shard's word is no longer taken, and how it is believed again. */
export const quarantinePolicySchema = z
  .strictObject({
    /** Largest difference between an agent's figures and their recomputation, as a fraction. */
    figureToleranceFraction: fraction.default(0.001),
    /** Largest difference between a point of depth in a report and what the venue itself would do, as a fraction. */
    depthToleranceFraction: fraction.default(0.001),
    /** Reports in a row with wrong figures that quarantine a shard. */
    wrongReportsMax: z.number().int().min(1).max(1_000).default(3),
    /** Reports in a row that must be honest before a shard is believed again. */
    honestReportsMin: z.number().int().min(1).max(1_000).default(5),
    /** Shortest quarantine. */
    holdMs: milliseconds.default(60_000),
    /** Time between readings of a shard's chain to check what its agent says. */
    auditEveryMs: milliseconds.min(250).default(2_000),
    /** How long no report may name a block that the chain has, while the chain answers. */
    unprovenMaxMs: milliseconds.default(60_000),
    /** Age up to which a book that a shard's chain has proved says what the shard has won and lost. */
    proofMaxMs: milliseconds.min(1_000).default(600_000),
    /** How long an agent may take no jobs before its shard counts as sick. */
    sickAfterMs: milliseconds.default(600_000),
    /** Jobs in a row that came to nothing before a shard counts as sick. */
    failedJobsMax: z.number().int().min(1).max(1_000).default(12),
    /** Delta in USD that trades nobody has reported yet may add to a silent shard's book within an hour. */
    unseenTradesUsdPerHour: z.number().min(0).default(60_000),
    /** Most that they may add however long it is silent. */
    unseenTradesMaxUsd: z.number().min(0).default(60_000),
  })
  .prefault({});

export type BreakersPolicy = z.infer<typeof breakersPolicySchema>;
export type QuarantinePolicy = z.infer<typeof quarantinePolicySchema>;
export type BreakerKind = keyof BreakersPolicy;
export type BreakerRule = Pick<BreakersPolicy[BreakerKind], keyof RuleDefaults>;
