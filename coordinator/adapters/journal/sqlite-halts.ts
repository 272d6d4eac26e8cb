import type { DatabaseSync } from "node:sqlite";
import type { Audit } from "#coordinator/adapters/journal/audit-chain.ts";
import type { HaltJournal } from "#coordinator/ports/journal.ts";

/** Every halt and resume a person ordered; the newest one decides. */
export function sqliteHalts(db: DatabaseSync, audit: Audit): HaltJournal {
  const insert = db.prepare("INSERT INTO halts (kind, reason, at_ms) VALUES (?, ?, ?)");
  const newest = db.prepare("SELECT kind, reason, at_ms FROM halts ORDER BY number DESC LIMIT 1");
  const order = (kind: "halt" | "resume", reason: string, atMs: number): void => {
    audit.commit(() => {
      const subject = String(insert.run(kind, reason, atMs).lastInsertRowid);
      audit.append({
        kind: "order",
        subject,
        detail: kind,
        body: `${kind} ${reason} ${atMs}`,
        atMs,
      });
    });
  };
  return {
    current: () => {
      const row = newest.get();
      if (row?.["kind"] !== "halt") return undefined;
      return { reason: String(row["reason"]), atMs: Number(row["at_ms"]) };
    },
    halt: ({ reason, atMs }) => order("halt", reason, atMs),
    resume: ({ reason, atMs }) => order("resume", reason, atMs),
  };
}
