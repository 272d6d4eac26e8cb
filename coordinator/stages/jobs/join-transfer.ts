import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import type { Arrival, SentTransfer } from "#shared/wire/transfer-line.ts";

/** The report a line stands in. */
export type ReportedAt = {
  readonly shard: string;
  readonly blockNumber: number;
  /** What the report calls final: how far back it lists. */
  readonly finalizedNumber: number;
  /** What we know to be final ourselves. */
  readonly finalNumber: number;
  readonly nowMs: number;
};

/**
 * The record of a message after its source told of it. The same guid with another payload, after a
 * reorganisation, is another message: what was known of the first does not hold for it.
 */
export function noteSent(
  known: TransferRecord | undefined,
  line: SentTransfer,
  target: string | null,
  at: ReportedAt,
): TransferRecord {
  const { side: _side, blockNumber, blockHash: _hash, blockTimestampMs, ...message } = line;
  const isFinal = blockNumber <= at.finalNumber;
  const sentBlock = { number: blockNumber, timestampMs: blockTimestampMs, isFinal };
  if (known !== undefined && known.payloadHash === line.payloadHash) {
    const isBack = known.state === "unknown" && known.observedBlock === null;
    const back = isBack
      ? ({ state: "sent", progressAtMs: at.nowMs, isClosed: false } as const)
      : {};
    return { ...known, ...back, jobId: line.jobId, sentBlock };
  }
  return {
    ...message,
    shard: at.shard,
    target,
    sentBlock,
    state: "sent",
    attestations: null,
    committedHash: null,
    alert: null,
    endedInBlock: null,
    isEndFinal: false,
    progressAtMs: at.nowMs,
    observedBlock: null,
    recoveries: [],
    heldProof: null,
    acknowledged: null,
    isClosed: false,
  };
}

/**
 * The record after a newer report of its source does not list it any more although it should: a
 * reorganisation removed it. Closed once that can no longer change. Only what the target has never
 * seen can go this way; a final one cannot. Where reports were missed for longer than they list, its job says whether it left.
 *
 * @param job Of its record, as far as it is known.
 */
export function noteMissing(
  known: TransferRecord,
  at: ReportedAt,
  job: Sender | undefined,
): TransferRecord {
  const { number, isFinal } = known.sentBlock;
  if (isFinal || known.isClosed || at.blockNumber < number) return known;
  const isInWindow = number >= at.finalizedNumber - REPORT_WINDOW_BLOCKS;
  const isUnknown = known.state === "unknown";
  if (isInWindow ? isUnknown : !isUnknown && !hasNeverLeft(known, job)) return known;
  const unseen = { attestations: null, observedBlock: null } as const;
  const gone = { ...known, ...unseen, state: "unknown", progressAtMs: at.nowMs } as const;
  return isInWindow ? gone : { ...(isUnknown ? known : gone), isClosed: true };
}

type Sender = Pick<JobRecord, "state" | "guid" | "consumption">;

/** True once a final block has proved that the job did nothing and never will, or that it sent another message. */
function hasNeverLeft(known: TransferRecord, job: Sender | undefined): boolean {
  // What the target sees of it has left, by another job perhaps whose block no report has listed.
  if (job === undefined || !seesNothing(known)) return false;
  if (job.consumption?.isFinal === true) return job.guid !== known.guid;
  return ["expired", "refused-expired", "superseded"].includes(job.state);
}

/** The record after its target looked at it. A line about another payload, or from another shard, changes nothing. */
export function noteArrival(known: TransferRecord, line: Arrival, at: ReportedAt): TransferRecord {
  if (known.isClosed || at.shard !== known.target || line.payloadHash !== known.payloadHash)
    return known;
  if (at.blockNumber < (known.observedBlock ?? 0)) return known;
  const { state, attestations, committedHash, alert, endedInBlock } = line;
  // A target that sees nothing has no word on whether the message still left its source.
  if (known.state === "unknown" && seesNothing(line)) return known;
  const isProgress =
    state !== known.state || JSON.stringify(attestations) !== JSON.stringify(known.attestations);
  const next = {
    ...known,
    state,
    attestations,
    committedHash,
    alert,
    endedInBlock,
    observedBlock: at.blockNumber,
    progressAtMs: isProgress ? at.nowMs : known.progressAtMs,
  };
  return ended(next, at);
}

function seesNothing({ state, attestations }: Pick<Arrival, "state" | "attestations">): boolean {
  const { requiredDone = 0, optionalDone = 0 } = attestations ?? {};
  return state === "sent" && requiredDone + optionalDone === 0;
}

/** The record after its target's book lists the credit: also where the target's agent does not look at messages. */
export function noteCredit(
  known: TransferRecord,
  creditedInBlock: number,
  at: ReportedAt,
): TransferRecord {
  if (known.isClosed || at.shard !== known.target) return known;
  const isNew = known.state !== "delivered" || known.endedInBlock !== creditedInBlock;
  const next: TransferRecord = {
    ...known,
    state: "delivered",
    attestations: null,
    committedHash: null,
    alert: null,
    endedInBlock: creditedInBlock,
    observedBlock: at.blockNumber,
    progressAtMs: isNew ? at.nowMs : known.progressAtMs,
  };
  return ended(next, at);
}

/** Closed once it is delivered in a final block. What is lost stays: its money must never count again. */
function ended(record: TransferRecord, at: ReportedAt): TransferRecord {
  const { endedInBlock, state } = record;
  const isEndFinal = endedInBlock !== null && endedInBlock <= at.finalNumber;
  return { ...record, isEndFinal, isClosed: isEndFinal && state === "delivered" };
}
