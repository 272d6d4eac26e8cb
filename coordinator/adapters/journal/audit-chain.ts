import type { DatabaseSync, StatementSync } from "node:sqlite";
import { inTransaction } from "#coordinator/adapters/journal/sqlite-transaction.ts";
import { FatalError } from "#shared/errors.ts";
import {
  CHAIN_START,
  type ChainEnd,
  linkHash,
  openMark,
  readMark,
  sha256,
} from "#shared/node/hash-chain.ts";

/** Table of the chain's links, and where it begins once old ones were dropped (prune-journal.ts). */
export const AUDIT_TABLE = `
CREATE TABLE IF NOT EXISTS audit (
  number INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL,
  body_hash TEXT NOT NULL, chain TEXT NOT NULL, at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_subject ON audit (kind, subject, number);
CREATE TABLE IF NOT EXISTS audit_checkpoint (
  id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, chain TEXT NOT NULL
) STRICT;
`;

/** What the chain covers: every row of these tables, by its newest link. */
export const COVERED = [
  { kind: "decision", table: "decisions", key: "plan_id", body: "body" },
  { kind: "job", table: "jobs", key: "job_id", body: "body" },
  { kind: "order", table: "halts", key: "number", body: "kind || ' ' || reason || ' ' || at_ms" },
] as const;

export type AuditLink = {
  readonly kind: (typeof COVERED)[number]["kind"];
  /** Key of the row. */
  readonly subject: string;
  /** What happened to it. */
  readonly detail: string;
  /** The row's body as stored. */
  readonly body: string;
  readonly atMs: number;
};

/** The hash chain over decisions, jobs and people's orders. */
export type Audit = {
  /** Only inside {@link Audit.commit}. */
  readonly append: (link: AuditLink) => void;
  /** Runs `write` as one transaction that is on disk when the call returns, with the links it appended. */
  readonly commit: (write: () => void) => void;
  readonly close: () => void;
};

/**
 * Opens the audit chain of a journal and checks it: every link against the one before it, every row it covers against
 * its newest link, and its end against the mark in `<file>.mark`, which a lost tail leaves behind; SQLite drops a torn
 * tail without a word. A journal without a chain, as older versions left it, is taken over as it is.
 *
 * @param path Of the journal; one in memory has no mark.
 * @throws {FatalError} `journal-corrupt` naming the file and what is wrong.
 */
export function openAudit(db: DatabaseSync, path: string): Audit {
  const end = checkLinks(db, path);
  const markPath = path === ":memory:" ? undefined : `${path}.mark`;
  if (markPath !== undefined) checkMark(db, path, markPath);
  const audit = auditFrom(db, end, markPath === undefined ? undefined : openMark(markPath));
  try {
    if (end.number === 0) audit.commit(() => takeOver(db, audit));
    for (const one of COVERED) checkRows(db, path, one);
  } catch (error) {
    audit.close();
    throw error;
  }
  return audit;
}

function auditFrom(
  db: DatabaseSync,
  end: ChainEnd,
  mark: ReturnType<typeof openMark> | undefined,
): Audit {
  const insert = db.prepare(
    "INSERT INTO audit (number, kind, subject, detail, body_hash, chain, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  let [last, next] = [end, end];
  return {
    append: (link) => {
      next = appendLink(insert, next, link);
    },
    commit: (write) => {
      next = last;
      inTransaction(db, write);
      last = next;
      mark?.write(last);
    },
    close: () => mark?.close(),
  };
}

function appendLink(insert: StatementSync, before: ChainEnd, link: AuditLink): ChainEnd {
  const { kind, subject, detail, atMs } = link;
  const number = before.number + 1;
  const bodyHash = sha256(link.body);
  const hash = linkHash(before.hash, [number, kind, subject, detail, bodyHash, atMs]);
  insert.run(number, kind, subject, detail, bodyHash, hash, atMs);
  return { number, hash };
}

/** What was there before the chain was: nobody can say any more whether it was altered. */
function takeOver(db: DatabaseSync, audit: Audit): void {
  for (const { kind, table, key, body } of COVERED) {
    const rows = db.prepare(`SELECT ${key} AS subject, ${body} AS body FROM ${table}`).iterate();
    for (const row of rows) {
      const subject = String(row["subject"]);
      audit.append({ kind, subject, detail: "taken over", body: String(row["body"]), atMs: 0 });
    }
  }
}

function checkLinks(db: DatabaseSync, path: string): ChainEnd {
  const checkpoint = db.prepare("SELECT number, chain FROM audit_checkpoint").get();
  let last: ChainEnd =
    checkpoint === undefined
      ? CHAIN_START
      : { number: Number(checkpoint["number"]), hash: String(checkpoint["chain"]) };
  for (const row of db.prepare("SELECT * FROM audit ORDER BY number").iterate()) {
    const number = Number(row["number"]);
    const names = ["kind", "subject", "detail", "body_hash", "at_ms"];
    const fields = names.map((name) => row[name] as string | number);
    const hash = linkHash(last.hash, [number, ...fields]);
    if (number !== last.number + 1 || hash !== row["chain"])
      throw corrupt(path, `link ${number} does not follow from link ${last.number}`);
    last = { number, hash };
  }
  return last;
}

function checkMark(db: DatabaseSync, path: string, markPath: string): void {
  const mark = readMark(markPath);
  if (mark === null || (mark !== "unreadable" && mark.number === 0)) return;
  if (mark === "unreadable") throw corrupt(markPath, "the mark of the last write is unreadable");
  const found = db.prepare("SELECT chain FROM audit WHERE number = ?").get(mark.number);
  if (found?.["chain"] === mark.hash) return;
  throw corrupt(path, `its tail is lost: link ${mark.number} was written and is not there`);
}

function checkRows(db: DatabaseSync, path: string, covered: (typeof COVERED)[number]): void {
  const { kind, table, key, body } = covered;
  const rows = db
    .prepare(
      `SELECT CAST(r.${key} AS TEXT) AS subject, ${body} AS body,
       (SELECT a.body_hash FROM audit a WHERE a.kind = '${kind}' AND a.subject = CAST(r.${key} AS TEXT)
        ORDER BY a.number DESC LIMIT 1) AS hash FROM ${table} r`,
    )
    .iterate();
  for (const row of rows) {
    if (sha256(String(row["body"])) !== row["hash"])
      throw corrupt(path, `${kind} ${String(row["subject"])} was altered`);
  }
  const gone = db
    .prepare(
      `SELECT subject FROM audit WHERE kind = '${kind}' AND subject NOT IN
       (SELECT CAST(${key} AS TEXT) FROM ${table}) LIMIT 1`,
    )
    .get();
  if (gone !== undefined) throw corrupt(path, `${kind} ${String(gone["subject"])} was removed`);
}

function corrupt(path: string, what: string): FatalError {
  return new FatalError(
    "journal-corrupt",
    `journal ${path}: ${what}; nothing is decided with it. Restore it with its mark, or move both away: what is under way is then found on the chains`,
  );
}
