import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { RecoveryKind } from "#shared/wire/recovery-job.ts";
import type { TransferState } from "#shared/wire/transfer-line.ts";

/** What brings a message on from each state: by waiting, by a call that anyone may make, or by people. */
export const RECOVERY_STEPS = {
  unknown: "wait-for-source",
  sent: "wait-for-dvn",
  "dvn-quorum-reached": "commit-verification",
  "path-not-initializable": "set-peer",
  "blocked-by-prior-nonce": "wait-for-prior-nonce",
  "verified-executable": "retry-receive",
  "failed-retryable": "retry-receive",
  "wrong-payload": "verify-again",
  nilified: "verify-again",
  skipped: "governance",
  burnt: "governance",
  "cleared-or-silent": "governance",
  delivered: "none",
} as const satisfies Record<TransferState, string>;

type RecoveryStep = (typeof RECOVERY_STEPS)[TransferState];

export type TransferJudgement = {
  /** No progress for as long as the policy allows, and not delivered. */
  readonly isStuck: boolean;
  readonly step: RecoveryStep;
  /** The call that is to be ordered now; null when none is due. */
  readonly due: RecoveryKind | null;
};

/** The call that the state of a message permits; null when none would help. */
export function permittedRecovery({ state }: Pick<TransferRecord, "state">): RecoveryKind | null {
  const step = RECOVERY_STEPS[state];
  return step === "retry-receive" || step === "commit-verification" ? step : null;
}

/**
 * Whether a message is stuck, what would bring it on, and whether to order that now. A call waits until
 * the one before it has ended, and twice as long as after that one while there is no progress: the executor
 * and the DVNs are given their time first, and what keeps failing does not cost gas for ever.
 */
export function judgeTransfer(
  record: TransferRecord,
  policy: Policy["transfers"],
  nowMs: number,
): TransferJudgement {
  const step = RECOVERY_STEPS[record.state];
  if (record.isClosed) return { isStuck: false, step, due: null };
  const isStuck =
    record.state !== "delivered" && nowMs - record.progressAtMs >= policy.stuckAfterMs;
  return { isStuck, step, due: isDue(record, policy, nowMs) ? permittedRecovery(record) : null };
}

function isDue(record: TransferRecord, policy: Policy["transfers"], nowMs: number): boolean {
  const ordered = record.recoveries.filter((one) => one.orderedBy === "policy");
  // What was refused was never signed and has cost nothing: waiting longer each time is enough against it.
  const mayHavePaid = ordered.filter((one) => one.outcome !== "refused");
  const isSpent = policy.recoveriesMax === 0 || mayHavePaid.length >= policy.recoveriesMax;
  if (isSpent || isUnderWay(record, nowMs)) return false;
  // What failed before the message moved on says nothing of the call that its new state needs.
  const inVain = ordered.filter((one) => one.recordedAtMs >= record.progressAtMs);
  const lastMs = record.recoveries.at(-1)?.recordedAtMs ?? 0;
  const waitedMs = nowMs - Math.max(record.progressAtMs, lastMs);
  return waitedMs >= policy.recoverAfterMs * 2 ** inVain.length;
}

/** True while the call that would help now is ordered and may still reach a block. */
export function isUnderWay(record: TransferRecord, nowMs: number): boolean {
  const last = record.recoveries.at(-1);
  if (last === undefined || last.kind !== permittedRecovery(record)) return false;
  if (last.outcome === "refused" || last.outcome === "reverted") return false;
  return last.outcome !== "expired" && nowMs <= last.deadlineSeconds * 1000;
}
