import type { DatabaseSync } from "node:sqlite";
import { PRUNED_ID, prunedHash, prunedRow } from "#shard-agent/adapters/journal/pruned-row.ts";
import type { JournalState } from "#shard-agent/records/journal-entry.ts";
import { FatalError } from "#shared/errors.ts";
import {
  CHAIN_START,
  type ChainEnd,
  linkHash,
  openMark,
  readMark,
  sha256,
} from "#shared/node/hash-chain.ts";

type Link = {
  readonly id: string;
  readonly from: JournalState | null;
  readonly state: JournalState | "pruned";
  readonly transactionHash: string | null;
  /** SHA-256 of the entry as stored. */
  readonly bodyHash: string;
  readonly atMs: number;
};

/** The hash chain over everything the journal ever did, and the mark that tells how far it reached. */
export type Chain = {
  /** Only inside {@link Chain.commit}. */
  readonly append: (link: Link) => void;
  /** Runs `change` as one transaction that is on disk when the call returns. */
  readonly commit: (change: () => void) => void;
  readonly close: () => void;
};

/**
 * Opens the chain of a journal file and checks it: every link against the one before it, the stored
 * entries against their last links, and its end against the mark in `<file>.mark`, which a lost tail
 * leaves behind. SQLite itself drops a torn tail without a word.
 *
 * @throws {FatalError} `journal-corrupt` naming the file and what is wrong.
 */
export function openChain(database: DatabaseSync, path: string): Chain {
  checkPages(database, path);
  const end = checkLinks(database, path);
  checkPruned(database, path);
  checkEntries(database, path);
  const markPath = `${path}.mark`;
  checkMark(database, { path, markPath });
  return chainFrom(database, openMark(markPath), end);
}

function chainFrom(
  database: DatabaseSync,
  mark: ReturnType<typeof openMark>,
  end: ChainEnd,
): Chain {
  const insert = database.prepare(
    "INSERT INTO transitions (number, id, from_state, to_state, transaction_hash, body_hash, chain, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  let last = end;
  let next = end;
  return {
    append: ({ id, from, state, transactionHash: hash, bodyHash, atMs }) => {
      const number = next.number + 1;
      const chain = linkHash(next.hash, [number, id, from, state, hash, bodyHash, atMs]);
      insert.run(number, id, from, state, hash, bodyHash, chain, atMs);
      next = { number, hash: chain };
    },
    commit: (change) => {
      database.exec("BEGIN IMMEDIATE");
      try {
        change();
        database.exec("COMMIT");
      } catch (error) {
        next = last;
        database.exec("ROLLBACK");
        throw error;
      }
      last = next;
      mark.write(last);
    },
    close: mark.close,
  };
}

/** The error of a journal that cannot be trusted. */
export function corruptJournal(path: string, what: string): FatalError {
  return new FatalError(
    "journal-corrupt",
    `Journal ${path}: ${what}. Nothing is signed with it; keep the file, restore a backup or move it away after comparing it with the chain.`,
  );
}

function checkPages(database: DatabaseSync, path: string): void {
  const rows = database.prepare("PRAGMA quick_check(1)").all();
  const verdict = String(rows[0]?.["quick_check"] ?? "no answer");
  if (verdict !== "ok") throw corruptJournal(path, `the database is damaged (${verdict})`);
}

function checkLinks(database: DatabaseSync, path: string): ChainEnd {
  let last: ChainEnd = prunedRow(database) ?? CHAIN_START;
  for (const row of database.prepare("SELECT * FROM transitions ORDER BY number").iterate()) {
    const number = Number(row["number"]);
    const names = ["id", "from_state", "to_state", "transaction_hash", "body_hash", "at_ms"];
    const fields = names.map((name) => row[name] as string | number | null);
    const hash = linkHash(last.hash, [number, ...fields]);
    if (number !== last.number + 1 || hash !== row["chain"])
      throw corruptJournal(path, `link ${number} does not follow from link ${last.number}`);
    last = { number, hash };
  }
  return last;
}

/** What the journal says of what it has dropped must be what it once vouched for. */
function checkPruned(database: DatabaseSync, path: string): void {
  const row = prunedRow(database);
  const link = database
    .prepare("SELECT body_hash FROM transitions WHERE id = ? ORDER BY number DESC LIMIT 1")
    .get(PRUNED_ID);
  if (link?.["body_hash"] === (row && prunedHash(row))) return;
  throw corruptJournal(path, "what it says of its dropped entries was altered");
}

function checkEntries(database: DatabaseSync, path: string): void {
  const rows = database
    .prepare(
      `SELECT e.id, e.body, (SELECT t.body_hash FROM transitions t WHERE t.id = e.id ORDER BY t.number DESC LIMIT 1) AS hash
       FROM entries e`,
    )
    .iterate();
  for (const { id, body, hash } of rows) {
    if (sha256(String(body)) !== hash)
      throw corruptJournal(path, `entry ${String(id)} was altered`);
  }
  const gone = database
    .prepare(
      "SELECT id FROM transitions WHERE id <> ? AND id NOT IN (SELECT id FROM entries) LIMIT 1",
    )
    .get(PRUNED_ID);
  if (gone !== undefined) throw corruptJournal(path, `entry ${String(gone["id"])} was removed`);
}

function checkMark(database: DatabaseSync, o: { path: string; markPath: string }): void {
  const mark = readMark(o.markPath);
  if (mark === null) return;
  if (mark === "unreadable")
    throw corruptJournal(o.markPath, "the mark of the last write is unreadable");
  const { number, hash } = mark;
  const found = database.prepare("SELECT chain FROM transitions WHERE number = ?").get(number);
  if (found?.["chain"] === hash) return;
  throw corruptJournal(o.path, `its tail is lost: link ${number} was written and is not there`);
}
