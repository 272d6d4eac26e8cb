import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AUDIT_TABLE, openAudit } from "#coordinator/adapters/journal/audit-chain.ts";
import { pruneJournal } from "#coordinator/adapters/journal/prune-journal.ts";
import { sqliteDecisions } from "#coordinator/adapters/journal/sqlite-decisions.ts";
import { sqliteHalts } from "#coordinator/adapters/journal/sqlite-halts.ts";
import { sqliteJobs } from "#coordinator/adapters/journal/sqlite-jobs.ts";
import { sqliteMessages } from "#coordinator/adapters/journal/sqlite-messages.ts";
import { sqliteSafety } from "#coordinator/adapters/journal/sqlite-safety.ts";
import { sqliteTransfers } from "#coordinator/adapters/journal/sqlite-transfers.ts";
import type { Journal, JournalPruner } from "#coordinator/ports/journal.ts";
import { FatalError } from "#shared/errors.ts";

/** Version of the tables below; a file of another version is refused. */
const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE IF NOT EXISTS decisions (
  sequence INTEGER PRIMARY KEY, plan_id TEXT NOT NULL UNIQUE, at_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
  unresolved INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_unresolved ON jobs (unresolved);
CREATE INDEX IF NOT EXISTS jobs_state ON jobs (state);
CREATE TABLE IF NOT EXISTS job_events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, job_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
  event TEXT NOT NULL, state TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS accepted_reports (
  shard TEXT NOT NULL, agent TEXT NOT NULL, seq INTEGER NOT NULL, accepted_at_ms INTEGER NOT NULL,
  block_number INTEGER NOT NULL, block_hash TEXT NOT NULL, block_timestamp_ms INTEGER NOT NULL,
  PRIMARY KEY (shard, agent, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS books (
  shard TEXT PRIMARY KEY, accepted_at_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS refused_messages (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, shard TEXT NOT NULL, agent TEXT NOT NULL,
  entry_id TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, body_head BLOB NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS transfers (
  number INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, state TEXT NOT NULL,
  closed INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS transfers_closed ON transfers (closed);
CREATE TABLE IF NOT EXISTS halts (
  number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
${AUDIT_TABLE}
CREATE TABLE IF NOT EXISTS safety (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS proved_books (shard TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS safety_events (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, body TEXT NOT NULL
) STRICT;
`;

/**
 * The journal in one SQLite file. Every commit is on disk when the call returns (WAL with
 * synchronous=FULL), so what was recorded survives a crash of the process and of the machine.
 *
 * Decisions, jobs and orders are links of a hash chain, which is checked here.
 *
 * @throws {FatalError} `journal-unusable` if the file cannot be opened or is of another version, `journal-corrupt` if
 *   what the chain covers was altered, removed or lost.
 */
export function openSqliteJournal(
  path: string,
): Journal & JournalPruner & { readonly close: () => void } {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const db = new DatabaseSync(path);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000;");
    requireVersion(db, path);
    db.exec(TABLES);
    const audit = openAudit(db, path);
    return {
      decisions: sqliteDecisions(db, audit),
      jobs: sqliteJobs(db, audit),
      messages: sqliteMessages(db),
      transfers: sqliteTransfers(db),
      halts: sqliteHalts(db, audit),
      safety: sqliteSafety(db),
      prune: (order) => pruneJournal(db, audit, order),
      close: () => {
        db.close();
        audit.close();
      },
    };
  } catch (error) {
    if (error instanceof FatalError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError("journal-unusable", `${path}: ${reason}`, { cause: error });
  }
}

function requireVersion(db: DatabaseSync, path: string): void {
  const found = Number(db.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (found === 0) {
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    return;
  }
  if (found === SCHEMA_VERSION) return;
  throw new FatalError(
    "journal-unusable",
    `${path}: has version ${found}; must be ${SCHEMA_VERSION}`,
  );
}
