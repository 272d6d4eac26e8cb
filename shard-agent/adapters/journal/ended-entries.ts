import type { DatabaseSync } from "node:sqlite";
import { entryOf } from "#shard-agent/adapters/journal/journal-codec.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { highestEnded } from "#shard-agent/records/journal-entry.ts";

/** So many of the newest entries hold the one that ended last. */
const NEWEST = 64;

/** What ended in a final block, as Journal.endedIn says. */
export function endedEntries(database: DatabaseSync): Journal["endedIn"] {
  const newest = database.prepare(
    `SELECT body FROM entries WHERE state IN ('final', 'reverted') ORDER BY rowid DESC LIMIT ${NEWEST}`,
  );
  return (upToBlock) => {
    const entries = newest.all().flatMap((row) => entryOf(row) ?? []);
    return highestEnded(entries, upToBlock);
  };
}
