import type { DatabaseSync } from "node:sqlite";
import type { Audit } from "#coordinator/adapters/journal/audit-chain.ts";
import { insertJob } from "#coordinator/adapters/journal/sqlite-jobs.ts";
import type { DecisionJournal } from "#coordinator/ports/journal.ts";
import {
  type DecisionRecord,
  decisionRecordSchema,
} from "#coordinator/records/planning/decision-record.ts";

/** Decisions, one row each, and their jobs in the same transaction. */
export function sqliteDecisions(db: DatabaseSync, audit: Audit): DecisionJournal {
  const insert = db.prepare(
    "INSERT INTO decisions (sequence, plan_id, at_ms, body) VALUES (?, ?, ?, ?)",
  );
  const newest = db.prepare("SELECT body FROM decisions ORDER BY sequence DESC LIMIT ?");
  const byPlan = db.prepare("SELECT body FROM decisions WHERE plan_id = ?");
  const read = (row: Record<string, unknown>): DecisionRecord => {
    return decisionRecordSchema.parse(JSON.parse(String(row["body"])));
  };
  const last = db.prepare(
    "SELECT COALESCE(MAX(sequence), 0) AS sequence, COUNT(*) AS count FROM decisions",
  );
  const writeJob = insertJob(db, audit);
  return {
    nextSequence: () => Number(last.get()?.["sequence"] ?? 0) + 1,
    count: () => Number(last.get()?.["count"] ?? 0),
    list: (limit) => newest.all(limit).map(read),
    find: (planId) => {
      const row = byPlan.get(planId);
      return row === undefined ? undefined : read(row);
    },
    record: (decision, jobs) => {
      audit.commit(() => {
        const { sequence, planId, atMs, trigger } = decision;
        const body = JSON.stringify(decision);
        insert.run(sequence, planId, atMs, body);
        audit.append({ kind: "decision", subject: planId, detail: trigger, body, atMs });
        for (const job of jobs) writeJob(job, "recorded", decision.atMs);
      });
    },
  };
}
