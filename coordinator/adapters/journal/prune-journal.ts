import type { DatabaseSync } from "node:sqlite";
import { type Audit, type AuditLink, COVERED } from "#coordinator/adapters/journal/audit-chain.ts";
import type { PruneOrder, PruneOutcome } from "#coordinator/ports/journal.ts";

/** Old rows of each table that the chain covers, but for those something still depends on. */
const OLD_ROWS: Readonly<Record<AuditLink["kind"], string>> = {
  decision: `at_ms < :before AND sequence < (SELECT MAX(sequence) FROM decisions) AND plan_id NOT IN
    (SELECT json_extract(body, '$.planId') FROM jobs WHERE json_extract(body, '$.planId') IS NOT NULL)`,
  job: `unresolved = 0 AND COALESCE(json_extract(body, '$.times.settledAtMs'), :before) < :before`,
  order: "at_ms < :before AND number < (SELECT MAX(number) FROM halts)",
};
/** Jobs go first: a decision stays as long as one of its jobs does. */
const ORDER: readonly AuditLink["kind"][] = ["job", "decision", "order"];

/**
 * Drops what is older than `beforeMs` and that nothing depends on: jobs that are over with their events, decisions
 * without jobs, people's halts but for the newest, messages that are closed, safety events, and the links of the chain
 * up to the first one that is young. Jobs in flight stay, and so do those named in `keepJobIds`.
 *
 * What stays behind the dropped links is linked anew, and so for as long again, and the hash of the last one dropped becomes the checkpoint from
 * which the chain is verified: it proves as much of what is left as before.
 */
export function pruneJournal(db: DatabaseSync, audit: Audit, order: PruneOrder): PruneOutcome {
  const cut = cutOf(db, order.beforeMs);
  const counts = { decisions: 0, jobs: 0, links: 0, safetyEvents: 0, transfers: 0 };
  if (cut === undefined) return { ...counts, safetyEvents: dropSafetyEvents(db, order.beforeMs) };
  audit.commit(() => {
    for (const kind of ORDER) {
      const dropped = dropRows(db, kind, { ...order, cut });
      if (kind === "job") counts.jobs = dropped;
      if (kind === "decision") counts.decisions = dropped;
    }
    db.exec("DELETE FROM job_events WHERE job_id NOT IN (SELECT job_id FROM jobs)");
    for (const link of keptLinks(db, cut)) audit.append({ ...link, atMs: order.nowMs });
    db.prepare(
      `INSERT INTO audit_checkpoint (id, number, chain) SELECT 1, number, chain FROM audit WHERE number = ?
       ON CONFLICT (id) DO UPDATE SET number = excluded.number, chain = excluded.chain`,
    ).run(cut);
    counts.links = changes(db, "DELETE FROM audit WHERE number <= :cut", { cut });
    counts.transfers = changes(
      db,
      "DELETE FROM transfers WHERE closed = 1 AND json_extract(body, '$.progressAtMs') < :before",
      { before: order.beforeMs },
    );
    counts.safetyEvents = dropSafetyEvents(db, order.beforeMs);
  });
  return counts;
}

/** The last link before the first young one; never the very last, which the mark names. */
function cutOf(db: DatabaseSync, beforeMs: number): number | undefined {
  const row = db
    .prepare(
      `SELECT MIN(COALESCE((SELECT MIN(number) FROM audit WHERE at_ms >= ?), MAX(number)), MAX(number)) - 1 AS cut,
       MIN(number) AS first FROM audit`,
    )
    .get(beforeMs);
  const [cut, first] = [row?.["cut"], row?.["first"]];
  return typeof cut === "number" && typeof first === "number" && cut >= first ? cut : undefined;
}

/** Only rows whose newest link is dropped as well: one that changed lately is not old. */
function dropRows(
  db: DatabaseSync,
  kind: AuditLink["kind"],
  o: PruneOrder & { readonly cut: number },
): number {
  const covered = COVERED.find((one) => one.kind === kind);
  if (covered === undefined) return 0;
  const { table, key } = covered;
  const kept = kind === "job" ? ` AND ${key} NOT IN (SELECT value FROM json_each(:keep))` : "";
  const sql = `DELETE FROM ${table} WHERE ${OLD_ROWS[kind]}${kept} AND CAST(${key} AS TEXT) NOT IN
    (SELECT subject FROM audit WHERE kind = '${kind}' AND number > :cut)`;
  const keep = kind === "job" ? { keep: JSON.stringify(o.keepJobIds) } : {};
  return changes(db, sql, { before: o.beforeMs, cut: o.cut, ...keep });
}

/** Rows that stay although their newest link goes. */
function keptLinks(db: DatabaseSync, cut: number): Omit<AuditLink, "atMs">[] {
  return COVERED.flatMap(({ kind, table, key, body }) =>
    db
      .prepare(
        `SELECT CAST(${key} AS TEXT) AS subject, ${body} AS body FROM ${table}
         WHERE CAST(${key} AS TEXT) NOT IN (SELECT subject FROM audit WHERE kind = '${kind}' AND number > ?)`,
      )
      .all(cut)
      .map((row) => {
        return {
          kind,
          subject: String(row["subject"]),
          detail: "kept",
          body: String(row["body"]),
        };
      }),
  );
}

/** The newest ones stay whatever their age, for whoever asks what happened last. */
const SAFETY_EVENTS_MIN = 200;

function dropSafetyEvents(db: DatabaseSync, beforeMs: number): number {
  const sql = `DELETE FROM safety_events WHERE at_ms < :before AND number <=
    (SELECT MAX(number) FROM safety_events) - ${SAFETY_EVENTS_MIN}`;
  return changes(db, sql, { before: beforeMs });
}

function changes(
  db: DatabaseSync,
  sql: string,
  values: Readonly<Record<string, string | number>>,
): number {
  return Number(db.prepare(sql).run({ ...values }).changes);
}
