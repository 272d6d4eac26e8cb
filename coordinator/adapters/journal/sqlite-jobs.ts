import type { DatabaseSync } from "node:sqlite";
import type { Audit } from "#coordinator/adapters/journal/audit-chain.ts";
import type { JobJournal } from "#coordinator/ports/journal.ts";
import {
  isUnresolvedJob,
  type JobRecord,
  type JobState,
  jobRecordSchema,
} from "#coordinator/records/jobs/job-record.ts";

/** Jobs, one row each with their newest record, and every event that changed one. */
export function sqliteJobs(db: DatabaseSync, audit: Audit): JobJournal {
  const write = insertJob(db, audit);
  const unresolved = db.prepare("SELECT body FROM jobs WHERE unresolved = 1 ORDER BY number");
  const one = db.prepare("SELECT body FROM jobs WHERE job_id = ?");
  const newest = db.prepare("SELECT body FROM jobs ORDER BY number DESC LIMIT ?");
  const newestOfState = db.prepare(
    "SELECT body FROM jobs WHERE state = ? ORDER BY number DESC LIMIT ?",
  );
  const counts = db.prepare("SELECT state, COUNT(*) AS count FROM jobs GROUP BY state");
  return {
    update: (job, event, atMs) => audit.commit(() => write(job, event, atMs)),
    unresolved: () => unresolved.all().map(jobOf),
    find: (jobId) => {
      const row = one.get(jobId);
      return row === undefined ? undefined : jobOf(row);
    },
    list: ({ limit, state }) => {
      return (state === undefined ? newest.all(limit) : newestOfState.all(state, limit)).map(jobOf);
    },
    countByState: () => {
      const pairs = counts.all().map((row) => [row["state"], Number(row["count"])]);
      return Object.fromEntries(pairs) as Partial<Record<JobState, number>>;
    },
  };
}

/** Inserts or replaces a job and appends the event; to be called inside a commit of the audit chain. */
export function insertJob(
  db: DatabaseSync,
  audit: Audit,
): (job: JobRecord, event: string, atMs: number) => void {
  const upsert = db.prepare(`INSERT INTO jobs (job_id, state, unresolved, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, unresolved = excluded.unresolved, body = excluded.body`);
  const append = db.prepare(
    "INSERT INTO job_events (job_id, at_ms, event, state) VALUES (?, ?, ?, ?)",
  );
  return (job, event, atMs) => {
    const body = JSON.stringify(job);
    upsert.run(job.jobId, job.state, isUnresolvedJob(job) ? 1 : 0, body);
    audit.append({ kind: "job", subject: job.jobId, detail: event, body, atMs });
    append.run(job.jobId, atMs, event, job.state);
  };
}

function jobOf(row: Record<string, unknown>): JobRecord {
  return jobRecordSchema.parse(JSON.parse(String(row["body"])));
}
