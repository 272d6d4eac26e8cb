import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { followCredits, knownGuids } from "#coordinator/cycles/jobs/follow-credits.ts";
import { rememberOutcome, rememberRefusal } from "#coordinator/cycles/safety/keep-safety.ts";
import type { JobJournal } from "#coordinator/ports/journal.ts";
import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { advanceJob, type JobEvent } from "#coordinator/stages/jobs/advance-job.ts";
import { releaseInFlight } from "#coordinator/stages/jobs/release-in-flight.ts";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";

export type JobPorts = { readonly jobs: JobJournal; readonly log: Log };

/** Records an event of a job, then remembers it. A contradiction halts the coordinator and changes nothing. */
export function changeJob(
  state: CoordinatorState,
  ports: JobPorts,
  job: JobRecord,
  change: { readonly event: JobEvent; readonly nowMs: number },
): JobRecord {
  try {
    const next = advanceJob(job, change.event, change.nowMs);
    if (JSON.stringify(next) === JSON.stringify(job)) return job;
    remember(state, ports, next, { event: change.event.type, nowMs: change.nowMs });
    if (next.state !== job.state) {
      const { jobId, shard, kind } = next;
      ports.log.info("job changed", {
        jobId,
        shard,
        kind,
        from: job.state,
        to: next.state,
        event: change.event.type,
      });
    }
    return next;
  } catch (error) {
    breakInvariant(state, ports.log, error);
    return job;
  }
}

/** Moves every unresolved job as far as the newest books prove. */
export function releaseJobs(state: CoordinatorState, ports: JobPorts, nowMs: number): void {
  const known = knownGuids(state);
  for (const job of [...state.jobs.values()]) {
    const source = state.books.get(job.shard);
    const target = job.target === null ? undefined : state.books.get(job.target);
    try {
      const sourceFinal = state.finals.get(job.shard)?.number ?? 0;
      const targetFinal = state.finals.get(job.target ?? "")?.number ?? 0;
      const books = { source, target, sourceFinal, targetFinal };
      const { events } = releaseInFlight(job, books, nowMs);
      let current = job;
      for (const event of events) current = changeJob(state, ports, current, { event, nowMs });
    } catch (error) {
      breakInvariant(state, ports.log, error);
    }
  }
  followCredits(state, known);
}

/** Writes a job to the journal, then to memory. */
export function remember(
  state: CoordinatorState,
  ports: JobPorts,
  job: JobRecord,
  change: { readonly event: string; readonly nowMs: number },
): void {
  ports.jobs.update(job, change.event, change.nowMs);
  rememberOutcome(state, job, job.times.settledAtMs ?? change.nowMs);
  rememberRefusal(state, job, change.nowMs);
  if (isUnresolvedJob(job)) state.jobs.set(job.jobId, job);
  else state.jobs.delete(job.jobId);
}

/** A contradiction between what was proved before and now: nothing more is issued until a person looks. */
export function breakInvariant(state: CoordinatorState, log: Log, error: unknown): void {
  if (!(error instanceof FatalError)) throw error;
  state.brokenInvariant ??= error.message;
  log.error("an invariant is broken; halted", { error });
}
