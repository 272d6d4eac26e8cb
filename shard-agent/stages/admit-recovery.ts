import { ADMITTED, type Admission, refuse } from "#shard-agent/records/admission.ts";
import type { RecoveryProofs } from "#shard-agent/records/recovery-proofs.ts";
import { isSameAddress, type ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";
import type { TransferState } from "#shared/wire/transfer-line.ts";

/**
 * Whether a recovery is what it claims to be: for this shard, about a plain token message to this vault,
 * with the ids that follow from its fields. Looks at no clock and no chain. Who asked does not matter.
 */
export function authenticateRecovery(
  job: RecoveryJob,
  proofs: RecoveryProofs,
  scope: Pick<ShardScope, "shard">,
): Admission {
  if (job.shard !== scope.shard)
    return refuse("wrong-shard", `shard: found ${job.shard}; this agent serves ${scope.shard}`);
  if (!isSameAddress(job.receiver, proofs.ownToken))
    return refuse(
      "venue-not-allowed",
      `receiver: found ${job.receiver}; only ${proofs.ownToken} is helped`,
    );
  if (proofs.recipient !== proofs.ownVault)
    return refuse(
      "venue-not-allowed",
      `message: credits ${proofs.recipient ?? "nobody, or more than that"}; only ${proofs.ownVault} is helped`,
    );
  if (job.guid !== proofs.guid)
    return refuse("params-mismatch", `guid: found ${job.guid}; the path gives ${proofs.guid}`);
  if (job.payloadHash !== proofs.payloadHash)
    return refuse(
      "params-mismatch",
      `payloadHash: found ${job.payloadHash}; guid and message give ${proofs.payloadHash}`,
    );
  if (job.recoveryId !== proofs.recoveryId)
    return refuse(
      "job-id-mismatch",
      `recoveryId: found ${job.recoveryId}; its fields give ${proofs.recoveryId}`,
    );
  return ADMITTED;
}

/** The world as the agent sees it when it is about to sign a recovery. */
export type RecoveryConditions = {
  /** Which RPC endpoints contradict the others, and where; null when they agree. */
  readonly disagreement: string | null;
  readonly nowMs: number;
  /** How far the message has come at the head; null when it cannot be looked at. */
  readonly state: TransferState | null;
  /** Other attempts of this agent for the same message that were signed, as far back as the journal goes. */
  readonly attempts: number;
  readonly isOneUnderWay: boolean;
  readonly senderBalanceWei: bigint;
};

/** Attempts of one agent for one message while its journal keeps them; whoever writes into the queue can cost no more gas. */
export const ATTEMPTS_MAX = 12;

/**
 * Furthest that the deadline of a recovery may lie ahead. Nobody signed it: a transaction that cannot be
 * mined would otherwise hold the sender's nonce for as long as whoever writes into the queue likes.
 */
const AHEAD_MAX_SECONDS = 600;

/** Whether a recovery may be sent now: only while its call would have its effect. */
export function admitRecovery(
  job: RecoveryJob,
  now: RecoveryConditions,
  scope: Pick<ShardScope, "gasFloorWei">,
): Admission {
  if (now.disagreement !== null)
    return refuse("rpc-disagreement", `RPC endpoints contradict each other: ${now.disagreement}`);
  if (now.nowMs > job.deadlineSeconds * 1000)
    return refuse("expired", `deadline: found ${job.deadlineSeconds}; it is past`);
  if (job.deadlineSeconds > now.nowMs / 1000 + AHEAD_MAX_SECONDS)
    return refuse(
      "malformed",
      `deadline: found ${job.deadlineSeconds}; at most ${AHEAD_MAX_SECONDS} s ahead`,
    );
  if (now.attempts >= ATTEMPTS_MAX)
    return refuse("recovery-exhausted", `found ${now.attempts} attempts; at most ${ATTEMPTS_MAX}`);
  if (now.isOneUnderWay)
    return refuse("nothing-to-recover", "another attempt for this message is under way");
  if (!permits(job, now.state))
    return refuse(
      "nothing-to-recover",
      `message: found in state ${now.state ?? "unreadable"}; ${job.kind} would have no effect`,
    );
  const floorWei = BigInt(scope.gasFloorWei);
  if (now.senderBalanceWei >= floorWei) return ADMITTED;
  const found = `sender balance: ${now.senderBalanceWei} wei; the floor is ${floorWei} wei`;
  return refuse("gas-below-floor", found);
}

function permits({ kind }: RecoveryJob, state: TransferState | null): boolean {
  if (kind === "commit-verification") return state === "dvn-quorum-reached";
  return state === "verified-executable" || state === "failed-retryable";
}
