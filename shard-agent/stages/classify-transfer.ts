import { isSameAddress } from "#shard-agent/records/shard-scope.ts";
import {
  type DeliveryAlert,
  NILIFIED_HASH,
  type TransferEvidence,
} from "#shard-agent/records/transfer-evidence.ts";
import type { Address } from "#shared/units/ids.ts";
import type { Arrival, Attestations, TransferState } from "#shared/wire/transfer-line.ts";

type Verdict = {
  readonly state: TransferState;
  readonly alert: DeliveryAlert | null;
  readonly endedInBlock: number | null;
};

/**
 * How far an expected message has come. The first test that holds decides: an event that ended it, then
 * what the endpoint keeps for its nonce, then what the DVNs have attested.
 *
 * That the endpoint counts a nonce as executed is no proof of delivery: skipping, burning and clearing
 * look the same. And anyone may report a failed delivery: only our executor's word counts, and only
 * while the very payload it speaks of still waits.
 */
export function classifyTransfer(evidence: TransferEvidence, executor: Address): Arrival {
  const { expected, committedHash } = evidence;
  const { state, alert, endedInBlock } = judge(evidence, executor);
  const isUncommitted = UNCOMMITTED.includes(state);
  return {
    side: "target",
    ...expected,
    state,
    attestations: isUncommitted ? evidence.attestations : null,
    committedHash,
    alert: alert === null ? null : { blockNumber: alert.blockNumber, reason: alert.reason },
    endedInBlock,
  };
}

const UNCOMMITTED: readonly TransferState[] = [
  "sent",
  "dvn-quorum-reached",
  "path-not-initializable",
  "nilified",
  "wrong-payload",
];

function judge(evidence: TransferEvidence, executor: Address): Verdict {
  const { expected, committedHash, delivered, burntInBlock, skippedInBlock } = evidence;
  if (evidence.guid !== expected.guid) return open("unknown");
  if (delivered?.isCredited === true) return ended("delivered", delivered.blockNumber);
  if (delivered !== null) return ended("cleared-or-silent", delivered.blockNumber);
  if (burntInBlock !== null) return ended("burnt", burntInBlock);
  if (skippedInBlock !== null) return ended("skipped", skippedInBlock);
  if (committedHash === NILIFIED_HASH) return open("nilified");
  if (committedHash !== null) return judgeCommitted(evidence, executor);
  // Executed, and no event within reach says how: whatever it was, it is not delivery.
  if (BigInt(expected.nonce) <= evidence.lazyInboundNonce) return ended("cleared-or-silent", null);
  if (!evidence.isInitializable) return open("path-not-initializable");
  return open(isQuorumReached(evidence.attestations) ? "dvn-quorum-reached" : "sent");
}

function judgeCommitted(evidence: TransferEvidence, executor: Address): Verdict {
  const { expected, committedHash, alerts } = evidence;
  if (committedHash !== expected.payloadHash) return open("wrong-payload");
  const alert = alerts.findLast(
    (one) => isSameAddress(one.executor, executor) && one.payloadHash === committedHash,
  );
  if (alert !== undefined) return { state: "failed-retryable", alert, endedInBlock: null };
  const isNext = BigInt(expected.nonce) <= evidence.inboundNonce;
  return open(isNext ? "verified-executable" : "blocked-by-prior-nonce");
}

/** True when every required DVN and enough of the optional ones have attested. */
function isQuorumReached(attestations: Attestations | null): boolean {
  if (attestations === null) return false;
  const { requiredDone, required, optionalDone, optionalThreshold } = attestations;
  return requiredDone >= required && optionalDone >= optionalThreshold;
}

function open(state: TransferState): Verdict {
  return { state, alert: null, endedInBlock: null };
}

function ended(state: TransferState, endedInBlock: number | null): Verdict {
  return { state, alert: null, endedInBlock };
}
