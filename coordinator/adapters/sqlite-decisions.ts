import type { DatabaseSync } from "node:sqlite";
import { insertJob } from "#coordinator/adapters/sqlite-jobs.ts";
import { inTransaction } from "#coordinator/adapters/sqlite-transaction.ts";
import type { DecisionJournal } from "#coordinator/ports/journal.ts";
import { decisionRecordSchema } from "#coordinator/records/decision-record.ts";

/** Decisions, one row each, and their jobs in the same transaction. */
export function sqliteDecisions(db: DatabaseSync): DecisionJournal {
  const insert = db.prepare(
    "INSERT INTO decisions (sequence, plan_id, at_ms, body) VALUES (?, ?, ?, ?)",
  );
  const newest = db.prepare("SELECT body FROM decisions ORDER BY sequence DESC LIMIT ?");
  const last = db.prepare(
    "SELECT COALESCE(MAX(sequence), 0) AS sequence, COUNT(*) AS count FROM decisions",
  );
  const writeJob = insertJob(db);
  return {
    nextSequence: () => Number(last.get()?.["sequence"] ?? 0) + 1,
    count: () => Number(last.get()?.["count"] ?? 0),
    list: (limit) => {
      return newest
        .all(limit)
        .map((row) => decisionRecordSchema.parse(JSON.parse(String(row["body"]))));
    },
    record: (decision, jobs) => {
      inTransaction(db, () => {
        insert.run(decision.sequence, decision.planId, decision.atMs, JSON.stringify(decision));
        for (const job of jobs) writeJob(job, "recorded", decision.atMs);
      });
    },
  };
}
