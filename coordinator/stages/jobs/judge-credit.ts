import { isInFlight, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** A reorganisation moves what was seen in a block by fewer blocks than this; deeper ones are final. */
export const MOVED_BLOCKS_MAX = 64;

/** Through which of its target's blocks a transfer was not credited, as was known when its message had this guid. */
export type CreditAbsence = {
  /** Null while its message was not known. */
  readonly guid: JobRecord["guid"];
  readonly throughBlock: number;
};

type Block = Pick<ShardReport, "block" | "deliveredTransfers">;

/** What was not credited before a job existed: nothing of it is in a block of its target that could not change any more then. */
export function absenceAtRecord(job: JobRecord, target: Block): CreditAbsence {
  return { guid: job.guid, throughBlock: settledThrough(target) };
}

/**
 * The absence after a newer report of the target: it goes as far as that report as long as no block lies between what was
 * known before and what it lists. Undefined once it says nothing any more, for the job's message is another one.
 *
 * @param isKnown Whether a guid is another transfer's: a credit of a message that nobody knows may be of this job.
 */
export function absenceAfter(
  before: CreditAbsence | undefined,
  job: JobRecord,
  target: Block,
  isKnown: (guid: string) => boolean,
): CreditAbsence | undefined {
  if (before === undefined || isOther(before, job)) return undefined;
  const { guid } = job;
  if (hasGap(before, target) || mayList(before, job, target, isKnown)) return before;
  return { guid, throughBlock: Math.max(before.throughBlock, settledThrough(target)) };
}

/**
 * True when the target's book may show the money of a transfer that counts as on its way there: blocks lie between what
 * the book lists and what is known, or it lists a message that may be this job's. Of what has ended, or has been seen to
 * arrive, everything is known.
 */
export function isCreditInDoubt(
  job: JobRecord,
  absence: CreditAbsence | undefined,
  target: Block | undefined,
  isKnown: (guid: string) => boolean,
): boolean {
  if (job.kind !== "transfer" || job.shadow || !isInFlight(job) || job.delivery !== null)
    return false;
  if (target === undefined) return false;
  if (job.arrivedInBlock !== null) return job.arrivedInBlock <= target.block.number;
  if (absence === undefined || isOther(absence, job)) return true;
  if (target.block.number <= absence.throughBlock) return false;
  return hasGap(absence, target) || mayList(absence, job, target, isKnown);
}

function isOther(absence: CreditAbsence, { guid }: JobRecord): boolean {
  return absence.guid !== null && absence.guid !== guid;
}

function hasGap({ throughBlock }: CreditAbsence, { block }: Block): boolean {
  return block.finalizedNumber - REPORT_WINDOW_BLOCKS > throughBlock + 1;
}

function mayList(
  { throughBlock }: CreditAbsence,
  { guid: own }: JobRecord,
  { deliveredTransfers }: Block,
  isKnown: (guid: string) => boolean,
): boolean {
  return deliveredTransfers.some(({ guid, blockNumber }) => {
    if (own !== null) return guid === own;
    return blockNumber > throughBlock && !isKnown(guid);
  });
}

/** The newest block of a report that no reorganisation changes any more. */
function settledThrough({ block }: Block): number {
  return Math.max(block.finalizedNumber, block.number - MOVED_BLOCKS_MAX);
}
