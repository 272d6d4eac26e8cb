import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import {
  absenceAfter,
  absenceAtRecord,
  isCreditInDoubt,
} from "#coordinator/stages/jobs/judge-credit.ts";

/** Notes of transfers that are only just recorded that no block of their targets up to now has their money. */
export function beginCredits(state: CoordinatorState, jobs: readonly JobRecord[]): void {
  for (const job of jobs) {
    const book = state.books.get(job.target ?? "");
    if (job.kind !== "transfer" || book === undefined) continue;
    state.absences.set(job.jobId, absenceAtRecord(job, book.report));
  }
}

/**
 * What the newest books of their targets say of transfers that are not credited yet: nothing, for another few blocks.
 *
 * @param known Guids of transfers as they were before these books changed them: what ended with them is among those.
 */
export function followCredits(state: CoordinatorState, known: ReadonlySet<string>): void {
  for (const [jobId, absence] of [...state.absences]) {
    const job = state.jobs.get(jobId);
    const book = state.books.get(job?.target ?? "");
    if (job !== undefined && book === undefined) continue;
    const isOver = job === undefined || book === undefined || job.delivery !== null;
    const next = isOver
      ? undefined
      : absenceAfter(absence, job, book.report, (guid) => known.has(guid));
    if (next === undefined) state.absences.delete(jobId);
    else state.absences.set(jobId, next);
  }
}

/** Transfers that the book which is planned on may show already, by job. */
export function creditsInDoubt(state: CoordinatorState): Set<string> {
  const known = knownGuids(state);
  const inDoubt = [...state.jobs.values()].filter((job) => isInDoubt(state, job, known));
  return new Set(inDoubt.map(({ jobId }) => jobId));
}

/** Whether the book of its target which is planned on may show a transfer already. */
export function isInDoubt(
  { absences, books }: CoordinatorState,
  job: JobRecord,
  known: ReadonlySet<string>,
): boolean {
  const book = books.get(job.target ?? "")?.report;
  return isCreditInDoubt(job, absences.get(job.jobId), book, (guid) => known.has(guid));
}

/** Guids of all transfers that are thought of: a credit of any of these is of no other. */
export function knownGuids({ jobs, transfers }: CoordinatorState): Set<string> {
  const ours = [...jobs.values()].flatMap(({ guid }) => guid ?? []);
  return new Set([...ours, ...transfers.keys()]);
}
