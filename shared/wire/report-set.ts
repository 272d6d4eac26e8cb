import { createHash } from "node:crypto";
import type { Hex } from "#shared/units/ids.ts";

/** What of one report enters the hash of a report set. */
export type ReportRef = {
  readonly shard: string;
  readonly agent: string;
  readonly seq: number;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly blockTimestampMs: number;
};

/**
 * Hash that ties a plan and its mandates to the reports it was made from: SHA-256 of the canonical
 * JSON of the references, ordered by shard, then agent. Independent of the order given.
 */
export function reportSetHash(refs: readonly ReportRef[]): Hex {
  const ordered = [...refs]
    .map((r) => [r.shard, r.agent, r.seq, r.blockNumber, r.blockHash, r.blockTimestampMs] as const)
    .sort((x, y) => (x[0] < y[0] ? -1 : x[0] > y[0] ? 1 : x[1] < y[1] ? -1 : x[1] > y[1] ? 1 : 0));
  return `0x${createHash("sha256").update(JSON.stringify(ordered)).digest("hex")}`;
}
