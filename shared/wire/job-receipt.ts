import { z } from "zod";
import {
  hash32Schema,
  rawAmountSchema,
  shardIdSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/** Version of the receipt's schema. */
export const JOB_RECEIPT_VERSION = 1;

/** Why an agent refused a job; stable codes. */
export const REFUSAL_REASONS = [
  "malformed",
  "wrong-shard",
  "forged",
  "wrong-epoch",
  "wrong-leader",
  "job-id-mismatch",
  "params-mismatch",
  "too-early",
  "expired",
  "already-consumed",
  "venue-not-allowed",
  "report-stale",
  "gas-below-floor",
  "fee-too-high",
  "signing-ceiling",
  "simulation-reverted",
  "rpc-disagreement",
  "nothing-to-recover",
  "recovery-exhausted",
] as const;

/**
 * `broadcast`: sent, not seen in a block. `included`: in a block. `reverted`: in a block without effect.
 * `refused`: never signed. `expired`: signed, not included before the deadline.
 */
export const receiptOutcomeSchema = z.enum([
  "broadcast",
  "included",
  "reverted",
  "refused",
  "expired",
]);

/** What an agent tells of a job. A hint only: the effect is believed from reports. */
export const jobReceiptSchema = z.strictObject({
  version: z.literal(JOB_RECEIPT_VERSION),
  shard: shardIdSchema,
  agent: shardIdSchema,
  seq: z.number().int().positive(),
  jobId: hash32Schema,
  outcome: receiptOutcomeSchema,
  reason: z.enum(REFUSAL_REASONS).nullable(),
  /** What was found and what is allowed; empty when there is nothing to add. */
  detail: z.string().max(2000),
  transactionHash: hash32Schema.nullable(),
  blockNumber: z.number().int().min(0).nullable(),
  blockTimestampMs: unixMsSchema.nullable(),
  amountInRaw: rawAmountSchema,
  amountOutRaw: rawAmountSchema,
  guid: hash32Schema.nullable(),
  gasCostWei: rawAmountSchema,
  nativeFeeWei: rawAmountSchema,
  atMs: unixMsSchema,
});

export type JobReceipt = z.infer<typeof jobReceiptSchema>;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** True for a job that its agent signed and paid for, and another transaction did. */
export function isLostRace({ outcome, reason }: Pick<JobReceipt, "outcome" | "reason">): boolean {
  return (outcome === "reverted" || outcome === "expired") && reason === "already-consumed";
}
