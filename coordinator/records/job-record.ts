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
  /** Shard a transfer goes to; null for swaps. */
  target: shardIdSchema.nullable(),
  kind: z.enum(["swap", "transfer"]),
  state: z.enum(JOB_STATES),
  /** Planned in shadow mode: never signed, never queued. */
  shadow: z.boolean(),
  underlying: z.string().nullable(),
  /** Change of the shard's delta the plan expects; 0 for transfers. */
  expectedDeltaUnits: finiteSchema,
  /** Notional of a swap or amount of a transfer on the plan's snapshot. */
  amountUsd: finiteSchema,
  /** What leaves the shard, in the units of the asset that leaves. */
  amountOutOfShardRaw: rawAmountSchema,
  mandate: mandateSchema.nullable(),
  params: jobParamsSchema.nullable(),
  reportSet: z.array(reportRefSchema),
  guid: hash32Schema.nullable(),
  refusal: z.strictObject({ reason: z.string(), detail: z.string() }).nullable(),
  consumption: consumptionSchema.nullable(),
  delivery: deliverySchema.nullable(),
  times: timesSchema,
  receipt: jobReceiptSchema.nullable(),
});

export type JobState = (typeof JOB_STATES)[number];
export type JobRecord = z.infer<typeof jobRecordSchema>;

/** True while the job's effect may still come. */
export function isInFlight(job: Pick<JobRecord, "state">): boolean {
  return (IN_FLIGHT_STATES as readonly JobState[]).includes(job.state);
}

/** True while a job is in flight, or is settled on blocks that a reorg could still remove. Shadow jobs never are. */
export function isUnresolvedJob(job: JobRecord): boolean {
  if (job.shadow) return false;
  if (isInFlight(job)) return true;
  if (job.state !== "settled") return false;
  const isDeliveryFinal = job.kind === "swap" || job.delivery?.isFinal === true;
  return job.consumption?.isFinal !== true || !isDeliveryFinal;
}
