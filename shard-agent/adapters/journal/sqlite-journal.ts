import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type Chain,
  corruptJournal,
  openChain,
} from "#shard-agent/adapters/journal/journal-chain.ts";
import { journalEntries } from "#shard-agent/adapters/journal/journal-entries.ts";
import { journalPruning } from "#shard-agent/adapters/journal/journal-pruning.ts";
import { RACES_SCHEMA } from "#shard-agent/adapters/journal/journal-races.ts";
import { journalStreams } from "#shard-agent/adapters/journal/journal-streams.ts";
import { PRUNED_SCHEMA } from "#shard-agent/adapters/journal/pruned-row.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { FatalError } from "#shared/errors.ts";

/** Version of the journal's tables, kept in `PRAGMA user_version`. */
const SCHEMA_VERSION = 4;
/** The oldest version that is taken over. */
const OLDEST_VERSION = 2;
const VERSION_OF_RACES = 3;
/** SQLite's result codes for a database that another process holds. */
const BUSY_CODES = new Set([5, 6]);

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
    body_hash TEXT NOT NULL,
    chain TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX transitions_by_id ON transitions (id, number);
  CREATE TABLE signatures (
    hash TEXT PRIMARY KEY,
    entry_id TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    call_hash TEXT NOT NULL,
    raw TEXT NOT NULL
  ) STRICT;
  CREATE INDEX signatures_by_entry ON signatures (entry_id);
  CREATE TABLE sequences (stream TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
  CREATE TABLE receipts (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL) STRICT;
  CREATE TABLE probe (id INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
`;

/** Made at any start: a journal without it is slower, and nothing else. */
const TIME_INDEX = "CREATE INDEX IF NOT EXISTS entries_by_time ON entries (updated_at_ms)";

/**
 * Journal in `<dataDir>/<agent>.sqlite`. Every write is one transaction that has reached the disk when
 * the call returns (`synchronous = FULL`), and one link of a hash chain that is checked here. The file
 * is locked: a second process is refused.
 *
 * @throws {FatalError} `journal-locked` if another process has it open, `journal-version` if another
 * version of the program wrote it, `journal-corrupt` if it is damaged, altered or lost its tail.
 */
export function sqliteJournal(o: { readonly dataDir: string; readonly agent: string }): Journal {
  mkdirSync(o.dataDir, { recursive: true, mode: 0o700 });
  const path = join(o.dataDir, `${o.agent}.sqlite`);
  const { database, chain } = openDatabase(path);
  return {
    ...journalEntries(database, chain),
    ...journalStreams(database),
    ...journalPruning(database, chain),
    close: () => {
      database.close();
      chain.close();
    },
  };
}

function openDatabase(path: string): { database: DatabaseSync; chain: Chain } {
  const database = new DatabaseSync(path);
  try {
    database.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    );
    database.exec("BEGIN IMMEDIATE");
    createSchema(database, path);
    database.exec("COMMIT");
    return { database, chain: openChain(database, path) };
  } catch (error) {
    database.close();
    throw error instanceof FatalError ? error : openFailure(error, path);
  }
}

function openFailure(error: unknown, path: string): FatalError {
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : null;
  if (code !== null && !BUSY_CODES.has(code & 0xff))
    return corruptJournal(path, `SQLite cannot read it (${reason})`);
  return new FatalError(
    "journal-locked",
    `Journal ${path}: ${reason}; one process at a time may own it.`,
    { cause: error },
  );
}

function createSchema(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version === SCHEMA_VERSION) {
    database.exec(TIME_INDEX);
    return;
  }
  if (version !== 0 && (version < OLDEST_VERSION || version > SCHEMA_VERSION)) {
    throw new FatalError(
      "journal-version",
      `Journal ${path}: found version ${version}; this program writes ${SCHEMA_VERSION}.`,
    );
  }
  if (version === 0) database.exec(SCHEMA);
  if (version < VERSION_OF_RACES) database.exec(RACES_SCHEMA);
  database.exec(PRUNED_SCHEMA);
  database.exec(TIME_INDEX);
  database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}
