import { z } from "zod";
import { reportRefSchema } from "#coordinator/records/jobs/job-record.ts";
import { bandSchema } from "#coordinator/records/planning/band.ts";
import { bucketExposureSchema } from "#coordinator/records/planning/bucket-exposure.ts";
import { planReportSchema } from "#coordinator/records/planning/plan-report.ts";
import { volatilityForecastSchema } from "#coordinator/records/planning/volatility-forecast.ts";
import {
  BREAKER_KINDS,
  breakerEventSchema,
  SAFETY_LEVELS,
} from "#coordinator/records/safety/breaker-state.ts";
import { orderProgressSchema } from "#coordinator/records/safety/shard-order.ts";
import { finiteSchema, hash32Schema, shardIdSchema, unixMsSchema } from "#shared/wire/scalars.ts";

const underlyingDecisionSchema = z.strictObject({
  underlying: z.string(),
  /** Null when the snapshot was refused. */
  spotUsd: finiteSchema.nullable(),
  /** In-flight jobs included; null when it could not be valued. */
  netDeltaUnits: finiteSchema.nullable(),
  inFlightDeltaUnits: finiteSchema,
  deltaIntervalUnits: z.tuple([finiteSchema, finiteSchema]).nullable(),
  gammaUnitsPerUsd: finiteSchema.nullable(),
  halfWidthUnits: finiteSchema.nullable(),
  /** What made the band as wide; null when there is none, or it was recorded before this was. */
  band: bandSchema.nullable().default(null),
  /** What was expected of its volatility; null when nothing was known, or it was recorded before this was. */
  forecast: volatilityForecastSchema.nullable().default(null),
  /** How far the pass went; null when it could not be netted, or was recorded before this was. */
  tier: z
    .enum(["absorb", "internal-netting", "external-hedge", "emergency"])
    .nullable()
    .default(null),
  /** Sum of the shards' own |delta|, and how much of it they take off each other; null as the tier. */
  grossDeltaUnits: finiteSchema.nullable().default(null),
  nettedDeltaUnits: finiteSchema.nullable().default(null),
  /** Vega and gamma per expiry bucket against their limits; empty when it could not be netted and priced. */
  buckets: z.array(bucketExposureSchema).default([]),
  action: z.enum(["hold", "hedge", "blocked"]),
  reason: z.string(),
  /** Signed sum of the trades of this pass: positive bought. */
  tradeUnits: finiteSchema,
});

const transferDecisionSchema = z.strictObject({
  source: shardIdSchema,
  target: shardIdSchema,
  amountUsd: finiteSchema,
  reason: z.string(),
  /** What it was expected to cost in fees; null when it was recorded before this was. */
  fee: z
    .strictObject({
      usd: finiteSchema,
      basis: z.enum(["quote", "policy"]),
      /** Why it is not the route's quote; null when it is. */
      reason: z.string().nullable(),
    })
    .nullable()
    .default(null),
});

const optionTradeSchema = z.strictObject({
  underlying: z.string(),
  shard: shardIdSchema,
  /** Cash for the account is brought a pass before it is traded with. */
  action: z.enum(["trade", "bring cash"]),
  strikeId: z.string().nullable(),
  optionType: z.enum(["call", "put"]).nullable(),
  /** Positive bought, negative sold back. */
  quantityE18: z.string().nullable(),
  /** Premium, or cash moved. */
  amountUsd: finiteSchema,
});

const treasuryMoveSchema = z.strictObject({
  shard: shardIdSchema,
  venue: z.string(),
  /** Positive into the venue. */
  amountUsd: finiteSchema,
  reason: z.string(),
});

const sourceSchema = z.strictObject({
  source: z.string(),
  spotUsd: finiteSchema,
  ageMs: finiteSchema,
});

const snapshotLineSchema = z.strictObject({
  underlying: z.string(),
  spotUsd: finiteSchema.nullable(),
  sources: z.array(sourceSchema),
  volatilitySource: z.string().nullable(),
  refused: z.string().nullable(),
});

const triggerSchema = z.strictObject({
  /** Passive, reactive, proactive; or what caused the pass. */
  kind: z.enum(["timer", "threshold", "forecast", "report", "operator"]),
  /** Underlying or shard; null for the pass as a whole. */
  subject: z.string().nullable(),
  detail: z.string(),
});

const shardCapitalSchema = z.strictObject({
  shard: shardIdSchema,
  collateralUsdAfterHaircut: finiteSchema,
  requiredCapitalUsd: finiteSchema,
  /** Its share of what the pool must hold; null when it covers itself alone. */
  mutualUsd: finiteSchema.nullable(),
  surplusUsd: finiteSchema,
  /** Null while part of its book cannot be valued. */
  riskAdjustedCapitalUsd: finiteSchema.nullable(),
});

const capitalSchema = z.strictObject({
  /** Share of each requirement that was the pool's. */
  mutualisedFraction: finiteSchema,
  /** Of all shards that reported; jobs in flight included. */
  shards: z.array(shardCapitalSchema),
  /** Of the netted whole; null while part of a book cannot be valued. */
  riskAdjustedCapitalUsd: finiteSchema.nullable(),
});

const safetySchema = z.strictObject({
  /** Breakers that are not in `run`. */
  breakers: z.array(
    z.strictObject({
      kind: z.enum(BREAKER_KINDS),
      scope: z.string(),
      level: z.enum(SAFETY_LEVELS),
      value: finiteSchema.nullable(),
      detail: z.string(),
      sinceMs: unixMsSchema.nullable(),
    }),
  ),
  /** Breakers that tripped or lifted in this pass. */
  events: z.array(breakerEventSchema),
  quarantined: z.array(shardIdSchema),
  orders: z.array(orderProgressSchema),
});

/** What one pass saw, what it did or refused to do, and why. */
export const decisionRecordSchema = z.strictObject({
  planId: hash32Schema,
  sequence: z.number().int().min(0),
  atMs: unixMsSchema,
  trigger: z.enum(["timer", "report", "operator"]),
  /** All that set it off, the cause of the pass first; empty when it was recorded before this was. */
  triggers: z.array(triggerSchema).default([]),
  policyVersion: z.number().int(),
  shadow: z.boolean(),
  mode: z.enum(SAFETY_LEVELS),
  snapshot: z.array(snapshotLineSchema),
  /** Net Greeks were rounded to this many units before they were summed, by underlying. */
  deltaQuantumUnits: z.record(z.string(), finiteSchema),
  underlyings: z.array(underlyingDecisionSchema),
  /** Null when it was recorded before this was. */
  capital: capitalSchema.nullable().default(null),
  /** Trades for vega and gamma beyond their limits. */
  optionTrades: z.array(optionTradeSchema).default([]),
  /** Idle cash lent or called back, and margin brought back. */
  treasury: z.array(treasuryMoveSchema).default([]),
  transfers: z.array(transferDecisionSchema),
  blocked: z.array(z.string()),
  jobIds: z.array(hash32Schema),
  /** Fresh reports the mandates rest on. */
  reportSet: z.array(reportRefSchema),
  reportSetHash: hash32Schema,
  /** Why the plan is as it is; null when there was nothing to plan, or it was recorded before plans said so. */
  plan: planReportSchema.nullable().default(null),
  /** What limited the pass beside the markets: tripped breakers, what changed in it, quarantines, orders. */
  safety: safetySchema.default({ breakers: [], events: [], quarantined: [], orders: [] }),
  /** Reports that were only carried as an interval. */
  staleReports: z.array(reportRefSchema),
});

export type DecisionRecord = z.infer<typeof decisionRecordSchema>;
export type UnderlyingDecision = DecisionRecord["underlyings"][number];
export type DecisionTrigger = DecisionRecord["triggers"][number];
export type TransferDecision = DecisionRecord["transfers"][number];
