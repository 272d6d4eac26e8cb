import type { RaceCount } from "#coordinator/records/jobs/race-count.ts";
import { isLostRace, type JobReceipt } from "#shared/wire/job-receipt.ts";

/** Several times what an agent's stream of receipts keeps: what came before cannot come again. */
const FATES_MAX = 1_024;

/**
 * Counts what one receipt tells of a race for its job. The newest receipt of a job's transaction decides: an agent tells the same
 * again when a reorganisation has moved its transaction or Redis took a receipt without saying so, and a race that was
 * lost in one block may be won in another. Receipts of sending and of refusals say nothing of a race. In whatever
 * order and however often receipts come, the count is the same.
 */
export function countRace(before: RaceCount, receipt: JobReceipt): RaceCount {
  const { jobId, seq, outcome } = receipt;
  if (outcome === "broadcast" || outcome === "refused") return before;
  const known = before.fates.get(jobId);
  if (known !== undefined && known.seq >= seq) return before;

  const lostWei = isLostRace(receipt) ? BigInt(receipt.gasCostWei) : null;
  const wasLostWei = known?.lostWei ?? null;
  const others = [...before.fates].filter(([id]) => id !== jobId);
  return {
    count: before.count + Number(lostWei !== null) - Number(wasLostWei !== null),
    gasCostWei: before.gasCostWei + (lostWei ?? 0n) - (wasLostWei ?? 0n),
    fates: new Map([...others.slice(1 - FATES_MAX), [jobId, { seq, lostWei }]]),
  };
}
