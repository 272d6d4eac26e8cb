import { z } from "zod";
import { jobReceiptSchema } from "#shared/wire/job-receipt.ts";
import { jobParamsSchema, mandateSchema } from "#shared/wire/rebalance-job.ts";
import {
  finiteSchema,
  hash32Schema,
  rawAmountSchema,
  shardIdSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/**
 * States of a job. The first four are in flight: their effect is not yet in the books. `in-transit`
 * is a transfer that has left its source and is not credited at its target.
 */
export const JOB_STATES = [
  "recorded",
  "sent",
  "included",
  "in-transit",
  "settled",
  "expired",
  "refused-expired",
  "superseded",
] as const;

/** What a job makes a shard do. All but a transfer have their whole effect on the shard's own chain, in one transaction. */
export const JOB_KINDS = [
  "swap",
  "transfer",
  "lend-move",
  "margin-move",
  "perp-change",
  "option-trade",
] as const;

const IN_FLIGHT_STATES = [
  "recorded",
  "sent",
  "included",
  "in-transit",
] as const satisfies readonly JobState[];

export const reportRefSchema = z.strictObject({
  shard: shardIdSchema,
  agent: shardIdSchema,
  seq: z.number().int().positive(),
  blockNumber: z.number().int().min(0),
  blockHash: hash32Schema,
  blockTimestampMs: unixMsSchema,
});

/** What an option trade is expected to add beside its delta, on the plan's snapshot. */
const optionExposureSchema = z.strictObject({
  expiryMs: unixMsSchema,
  gammaUnitsPerUsd: finiteSchema,
  vegaUsdPerVolPoint: finiteSchema,
  /** P&L in USD on the standard grid, same order. */
  gridPnlUsd: z.array(finiteSchema).max(1024),
});

/** Where the vault consumed the mandate; `isFinal` once that block is final. */
const consumptionSchema = z.strictObject({
  blockNumber: z.number().int().min(0),
  blockTimestampMs: unixMsSchema.nullable(),
  amountInRaw: rawAmountSchema,
  amountOutRaw: rawAmountSchema,
  isFinal: z.boolean(),
});

/** Where the target's token credited the transfer. */
const deliverySchema = z.strictObject({
  blockNumber: z.number().int().min(0),
  isFinal: z.boolean(),
});

const timesSchema = z.strictObject({
  oldestBlockTimestampMs: unixMsSchema,
  acceptedAtMs: unixMsSchema,
  decidedAtMs: unixMsSchema,
  recordedAtMs: unixMsSchema,
  sentAtMs: unixMsSchema.nullable(),
  includedBlockTimestampMs: unixMsSchema.nullable(),
  settledAtMs: unixMsSchema.nullable(),
});

/** All the coordinator knows of one job. `planId`, `mandate`, `params` are null when it was rebuilt from chain events. */
export const jobRecordSchema = z.strictObject({
  jobId: hash32Schema,
  planId: hash32Schema.nullable(),
  step: z.number().int().min(0),
  shard: shardIdSchema,
  /** Shard a transfer goes to; null for all else. */
  target: shardIdSchema.nullable(),
  kind: z.enum(JOB_KINDS),
  state: z.enum(JOB_STATES),
  /** Planned in shadow mode: never signed, never queued. */
  shadow: z.boolean(),
  underlying: z.string().nullable(),
  /** Change of the shard's delta the plan expects; 0 for what moves money only. */
  expectedDeltaUnits: finiteSchema,
  /** Of journals from when margin was brought for one trade at a time; 0 in all records since, and used by nothing. */
  preparedDeltaUnits: finiteSchema.default(0),
  /** Null for all but option trades. */
  optionExposure: optionExposureSchema.nullable().default(null),
  /** Notional of a trade or amount of a move on the plan's snapshot. */
  amountUsd: finiteSchema,
  /** What leaves the vault, in the units of the asset that leaves: the hedge asset for a swap that sells, else cash. */
  amountOutOfShardRaw: rawAmountSchema,
  mandate: mandateSchema.nullable(),
  params: jobParamsSchema.nullable(),
  reportSet: z.array(reportRefSchema),
  guid: hash32Schema.nullable(),
  refusal: z.strictObject({ reason: z.string(), detail: z.string() }).nullable(),
  consumption: consumptionSchema.nullable(),
  delivery: deliverySchema.nullable(),
  /** Final block in which the target's token credited the transfer, found on its chain while the target's book was older. */
  arrivedInBlock: z.number().int().min(0).nullable().default(null),
  times: timesSchema,
  receipt: jobReceiptSchema.nullable(),
});

export type JobState = (typeof JOB_STATES)[number];
export type JobKind = (typeof JOB_KINDS)[number];
export type JobRecord = z.infer<typeof jobRecordSchema>;
export type OptionExposure = z.infer<typeof optionExposureSchema>;

/** True while the job's effect may still come. */
export function isInFlight(job: Pick<JobRecord, "state">): boolean {
  return (IN_FLIGHT_STATES as readonly JobState[]).includes(job.state);
}

/** True while no book has shown its effect, and nothing has proved that it cannot come. */
export function isUndecided({ state }: Pick<JobRecord, "state">): boolean {
  return state === "recorded" || state === "sent" || state === "included";
}

/** True while a job is in flight, or is settled on blocks that a reorg could still remove. Shadow jobs never are. */
export function isUnresolvedJob(job: JobRecord): boolean {
  if (job.shadow) return false;
  if (isInFlight(job)) return true;
  if (job.state !== "settled") return false;
  const isDeliveryFinal = job.kind !== "transfer" || job.delivery?.isFinal === true;
  return job.consumption?.isFinal !== true || !isDeliveryFinal;
}
