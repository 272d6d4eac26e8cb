import type { DatabaseSync } from "node:sqlite";
import { type ChainEnd, sha256 } from "#shared/node/hash-chain.ts";

/** What version 4 of the journal's tables has beyond version 3: where the chain begins, and what went before. */
export const PRUNED_SCHEMA = `
  CREATE TABLE pruned (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    chain TEXT NOT NULL,
    until_seconds INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    links INTEGER NOT NULL
  ) STRICT;
`;

/** The link that vouches for the table's one row; no entry has this id. */
export const PRUNED_ID = "pruned";
/** All that was ever dropped from a journal. */
export type PrunedRow = ChainEnd & {
  /** Entries with a later deadline were never dropped. */
  readonly untilSeconds: number;
  readonly entries: number;
  readonly links: number;
};

/** The row as it stands; undefined while nothing was dropped. */
export function prunedRow(database: DatabaseSync): PrunedRow | undefined {
  const row = database.prepare("SELECT * FROM pruned").get();
  if (row === undefined) return undefined;
  return {
    number: Number(row["number"]),
    hash: String(row["chain"]),
    untilSeconds: Number(row["until_seconds"]),
    entries: Number(row["entries"]),
    links: Number(row["links"]),
  };
}

/** Hash by which a link vouches for the row. */
export function prunedHash({ number, hash, untilSeconds, entries, links }: PrunedRow): string {
  return sha256(JSON.stringify([number, hash, untilSeconds, entries, links]));
}

/** Replaces the row. */
export function writePrunedRow(database: DatabaseSync, row: PrunedRow): void {
  database
    .prepare(
      `INSERT INTO pruned (id, number, chain, until_seconds, entries, links) VALUES (1, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET number = excluded.number, chain = excluded.chain,
       until_seconds = excluded.until_seconds, entries = excluded.entries, links = excluded.links`,
    )
    .run(row.number, row.hash, row.untilSeconds, row.entries, row.links);
}
