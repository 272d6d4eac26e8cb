import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { JournalEntry, JournalState } from "#shard-agent/records/journal-entry.ts";
import { FatalError } from "#shared/errors.ts";

/** Version of the journal's tables, kept in `PRAGMA user_version`. */
const SCHEMA_VERSION = 1;
const PREFIX_LIMIT = 64;

const SCHEMA = `
  CREATE TABLE entries (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    nonce INTEGER,
    transaction_hash TEXT,
    body TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_state ON entries (state, nonce);
  CREATE TABLE transitions (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    transaction_hash TEXT,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sequences (stream TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
  CREATE TABLE receipts (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
  CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
`;

const UNFINISHED = "state IN ('received', 'checked', 'signed', 'broadcast', 'included')";
const OPEN = "state IN ('signed', 'broadcast', 'included')";

/**
 * Journal in `<dataDir>/<agent>.sqlite`. Every write is one transaction that has reached the disk when
 * the call returns (`synchronous = FULL`). The file is locked: a second process is refused.
 *
 * @throws {FatalError} `journal-locked` if another process has it open, `journal-version` if a newer
 * program wrote it.
 */
export function sqliteJournal(o: { readonly dataDir: string; readonly agent: string }): Journal {
  mkdirSync(o.dataDir, { recursive: true, mode: 0o700 });
  const path = join(o.dataDir, `${o.agent}.sqlite`);
  const database = openDatabase(path);
  return { ...entryTable(database), ...streamTables(database), close: () => database.close() };
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    );
    database.exec("BEGIN IMMEDIATE");
    createSchema(database, path);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    if (error instanceof FatalError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FatalError(
      "journal-locked",
      `Journal ${path}: ${reason}; one process at a time may own it.`,
      { cause: error },
    );
  }
}

function createSchema(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === SCHEMA_VERSION) return;
  if (version !== 0) {
    throw new FatalError(
      "journal-version",
      `Journal ${path}: found version ${version}; this program writes ${SCHEMA_VERSION}.`,
    );
  }
  database.exec(SCHEMA);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function entryTable(database: DatabaseSync) {
  const select = database.prepare("SELECT body FROM entries WHERE id = ?");
  const insert = database.prepare(
    "INSERT INTO entries (id, kind, state, nonce, transaction_hash, body, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const update = database.prepare(
    "UPDATE entries SET state = ?, nonce = ?, transaction_hash = ?, body = ?, updated_at_ms = ? WHERE id = ? AND state = ?",
  );
  const log = database.prepare(
    "INSERT INTO transitions (id, from_state, to_state, transaction_hash, at_ms) VALUES (?, ?, ?, ?, ?)",
  );
  const unfinished = database.prepare(
    `SELECT body FROM entries WHERE ${UNFINISHED} ORDER BY nonce IS NULL, nonce, rowid`,
  );
  const prefixed = database.prepare(
    `SELECT body FROM entries WHERE substr(id, 1, length(?)) = ? ORDER BY rowid DESC LIMIT ${PREFIX_LIMIT}`,
  );
  const nonce = database.prepare(`SELECT max(nonce) AS nonce FROM entries WHERE ${OPEN}`);
  const record = (entry: JournalEntry, from: JournalState | null) => {
    log.run(entry.id, from, entry.state, entry.transaction?.hash ?? null, entry.updatedAtMs);
  };
  return {
    get: (id: string) => entryOf(select.get(id)),
    insert: (entry: JournalEntry) =>
      atomically(database, () => {
        if (select.get(entry.id) !== undefined) {
          throw new FatalError("journal-duplicate", `Journal entry ${entry.id} exists already.`);
        }
        const { kind, state, transaction, updatedAtMs } = entry;
        insert.run(
          entry.id,
          kind,
          state,
          transaction?.nonce ?? null,
          transaction?.hash ?? null,
          encode(entry),
          updatedAtMs,
        );
        record(entry, null);
      }),
    replace: (entry: JournalEntry, from: JournalState) =>
      atomically(database, () => {
        const { state, transaction, updatedAtMs, id } = entry;
        const hash = transaction?.hash ?? null;
        const { changes } = update.run(
          state,
          transaction?.nonce ?? null,
          hash,
          encode(entry),
          updatedAtMs,
          id,
          from,
        );
        if (changes !== 1)
          throw new FatalError("journal-conflict", `Journal entry ${id} is not in state ${from}.`);
        record(entry, from);
      }),
    unfinished: () => unfinished.all().flatMap((row) => entryOf(row) ?? []),
    withPrefix: (prefix: string) =>
      prefixed.all(prefix, prefix).flatMap((row) => entryOf(row) ?? []),
    nextNonce: () => {
      const highest = nonce.get()?.["nonce"];
      return typeof highest === "number" ? highest + 1 : 0;
    },
  };
}

function streamTables(database: DatabaseSync) {
  const readSeq = database.prepare("SELECT seq FROM sequences WHERE stream = ?");
  const writeSeq = database.prepare(
    "INSERT INTO sequences (stream, seq) VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET seq = max(seq, excluded.seq)",
  );
  const queue = database.prepare("INSERT INTO receipts (body) VALUES (?)");
  const queued = database.prepare("SELECT id, body FROM receipts ORDER BY id LIMIT ?");
  const drop = database.prepare("DELETE FROM receipts WHERE id = ?");
  const probe = database.prepare(
    "INSERT INTO probe (id, at) VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET at = at + 1",
  );
  return {
    lastSeq: (stream: string) => Number(readSeq.get(stream)?.["seq"] ?? 0),
    saveSeq: (stream: string, seq: number) => void writeSeq.run(stream, seq),
    queueReceipt: (receipt: unknown) => void queue.run(JSON.stringify(receipt)),
    queuedReceipts: (limit: number) =>
      queued
        .all(limit)
        .map((row) => ({ id: Number(row["id"]), receipt: JSON.parse(String(row["body"])) })),
    dropReceipt: (id: number) => void drop.run(id),
    isWritable: () => {
      try {
        probe.run();
        return true;
      } catch {
        return false;
      }
    },
  };
}

function atomically(database: DatabaseSync, change: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    change();
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

const BIGINT_FIELDS = new Set([
  "nativeFeeWei",
  "maxFeePerGasWei",
  "maxPriorityFeePerGasWei",
  "gasLimit",
  "gasFeeCapWei",
  "gasCostWei",
]);

function encode(entry: JournalEntry): string {
  return JSON.stringify(entry, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

function entryOf(row: Record<string, unknown> | undefined): JournalEntry | undefined {
  if (row === undefined) return undefined;
  return JSON.parse(String(row["body"]), (key, value: unknown) =>
    BIGINT_FIELDS.has(key) && typeof value === "string" ? BigInt(value) : value,
  );
}
