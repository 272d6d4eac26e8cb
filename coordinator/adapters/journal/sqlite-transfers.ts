import type { DatabaseSync } from "node:sqlite";
import type { TransferJournal } from "#coordinator/ports/journal.ts";
import {
  type TransferRecord,
  transferRecordSchema,
} from "#coordinator/records/jobs/transfer-record.ts";
import type { TransferState } from "#shared/wire/transfer-line.ts";

/** Cross-chain messages, one row each with their newest record. */
export function sqliteTransfers(db: DatabaseSync): TransferJournal {
  const upsert = db.prepare(`INSERT INTO transfers (guid, state, closed, body) VALUES (?, ?, ?, ?)
    ON CONFLICT (guid) DO UPDATE SET state = excluded.state, closed = excluded.closed, body = excluded.body`);
  const open = db.prepare("SELECT body FROM transfers WHERE closed = 0 ORDER BY number");
  const one = db.prepare("SELECT body FROM transfers WHERE guid = ?");
  const having = db.prepare(
    "SELECT body FROM transfers WHERE instr(body, ?) > 0 ORDER BY number DESC LIMIT 1",
  );
  const newest = db.prepare("SELECT body FROM transfers ORDER BY number DESC LIMIT ?");
  const newestOfState = db.prepare(
    "SELECT body FROM transfers WHERE state = ? ORDER BY number DESC LIMIT ?",
  );
  const counts = db.prepare("SELECT state, COUNT(*) AS count FROM transfers GROUP BY state");
  return {
    update: (record) => {
      const { guid, state, isClosed } = record;
      upsert.run(guid, state, isClosed ? 1 : 0, JSON.stringify(record));
    },
    open: () => open.all().map(recordOf),
    find: (guid) => {
      const row = one.get(guid);
      return row === undefined ? undefined : recordOf(row);
    },
    ofRecovery: (recoveryId) => {
      const row = having.get(`"recoveryId":${JSON.stringify(recoveryId)}`);
      return row === undefined ? undefined : recordOf(row);
    },
    list: ({ limit, state }) =>
      (state === undefined ? newest.all(limit) : newestOfState.all(state, limit)).map(recordOf),
    countByState: () => {
      const pairs = counts.all().map((row) => [row["state"], Number(row["count"])]);
      return Object.fromEntries(pairs) as Partial<Record<TransferState, number>>;
    },
  };
}

function recordOf(row: Record<string, unknown>): TransferRecord {
  return transferRecordSchema.parse(JSON.parse(String(row["body"])));
}
