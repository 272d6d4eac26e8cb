import type { Journal } from "#shard-agent/ports/journal.ts";
import { isTerminal, type JournalEntry } from "#shard-agent/records/journal-entry.ts";
import { isPrunable } from "#shard-agent/records/pruned-entries.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";

/** As adapters/journal/journal-pruning.ts: takes what may go out of `entries`, and keeps it for the checks. */
export function memoryPruning(
  entries: Map<string, JournalEntry>,
  receipts: ReadonlyMap<number, UnnumberedReceipt>,
): Pick<Journal, "prune" | "prunedUntilSeconds"> & { readonly dropped: readonly JournalEntry[] } {
  const dropped: JournalEntry[] = [];
  let untilSeconds = 0;
  return {
    dropped,
    prunedUntilSeconds: () => untilSeconds,
    prune: (order) => {
      const nonces = [...entries.values()].flatMap(({ state, transaction }) => {
        return isTerminal(state) || transaction === null ? [] : [transaction.nonce];
      });
      const lowest = nonces.length === 0 ? undefined : Math.min(...nonces);
      const untold = new Set<string>([...receipts.values()].map(({ jobId }) => jobId));
      const old = [...entries.values()].filter((entry) => {
        const isOld = entry.updatedAtMs < order.untilSeconds * 1000;
        return isOld && isPrunable(entry, order, lowest) && !untold.has(entry.id);
      });
      for (const { id } of old) entries.delete(id);
      dropped.push(...old);
      if (old.length > 0) untilSeconds = Math.max(untilSeconds, order.untilSeconds);
      return { entries: old.length, links: old.length, isMore: false };
    },
  };
}
