import type { DatabaseSync } from "node:sqlite";
import { inTransaction } from "#coordinator/adapters/journal/sqlite-transaction.ts";
import type { SafetyJournal } from "#coordinator/ports/journal.ts";
import {
  NEW_SAFETY,
  type SafetyEvent,
  safetyEventSchema,
  safetyMemorySchema,
} from "#coordinator/records/safety/safety-memory.ts";
import { type ProvedReport, provedReportSchema } from "#coordinator/records/safety/shard-trust.ts";

/** One row with all that is remembered of safety, and every event that changed it. */
export function sqliteSafety(db: DatabaseSync): SafetyJournal {
  const read = db.prepare("SELECT body FROM safety WHERE id = 1");
  const write = db.prepare(
    "INSERT INTO safety (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
  );
  const append = db.prepare("INSERT INTO safety_events (at_ms, body) VALUES (?, ?)");
  const proofs = db.prepare("SELECT body FROM proved_books ORDER BY shard");
  const keep = db.prepare(
    "INSERT INTO proved_books (shard, body) VALUES (?, ?) ON CONFLICT (shard) DO UPDATE SET body = excluded.body",
  );
  const newest = db.prepare("SELECT body FROM safety_events ORDER BY number DESC LIMIT ?");
  return {
    load: () => {
      const row = read.get();
      return row === undefined ? { readable: true, memory: NEW_SAFETY } : parsed(row["body"]);
    },
    save: (memory, events) => {
      inTransaction(db, () => {
        write.run(JSON.stringify(memory));
        for (const event of events) append.run(event.atMs, JSON.stringify(event));
      });
    },
    proofs: () =>
      proofs.all().flatMap((row): ProvedReport[] => {
        const proof = provedReportSchema.safeParse(JSON.parse(String(row["body"])));
        return proof.success ? [proof.data] : [];
      }),
    keepProof: (proof) => void keep.run(proof.entry.report.shard, JSON.stringify(proof)),
    events: (limit) =>
      newest.all(limit).flatMap((row): SafetyEvent[] => {
        const event = safetyEventSchema.safeParse(JSON.parse(String(row["body"])));
        return event.success ? [event.data] : [];
      }),
  };
}

function parsed(body: unknown): ReturnType<SafetyJournal["load"]> {
  try {
    const result = safetyMemorySchema.safeParse(JSON.parse(String(body)));
    if (result.success) return { readable: true, memory: result.data };
    const [issue] = result.error.issues;
    return { readable: false, reason: `${issue?.path.join(".")}: ${issue?.message}` };
  } catch (error) {
    return { readable: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
