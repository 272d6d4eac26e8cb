import type { ReportRef } from "#shared/wire/report-set.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";

/** The newest accepted report of one shard. */
export type BookEntry = {
  readonly report: ShardReport;
  /** When it was accepted, by the coordinator's clock. */
  readonly acceptedAtMs: number;
};

/** What of an entry goes into the report set of a decision. */
export function reportRefOf(entry: BookEntry): ReportRef {
  const { report } = entry;
  return {
    shard: report.shard,
    agent: report.agent,
    seq: report.seq,
    blockNumber: report.block.number,
    blockHash: report.block.hash,
    blockTimestampMs: report.block.timestampMs,
  };
}

/** Age of what an entry says: now minus the timestamp of its block. Negative when the chain's clock is ahead. */
export function entryAgeMs(entry: BookEntry, nowMs: number): number {
  return nowMs - entry.report.block.timestampMs;
}
