import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { entryAgeMs } from "#coordinator/records/book-entry.ts";

/**
 * Longest wait for the other shards' reports after the first one of a round. Chains with like block
 * times report almost together; a pass between two of them would see one side of what happened on
 * both, and trade on the difference.
 */
const ROUND_WAIT_MS = 200;

/**
 * How long a pass may still wait after an accepted report: not at all once every shard that is not
 * stale has reported since the last pass.
 *
 * @param reported Shards with an accepted report since the last pass.
 */
export function roundWaitMs(
  state: CoordinatorState,
  reported: ReadonlySet<string>,
  nowMs: number,
): number {
  const isComplete = [...state.books].every(([shard, entry]) => {
    const staleAfterMs = state.setups.get(shard)?.staleAfterMs ?? 0;
    return reported.has(shard) || entryAgeMs(entry, nowMs) > staleAfterMs;
  });
  return isComplete ? 0 : ROUND_WAIT_MS;
}
