import { createHash } from "node:crypto";
import { z } from "zod";
import type { Hex } from "#shared/units/ids.ts";
import {
  addressSchema,
  endpointIdSchema,
  hash32Schema,
  hexSchema,
  shardIdSchema,
  uint64Schema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/** Version of the recovery job's schema. */
export const RECOVERY_JOB_VERSION = 1;

/** Calls that anyone may make to bring a message home; docs/protocol.md, "Transfers". */
export const RECOVERY_KINDS = ["retry-receive", "commit-verification"] as const;

/**
 * Asks a target's agent to help a message on. Needs no mandate and no signature: the calls are open to
 * everyone, can only deliver what the endpoint has verified, and the agent checks every field itself.
 */
export const recoveryJobSchema = z.strictObject({
  version: z.literal(RECOVERY_JOB_VERSION),
  kind: z.enum(RECOVERY_KINDS),
  /** {@link recoveryIdOf} these very fields. */
  recoveryId: hash32Schema,
  /** Shard the message goes to. */
  shard: shardIdSchema,
  attempt: z.number().int().min(1).max(1000),
  srcEid: endpointIdSchema,
  sender: hash32Schema,
  nonce: uint64Schema,
  receiver: addressSchema,
  guid: hash32Schema,
  message: hexSchema,
  payloadHash: hash32Schema,
  /** Last second (Unix) at which it may be sent. */
  deadlineSeconds: z.number().int().min(0),
  issuedAtMs: unixMsSchema,
});

export type RecoveryJob = z.infer<typeof recoveryJobSchema>;
export type RecoveryKind = RecoveryJob["kind"];

/** Id of one attempt, the same whoever computes it: SHA-256 of message, kind and attempt. */
export function recoveryIdOf({
  guid,
  payloadHash,
  kind,
  attempt,
}: Pick<RecoveryJob, "guid" | "payloadHash" | "kind" | "attempt">): Hex {
  const text = JSON.stringify([guid, payloadHash, kind, attempt]);
  return `0x${createHash("sha256").update(text).digest("hex")}`;
}

/** How the BullMQ ids of recoveries begin; never those of mandates' jobs. */
export const RECOVERY_QUEUE_PREFIX = "r-";

/** BullMQ id of a recovery. */
export function recoveryQueueId(recoveryId: string): string {
  return `${RECOVERY_QUEUE_PREFIX}${recoveryId.slice(2)}`;
}
