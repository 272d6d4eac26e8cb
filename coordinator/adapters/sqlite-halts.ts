import type { DatabaseSync } from "node:sqlite";
import type { HaltJournal } from "#coordinator/ports/journal.ts";

/** Every halt and resume a person ordered; the newest one decides. */
export function sqliteHalts(db: DatabaseSync): HaltJournal {
  const insert = db.prepare("INSERT INTO halts (kind, reason, at_ms) VALUES (?, ?, ?)");
  const newest = db.prepare("SELECT kind, reason, at_ms FROM halts ORDER BY number DESC LIMIT 1");
  return {
    current: () => {
      const row = newest.get();
      if (row?.["kind"] !== "halt") return undefined;
      return { reason: String(row["reason"]), atMs: Number(row["at_ms"]) };
    },
    halt: ({ reason, atMs }) => void insert.run("halt", reason, atMs),
    resume: ({ reason, atMs }) => void insert.run("resume", reason, atMs),
  };
}
