import { z } from "zod";
import { receiptOutcomeSchema } from "#shared/wire/job-receipt.ts";
import { RECOVERY_KINDS } from "#shared/wire/recovery-job.ts";
import {
  addressSchema,
  hash32Schema,
  hexSchema,
  rawAmountSchema,
  shardIdSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";
import {
  attestationsSchema,
  TRANSFER_STATES,
  type TransferState,
} from "#shared/wire/transfer-line.ts";

/** One call that was ordered to help a message on, and what became of it. */
const recoverySchema = z.strictObject({
  recoveryId: hash32Schema,
  kind: z.enum(RECOVERY_KINDS),
  attempt: z.number().int().min(1),
  orderedBy: z.enum(["policy", "operator"]),
  /** Why; the operator's own words where one ordered it. */
  reason: z.string(),
  recordedAtMs: unixMsSchema,
  deadlineSeconds: z.number().int().min(0),
  sentAtMs: unixMsSchema.nullable(),
  /** What the agent last said of it; null before it has. */
  outcome: receiptOutcomeSchema.nullable(),
  refusal: z.strictObject({ reason: z.string(), detail: z.string() }).nullable(),
  transactionHash: hash32Schema.nullable(),
  gasCostWei: rawAmountSchema,
});

/** All the coordinator knows of one cross-chain message, from its source's and its target's reports. */
export const transferRecordSchema = z.strictObject({
  guid: hash32Schema,
  payloadHash: hash32Schema,
  jobId: hash32Schema,
  /** Shard it left. */
  shard: shardIdSchema,
  /** Shard it goes to; null when its endpoint is none of ours. */
  target: shardIdSchema.nullable(),
  srcEid: z.number().int().positive(),
  sender: hash32Schema,
  nonce: rawAmountSchema,
  dstEid: z.number().int().positive(),
  receiver: addressSchema,
  message: hexSchema,
  amountRaw: rawAmountSchema,
  sentBlock: z.strictObject({
    number: z.number().int().min(0),
    timestampMs: unixMsSchema,
    isFinal: z.boolean(),
  }),
  state: z.enum(TRANSFER_STATES),
  attestations: attestationsSchema.nullable(),
  committedHash: hash32Schema.nullable(),
  alert: z.strictObject({ blockNumber: z.number().int().min(0), reason: hexSchema }).nullable(),
  endedInBlock: z.number().int().min(0).nullable(),
  /** True once that block is final. */
  isEndFinal: z.boolean(),
  /** When state or attestations last changed, by the coordinator's clock. */
  progressAtMs: unixMsSchema,
  /** Target's block of the newest look; null before the first. */
  observedBlock: z.number().int().min(0).nullable(),
  recoveries: z.array(recoverySchema),
  /**
   * The state in which it is lost or held as the chains of its source and target themselves show it; null until they
   * were asked, and where they do not show it.
   */
  heldProof: z
    .strictObject({ state: z.enum(TRANSFER_STATES), atMs: unixMsSchema })
    .nullable()
    .default(null),
  /** A person has seen that it is lost or held; its shards are not held back for it any more. */
  acknowledged: z.strictObject({ reason: z.string(), atMs: unixMsSchema }).nullable(),
  /** Nothing can change it any more. */
  isClosed: z.boolean(),
});

export type TransferRecord = z.infer<typeof transferRecordSchema>;
export type Recovery = TransferRecord["recoveries"][number];

/** States in which the money is not on its way any more, or cannot come before people act. */
const HELD_STATES: readonly TransferState[] = [
  "wrong-payload",
  "nilified",
  "skipped",
  "burnt",
  "cleared-or-silent",
];

/** True when nothing more can be learnt by looking: it has ended for good, and a person knows of it. */
export function isLaidToRest(record: TransferRecord): boolean {
  return record.isEndFinal && record.acknowledged !== null;
}

/** A message whose money cannot be counted on, as a planning pass needs it. */
export type HeldTransfer = Pick<
  TransferRecord,
  "guid" | "shard" | "target" | "state" | "acknowledged" | "heldProof"
>;

/**
 * Why a shard may only reduce: the first message of it that is held and that nobody has acknowledged. While the chains
 * have not proved it, it holds only the shard whose word it is: the target.
 */
export function holdOf(held: readonly HeldTransfer[], shard: string): string | undefined {
  const found = held.find((one) => {
    const isOfIt = one.target === shard || (one.shard === shard && isHeld(one));
    return one.acknowledged === null && isOfIt;
  });
  if (found === undefined) return undefined;
  const { guid, shard: source, target, state } = found;
  return `transfer ${guid} from ${source} to ${target} is ${state}${isHeld(found) ? "" : ", by its target's word"}`;
}

/** True when its target says that what was sent cannot be counted on: it is lost, or only governance can bring it. */
export function isSaidHeld({ state }: Pick<TransferRecord, "state">): boolean {
  return HELD_STATES.includes(state);
}

/** True when the chains prove it. */
export function isHeld({ state, heldProof }: Pick<TransferRecord, "state" | "heldProof">): boolean {
  return isSaidHeld({ state }) && heldProof?.state === state;
}
