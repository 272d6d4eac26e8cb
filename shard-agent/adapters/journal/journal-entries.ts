import type { DatabaseSync } from "node:sqlite";
import { endedEntries } from "#shard-agent/adapters/journal/ended-entries.ts";
import type { Chain } from "#shard-agent/adapters/journal/journal-chain.ts";
import { encodeEntry, entryOf } from "#shard-agent/adapters/journal/journal-codec.ts";
import { journalRaces } from "#shard-agent/adapters/journal/journal-races.ts";
import type { JournalEntry, JournalState } from "#shard-agent/records/journal-entry.ts";
import { signedCostOf } from "#shard-agent/records/signed-cost.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import { FatalError } from "#shared/errors.ts";
import { sha256 } from "#shared/node/hash-chain.ts";

const PREFIX_LIMIT = 64;
const UNFINISHED = "state IN ('received', 'checked', 'signed', 'broadcast', 'included')";
const UNMINED = "state IN ('signed', 'broadcast')";
const OPEN = "state IN ('signed', 'broadcast', 'included')";

/** Entries of a journal; every change is one transaction, one link of the chain, and on disk. */
export function journalEntries(database: DatabaseSync, chain: Chain) {
  const select = database.prepare("SELECT body FROM entries WHERE id = ?");
  const insert = database.prepare(
    "INSERT INTO entries (id, kind, state, nonce, transaction_hash, body, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const update = database.prepare(
    "UPDATE entries SET state = ?, nonce = ?, transaction_hash = ?, body = ?, updated_at_ms = ? WHERE id = ? AND state = ?",
  );
  const queue = database.prepare("INSERT INTO receipts (body) VALUES (?)");
  const races = journalRaces(database);
  const sign = signatureTable(database);
  const link = (entry: JournalEntry, from: JournalState | null, body: string) =>
    chain.append({
      id: entry.id,
      from,
      state: entry.state,
      transactionHash: entry.transaction?.hash ?? null,
      bodyHash: sha256(body),
      atMs: entry.updatedAtMs,
    });
  return {
    get: (id: string) => entryOf(select.get(id)),
    insert: (entry: JournalEntry) =>
      chain.commit(() => {
        if (select.get(entry.id) !== undefined) {
          throw new FatalError("journal-duplicate", `Journal entry ${entry.id} exists already.`);
        }
        const { id, kind, state, transaction, updatedAtMs } = entry;
        const body = encodeEntry(entry);
        const { nonce: number = null, hash = null } = transaction ?? {};
        insert.run(id, kind, state, number, hash, body, updatedAtMs);
        sign(entry);
        link(entry, null, body);
      }),
    replace: (entry: JournalEntry, from: JournalState, receipt?: UnnumberedReceipt | null) =>
      chain.commit(() => {
        const { state, transaction, updatedAtMs, id } = entry;
        const body = encodeEntry(entry);
        const { nonce: number = null, hash = null } = transaction ?? {};
        const { changes } = update.run(state, number, hash, body, updatedAtMs, id, from);
        if (changes !== 1)
          throw new FatalError("journal-conflict", `Journal entry ${id} is not in state ${from}.`);
        sign(entry);
        link(entry, from, body);
        if (receipt === undefined || receipt === null) return;
        queue.run(JSON.stringify(receipt));
        races.note(receipt);
      }),
    lostRaces: races.since,
    ...entryLists(database),
  };
}

/** Entries as they are asked for together. */
function entryLists(database: DatabaseSync) {
  const unfinished = database.prepare(
    `SELECT body FROM entries WHERE ${UNFINISHED} ORDER BY nonce IS NULL, nonce, rowid`,
  );
  const prefixed = database.prepare(
    // Refused ones cost nothing and bound nothing: whoever writes into the queue could fill the list with them.
    `SELECT body FROM entries WHERE substr(id, 1, length(?)) = ? AND state <> 'refused' ORDER BY rowid DESC LIMIT ${PREFIX_LIMIT}`,
  );
  const costly = database.prepare(
    `SELECT body FROM entries WHERE nonce IS NOT NULL AND (updated_at_ms > ? OR ${UNMINED})`,
  );
  const nonce = database.prepare(`SELECT max(nonce) AS nonce FROM entries WHERE ${OPEN}`);
  return {
    signedCosts: (sinceMs: number) =>
      costly.all(sinceMs).flatMap((row) => {
        const entry = entryOf(row);
        return (entry && signedCostOf(entry)) ?? [];
      }),
    unfinished: () => unfinished.all().flatMap((row) => entryOf(row) ?? []),
    withPrefix: (prefix: string) =>
      prefixed.all(prefix, prefix).flatMap((row) => entryOf(row) ?? []),
    endedIn: endedEntries(database),
    nextNonce: () => {
      const highest = nonce.get()?.["nonce"];
      return typeof highest === "number" ? highest + 1 : 0;
    },
  };
}

/**
 * Remembers every transaction ever signed. An entry signs one call with one nonce, at whatever fees;
 * two entries share a nonce only when one of them cancels the other, or when the other has ended.
 */
function signatureTable(database: DatabaseSync): (entry: JournalEntry) => void {
  const known = database.prepare("SELECT entry_id FROM signatures WHERE hash = ?");
  const other = database.prepare(
    "SELECT hash, nonce, call_hash FROM signatures WHERE entry_id = ? AND (nonce <> ? OR call_hash <> ?) LIMIT 1",
  );
  const rival = database.prepare(
    `SELECT e.id FROM entries e WHERE e.nonce = ? AND e.id <> ? AND e.kind <> 'cancel' AND ${OPEN} LIMIT 1`,
  );
  const insert = database.prepare(
    "INSERT INTO signatures (hash, entry_id, nonce, call_hash, raw) VALUES (?, ?, ?, ?, ?)",
  );
  return ({ id, kind, transaction }) => {
    if (transaction === null) return;
    const { hash, nonce, callHash, raw } = transaction;
    const owner = known.get(hash)?.["entry_id"];
    if (owner === id) return;
    const conflict =
      owner ?? other.get(id, nonce, callHash)?.["hash"] ?? rivalOf(kind, rival.get(nonce, id));
    if (conflict !== undefined) {
      throw new FatalError(
        "journal-signed-twice",
        `Journal entry ${id}: transaction ${hash} with nonce ${nonce} contradicts ${String(conflict)}; it is not sent.`,
      );
    }
    insert.run(hash, id, nonce, callHash, raw);
  };
}

function rivalOf(kind: JournalEntry["kind"], row: Record<string, unknown> | undefined): unknown {
  return kind === "cancel" ? undefined : row?.["id"];
}
