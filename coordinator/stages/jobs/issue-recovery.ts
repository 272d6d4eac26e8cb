import type { Recovery, TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import {
  RECOVERY_JOB_VERSION,
  type RecoveryJob,
  type RecoveryKind,
  recoveryIdOf,
} from "#shared/wire/recovery-job.ts";

/** A recovery not in a block by then is cancelled, and the next one may be ordered. */
const LIFETIME_SECONDS = 120;

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
  const attempt = record.recoveries.length + 1;
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
