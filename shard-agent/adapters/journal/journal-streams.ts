import type { DatabaseSync } from "node:sqlite";

/** A trial write waits for the disk, so it is made when nobody waits for it. */
const PROBE_AFTER_MS = 100;

/** Sequence numbers, waiting receipts and the trial write of a journal. */
export function journalStreams(database: DatabaseSync) {
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
  const canWrite = (): boolean => {
    try {
      probe.run();
      return true;
    } catch {
      return false;
    }
  };
  let isWritable: boolean | null = null;
  let isAsked = false;
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
      isWritable ??= canWrite();
      if (!isAsked) {
        isAsked = true;
        const again = () => {
          isAsked = false;
          isWritable = canWrite();
        };
        setTimeout(again, PROBE_AFTER_MS).unref();
      }
      return isWritable;
    },
  };
}
