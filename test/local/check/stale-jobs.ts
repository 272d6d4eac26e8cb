import { createHash } from "node:crypto";
import type { Hex } from "viem";
import type { ChainHistory, MandateConsumed } from "#test/local/check/accounts/chain-history.ts";
import type { JobAnswer, ReportReference } from "#test/local/observe/admin-api.ts";

/** A block as its chain has it, or null when the chain has no such block. */
export type KnownBlock = { readonly number: number; readonly timestampMs: number } | null;

/**
 * Jobs that were executed on a stale report or on one that cannot be proved: each entry names the
 * job and the fault. Empty when every consumed job's report set hashes to what the vault recorded,
 * every block in it exists as reported, and inclusion came in time.
 *
 * @param blockOf Looks a block up by shard and hash.
 * @throws {Error} What `blockOf` throws.
 */
export async function staleJobFaults(o: {
  readonly histories: readonly ChainHistory[];
  readonly jobs: readonly JobAnswer[];
  readonly staleAfterMs: ReadonlyMap<string, number>;
  readonly blockOf: (shard: string, hash: Hex) => Promise<KnownBlock>;
}): Promise<string[]> {
  const jobs = new Map(o.jobs.map((job) => [job.jobId, job]));
  const faults: string[] = [];
  for (const history of o.histories) {
    for (const consumed of history.consumed) {
      const name = `${history.shard} job ${consumed.jobId}`;
      const job = jobs.get(consumed.jobId);
      if (job === undefined) faults.push(`${name}: the coordinator has no record of it`);
      else faults.push(...(await faultsOf(job, consumed, o)).map((fault) => `${name}: ${fault}`));
    }
  }
  return faults;
}

/** SHA-256 of the references as JSON arrays in a fixed field order, by shard, then agent. */
export function hashOfReports(refs: readonly ReportReference[]): Hex {
  const compare = (x: string, y: string) => (x === y ? 0 : x < y ? -1 : 1);
  const sorted = refs.toSorted((x, y) => compare(x.shard, y.shard) || compare(x.agent, y.agent));
  const rows = sorted.map((r) => [
    r.shard,
    r.agent,
    r.seq,
    r.blockNumber,
    r.blockHash,
    r.blockTimestampMs,
  ]);
  return `0x${createHash("sha256").update(JSON.stringify(rows)).digest("hex")}`;
}

async function faultsOf(
  job: JobAnswer,
  consumed: MandateConsumed,
  o: {
    readonly staleAfterMs: ReadonlyMap<string, number>;
    readonly blockOf: (shard: string, hash: Hex) => Promise<KnownBlock>;
  },
): Promise<string[]> {
  if (job.reportSet.length === 0) return ["its report set is empty"];
  const faults: string[] = [];
  const hash = hashOfReports(job.reportSet);
  if (hash !== consumed.reportSetHash) {
    faults.push(`report set hashes to ${hash}, the vault recorded ${consumed.reportSetHash}`);
  }
  for (const ref of job.reportSet) {
    const block = await o.blockOf(ref.shard, ref.blockHash);
    const isSame =
      block !== null &&
      block.number === ref.blockNumber &&
      block.timestampMs === ref.blockTimestampMs;
    if (!isSame)
      faults.push(
        `report of ${ref.shard} names block ${ref.blockNumber} ${ref.blockHash}, not on its chain`,
      );
    const limitMs = o.staleAfterMs.get(ref.shard);
    if (limitMs === undefined)
      faults.push(`report of ${ref.shard}, which is no shard of the world`);
    else if (consumed.blockTimestampMs > ref.blockTimestampMs + limitMs) {
      const ageMs = consumed.blockTimestampMs - ref.blockTimestampMs;
      faults.push(
        `included on a report of ${ref.shard} that was ${ageMs} ms old; the limit is ${limitMs} ms`,
      );
    }
  }
  return faults;
}
