import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { advanceJob, type JobEvent } from "#coordinator/stages/jobs/advance-job.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";

/** Events one job can go through on the evidence of one moment. */
const EVENTS_MAX = 4;

/** A job after the evidence of the books, with what changed it; `events` is empty when nothing did. */
export type Released = { readonly job: JobRecord; readonly events: readonly JobEvent[] };

/** The newest books of a job's shards, and how far we ourselves have seen their chains become final. */
export type ProvedBooks = {
  readonly source: BookEntry | undefined;
  readonly target: BookEntry | undefined;
  /** Newest blocks known to be final; a report that calls later ones final is not enough. */
  readonly sourceFinal: number;
  readonly targetFinal: number;
};

/**
 * Moves a job as far as the newest accepted books prove. A job leaves flight when its shard's book
 * lists it as consumed; a transfer when, besides, its target's book lists its guid as delivered, or is no older than
 * the final block in which its chain has shown it: reports do not list what is long ago. What
 * was seen in a block that is not final yet, and is missing from a newer book, comes back into flight.
 *
 * @throws {FatalError} `job-transition`, see advance-job.ts.
 */
export function releaseInFlight(job: JobRecord, books: ProvedBooks, nowMs: number): Released {
  let current = job;
  const events: JobEvent[] = [];
  while (events.length < EVENTS_MAX) {
    const event = sourceEvidence(current, books) ?? targetEvidence(current, books);
    if (event === undefined) break;
    current = advanceJob(current, event, nowMs);
    events.push(event);
  }
  return { job: current, events };
}

function sourceEvidence(
  job: JobRecord,
  { source: entry, sourceFinal }: ProvedBooks,
): JobEvent | undefined {
  if (entry === undefined || job.shadow) return undefined;
  const { block, consumedJobs } = entry.report;
  const listed = consumedJobs.find((candidate) => candidate.jobId === job.jobId);
  const known = job.consumption;
  const isInBook = job.state === "in-transit" || job.state === "settled";
  if (listed !== undefined) {
    const isFinal = listed.blockNumber <= Math.min(block.finalizedNumber, sourceFinal);
    const isKnown =
      isInBook && known?.blockNumber === listed.blockNumber && (known.isFinal || !isFinal);
    if (isKnown) return undefined;
    const { blockNumber, blockTimestampMs, amountInRaw, amountOutRaw, guid } = listed;
    return {
      type: "consumed",
      consumption: { blockNumber, blockTimestampMs, amountInRaw, amountOutRaw, isFinal },
      guid,
    };
  }
  if (known === null) return undefined;
  if (known.isFinal)
    return isInBook || block.number < known.blockNumber
      ? undefined
      : { type: "consumed", consumption: known, guid: job.guid };
  const isInWindow = known.blockNumber >= block.finalizedNumber - REPORT_WINDOW_BLOCKS;
  return isInBook && isInWindow ? { type: "consumption-lost" } : undefined;
}

function targetEvidence(
  job: JobRecord,
  { target: entry, targetFinal }: ProvedBooks,
): JobEvent | undefined {
  if (entry === undefined || job.shadow || job.kind !== "transfer" || job.guid === null)
    return undefined;
  const { block, deliveredTransfers } = entry.report;
  const listed = deliveredTransfers.find((candidate) => candidate.guid === job.guid);
  const known = job.delivery;
  if (listed !== undefined) {
    const isFinal = listed.blockNumber <= Math.min(block.finalizedNumber, targetFinal);
    if (known?.blockNumber === listed.blockNumber && (known.isFinal || !isFinal)) return undefined;
    return { type: "delivered", delivery: { blockNumber: listed.blockNumber, isFinal } };
  }
  const { arrivedInBlock } = job;
  if (known === null && arrivedInBlock !== null && arrivedInBlock <= block.number)
    return { type: "delivered", delivery: { blockNumber: arrivedInBlock, isFinal: true } };
  if (known === null || known.isFinal) return undefined;
  const isInWindow = known.blockNumber >= block.finalizedNumber - REPORT_WINDOW_BLOCKS;
  return isInWindow ? { type: "delivery-lost" } : undefined;
}
