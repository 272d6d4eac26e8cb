import type { DatabaseSync } from "node:sqlite";
import type { LostRaces } from "#shard-agent/records/lost-races.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import { isLostRace } from "#shared/wire/job-receipt.ts";

/** What version 3 of the journal's tables has beyond version 2. */
export const RACES_SCHEMA = `
  CREATE TABLE lost_races (
    job_id TEXT PRIMARY KEY,
    gas_cost_wei TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX lost_races_by_time ON lost_races (at_ms);
`;

/** Lost races of a journal. */
export function journalRaces(database: DatabaseSync) {
  const upsert = database.prepare(
    "INSERT INTO lost_races (job_id, gas_cost_wei, at_ms) VALUES (?, ?, ?) ON CONFLICT (job_id) DO UPDATE SET gas_cost_wei = excluded.gas_cost_wei, at_ms = excluded.at_ms",
  );
  const drop = database.prepare("DELETE FROM lost_races WHERE job_id = ?");
  const since = database.prepare("SELECT gas_cost_wei FROM lost_races WHERE at_ms > ?");
  return {
    /** The newest receipt of a job decides: a reorganisation may turn a lost race into a won one. */
    note: (receipt: UnnumberedReceipt): void => {
      const { jobId, gasCostWei, atMs } = receipt;
      if (isLostRace(receipt)) upsert.run(jobId, gasCostWei, atMs);
      else drop.run(jobId);
    },
    since: (sinceMs: number): LostRaces => {
      const costs = since.all(sinceMs).map((row) => BigInt(String(row["gas_cost_wei"])));
      return { count: costs.length, gasCostWei: costs.reduce((sum, one) => sum + one, 0n) };
    },
  };
}
