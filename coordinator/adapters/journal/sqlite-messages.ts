import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "#coordinator/adapters/journal/sqlite-transaction.ts";
import type { MessageJournal, RefusedMessage } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { shardReportSchema } from "#shared/wire/shard-report.ts";

const REFUSED_KEPT_MAX = 100;
/** References of accepted reports are kept this long, then dropped; the newest of each agent stays. */
const ACCEPTED_KEPT_MS = 7 * 86_400_000;

/** Accepted reports (references, and each shard's newest whole) and the newest refused messages. */
export function sqliteMessages(db: DatabaseSync): MessageJournal {
  const accept = acceptedWriter(db);
  const refuse = refusedWriter(db);
  const books = db.prepare("SELECT accepted_at_ms, body FROM books ORDER BY shard");
  const seqs = db.prepare(
    "SELECT shard, agent, MAX(seq) AS seq FROM accepted_reports GROUP BY shard, agent",
  );
  const newestRefused = db.prepare("SELECT * FROM refused_messages ORDER BY number DESC LIMIT ?");
  return {
    keep: (accepted, refused) => {
      if (accepted.length === 0 && refused.length === 0) return;
      inTransaction(db, () => {
        for (const entry of accepted) accept(entry);
        for (const message of refused) refuse(message);
      });
    },
    lastEntries: () => books.all().flatMap(entryOf),
    lastSeqs: () =>
      new Map(seqs.all().map((row) => [`${row["shard"]}/${row["agent"]}`, Number(row["seq"])])),
    refused: (limit) => newestRefused.all(limit).map(refusedOf),
  };
}

function acceptedWriter(db: DatabaseSync): (entry: BookEntry) => void {
  const reference = db.prepare(
    "INSERT OR IGNORE INTO accepted_reports VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const book = db.prepare(
    "INSERT OR REPLACE INTO books (shard, accepted_at_ms, body) VALUES (?, ?, ?)",
  );
  const drop = db.prepare(
    `DELETE FROM accepted_reports WHERE shard = ? AND agent = ? AND seq < ? AND accepted_at_ms < ?`,
  );
  return ({ report, acceptedAtMs }) => {
    const { shard, agent, seq, block } = report;
    reference.run(shard, agent, seq, acceptedAtMs, block.number, block.hash, block.timestampMs);
    book.run(shard, acceptedAtMs, JSON.stringify(report));
    drop.run(shard, agent, seq, acceptedAtMs - ACCEPTED_KEPT_MS);
  };
}

function refusedWriter(db: DatabaseSync): (message: RefusedMessage) => void {
  const insert = db.prepare(`INSERT INTO refused_messages
    (kind, shard, agent, entry_id, reason, detail, body_head, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const drop = db.prepare(
    "DELETE FROM refused_messages WHERE number <= (SELECT MAX(number) FROM refused_messages) - ?",
  );
  return (one) => {
    insert.run(
      one.kind,
      one.shard,
      one.agent,
      one.entryId,
      one.reason,
      one.detail,
      one.bodyHead,
      one.atMs,
    );
    drop.run(REFUSED_KEPT_MAX);
  };
}

/** A book of an older schema is left out: the shard then counts as one that has not reported. */
function entryOf(row: Record<string, unknown>): BookEntry[] {
  const parsed = shardReportSchema.safeParse(JSON.parse(String(row["body"])));
  return parsed.success
    ? [{ report: parsed.data, acceptedAtMs: Number(row["accepted_at_ms"]) }]
    : [];
}

function refusedOf(row: Record<string, unknown>): RefusedMessage {
  return {
    kind: row["kind"] === "receipt" ? "receipt" : "report",
    shard: String(row["shard"]),
    agent: String(row["agent"]),
    entryId: String(row["entry_id"]),
    reason: String(row["reason"]),
    detail: String(row["detail"]),
    bodyHead: row["body_head"] instanceof Uint8Array ? row["body_head"] : new Uint8Array(),
    atMs: Number(row["at_ms"]),
  };
}
