import type { Hex } from "viem";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";

/** What became of the mandates on chain. */
export type JobConsumption = {
  readonly consumed: number;
  /** Job ids the vaults consumed more than once, on one chain or over several. */
  readonly repeated: readonly Hex[];
  /** Reverted transactions whose job id was consumed by another transaction: replays, by the vault's reason. */
  readonly replaysReverted: number;
  readonly replayReasons: Readonly<Record<string, number>>;
  /** Reverted transactions to a vault that were no replay, by the vault's reason. */
  readonly otherReverted: number;
  readonly otherReasons: Readonly<Record<string, number>>;
};

/** Counts consumptions and reverted attempts over all chains. */
export function jobConsumption(histories: readonly ChainHistory[]): JobConsumption {
  const counts = new Map<Hex, number>();
  for (const { jobId } of histories.flatMap((h) => h.consumed))
    counts.set(jobId, (counts.get(jobId) ?? 0) + 1);
  const reverted = histories.flatMap((h) => h.reverted);
  const isReplay = (jobId: Hex | null) => jobId !== null && counts.has(jobId);
  const replays = reverted.filter((r) => isReplay(r.jobId));
  const others = reverted.filter((r) => !isReplay(r.jobId));
  return {
    consumed: histories.reduce((sum, h) => sum + h.consumed.length, 0),
    repeated: [...counts].filter(([, count]) => count > 1).map(([jobId]) => jobId),
    replaysReverted: replays.length,
    replayReasons: countBy(replays.map((r) => r.reason)),
    otherReverted: others.length,
    otherReasons: countBy(others.map((r) => r.reason)),
  };
}

/** How often each key occurs. */
export function countBy(keys: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}
