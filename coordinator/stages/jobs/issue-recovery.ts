import type { Recovery, TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import {
  RECOVERY_JOB_VERSION,
  type RecoveryJob,
  type RecoveryKind,
  recoveryIdOf,
} from "#shared/wire/recovery-job.ts";

/** A recovery not in a block by then is cancelled, and the next one may be ordered. */
const LIFETIME_SECONDS = 120;
/** Most numbers that are passed over: agents sign a dozen for a message, and refuse ever fewer as the waits grow. */
const PASSED_MAX = 32;

/** The message's record with one more recovery, to be written down before it is sent. */
export function orderRecovery(
  record: TransferRecord,
  o: {
    readonly kind: RecoveryKind;
    readonly orderedBy: Recovery["orderedBy"];
    readonly reason: string;
    readonly nowMs: number;
  },
): TransferRecord {
  const { kind, orderedBy, reason, nowMs } = o;
  const { guid, payloadHash } = record;
  const attempt = (record.recoveries.at(-1)?.attempt ?? 0) + 1;
  const recovery: Recovery = {
    recoveryId: recoveryIdOf({ guid, payloadHash, kind, attempt }),
    kind,
    attempt,
    orderedBy,
    reason,
    recordedAtMs: nowMs,
    deadlineSeconds: Math.floor(nowMs / 1000) + LIFETIME_SECONDS,
    sentAtMs: null,
    outcome: null,
    refusal: null,
    transactionHash: null,
    gasCostWei: "0",
  };
  return { ...record, recoveries: [...record.recoveries, recovery] };
}

/**
 * The record with its newest recovery, of which nothing was sent, under the next number: another coordinator has used this
 * one, one whose journal is gone or that led meanwhile. Undefined once so many are used that somebody must be at play.
 */
export function renumberRecovery(record: TransferRecord): TransferRecord | undefined {
  const last = record.recoveries.at(-1);
  if (last === undefined || last.attempt - record.recoveries.length >= PASSED_MAX) return undefined;
  const { guid, payloadHash } = record;
  const { kind } = last;
  const attempt = last.attempt + 1;
  const recoveryId = recoveryIdOf({ guid, payloadHash, kind, attempt });
  return {
    ...record,
    recoveries: [...record.recoveries.slice(0, -1), { ...last, attempt, recoveryId }],
  };
}

/** What goes into the target's queue for a recovery; undefined when the target is none of ours. */
export function recoveryJobOf(record: TransferRecord, recovery: Recovery): RecoveryJob | undefined {
  if (record.target === null) return undefined;
  const { srcEid, sender, nonce, receiver, guid, message, payloadHash } = record;
  const { kind, recoveryId, attempt, deadlineSeconds, recordedAtMs: issuedAtMs } = recovery;
  return {
    version: RECOVERY_JOB_VERSION,
    kind,
    recoveryId,
    shard: record.target,
    attempt,
    srcEid,
    sender,
    nonce,
    receiver,
    guid,
    message,
    payloadHash,
    deadlineSeconds,
    issuedAtMs,
  };
}
