import type { DatabaseSync } from "node:sqlite";
import type { Chain } from "#shard-agent/adapters/journal/journal-chain.ts";
import { entryOf } from "#shard-agent/adapters/journal/journal-codec.ts";
import {
  PRUNED_ID,
  type PrunedRow,
  prunedHash,
  prunedRow,
  writePrunedRow,
} from "#shard-agent/adapters/journal/pruned-row.ts";
import {
  isPrunable,
  type PruneOrder,
  type PruneOutcome,
} from "#shard-agent/records/pruned-entries.ts";
import { sha256 } from "#shared/node/hash-chain.ts";
import { DAY_MS } from "#shared/units/time.ts";

/** Links dropped in one transaction: nothing else runs meanwhile. */
const LINKS_MAX = 500;
const UNFINISHED_NONCE =
  "SELECT min(nonce) AS nonce FROM entries WHERE state IN ('received', 'checked', 'signed', 'broadcast', 'included')";

/**
 * Drops old entries with their signatures, and the links of the chain up to the first one that is young. An entry that
 * stays behind dropped links is linked anew; the hash of the last dropped link is where the chain is checked from. All of
 * it is one transaction, and the newest link, which the mark names, is never dropped.
 */
export function journalPruning(database: DatabaseSync, chain: Chain) {
  let untilSeconds = prunedRow(database)?.untilSeconds ?? 0;
  return {
    prunedUntilSeconds: () => untilSeconds,
    prune: (order: PruneOrder): PruneOutcome => {
      const range = rangeOf(database, order);
      if (range === undefined) return { entries: 0, links: 0, isMore: false };
      let entries = 0;
      const links = range.last - range.first + 1;
      const before = prunedRow(database);
      const end = { until: untilSeconds };
      chain.commit(() => {
        entries = dropEntries(database, chain, { ...order, last: range.last });
        if (entries > 0) end.until = Math.max(untilSeconds, order.untilSeconds);
        const { chain: hash } = database
          .prepare("SELECT chain FROM transitions WHERE number = ?")
          .get(range.last) as { chain: string };
        const row: PrunedRow = {
          number: range.last,
          hash,
          untilSeconds: end.until,
          entries: (before?.entries ?? 0) + entries,
          links: (before?.links ?? 0) + links,
        };
        writePrunedRow(database, row);
        database.prepare("DELETE FROM transitions WHERE number <= ?").run(range.last);
        const link = { id: PRUNED_ID, from: null, state: "pruned", transactionHash: null } as const;
        chain.append({ ...link, bodyHash: prunedHash(row), atMs: order.nowMs });
      });
      untilSeconds = end.until;
      return { entries, links, isMore: links === LINKS_MAX };
    },
  };
}

/** The links to drop; undefined when there are none but the newest, or none that is old. */
function rangeOf(
  database: DatabaseSync,
  { untilSeconds, nowMs }: PruneOrder,
): { readonly first: number; readonly last: number } | undefined {
  const ends = database
    .prepare("SELECT min(number) AS first, max(number) AS last FROM transitions")
    .get();
  const [first, newest] = [ends?.["first"], ends?.["last"]];
  if (typeof first !== "number" || typeof newest !== "number") return undefined;
  // What a clock that ran ahead once has dated is not young for as long as it ran ahead.
  const young = database
    .prepare(
      "SELECT number FROM transitions WHERE at_ms >= ? AND at_ms <= ? ORDER BY number LIMIT 1",
    )
    .get(untilSeconds * 1000, nowMs + DAY_MS);
  const beforeYoung = Number(young?.["number"] ?? newest) - 1;
  const last = Math.min(beforeYoung, newest - 1, first + LINKS_MAX - 1);
  return last < first ? undefined : { first, last };
}

/** Drops what may go among the entries whose newest link is dropped, and links the others anew. */
function dropEntries(
  database: DatabaseSync,
  chain: Chain,
  o: PruneOrder & { readonly last: number },
): number {
  const lowest = database.prepare(UNFINISHED_NONCE).get()?.["nonce"];
  const lowestNonce = typeof lowest === "number" ? lowest : undefined;
  const untold = untoldIds(database);
  const dropEntry = database.prepare("DELETE FROM entries WHERE id = ?");
  const dropSignatures = database.prepare("DELETE FROM signatures WHERE entry_id = ?");
  const rows = database
    .prepare(
      `SELECT e.id, e.body FROM entries e WHERE e.id IN (SELECT DISTINCT id FROM transitions WHERE number <= :last)
       AND (SELECT max(number) FROM transitions t WHERE t.id = e.id) <= :last`,
    )
    .all({ last: o.last });
  let dropped = 0;
  for (const row of rows) {
    const entry = entryOf(row);
    if (entry === undefined) continue;
    const { id, state, transaction } = entry;
    if (isPrunable(entry, o, lowestNonce) && !untold.has(id)) {
      dropEntry.run(id);
      dropSignatures.run(id);
      dropped += 1;
      continue;
    }
    const link = { id, from: state, state, transactionHash: transaction?.hash ?? null };
    chain.append({ ...link, bodyHash: sha256(String(row["body"])), atMs: o.nowMs });
  }
  database.prepare("DELETE FROM lost_races WHERE at_ms < ?").run(o.untilSeconds * 1000);
  return dropped;
}

/** Jobs of which a receipt waits still: the coordinator has not been told. */
function untoldIds(database: DatabaseSync): ReadonlySet<string> {
  const rows = database
    .prepare("SELECT DISTINCT json_extract(body, '$.jobId') AS id FROM receipts")
    .all();
  return new Set(rows.map((row) => String(row["id"])));
}
