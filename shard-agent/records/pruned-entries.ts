import { isTerminal, type JournalEntry } from "#shard-agent/records/journal-entry.ts";

/** What a journal is to drop. */
export type PruneOrder = {
  /** Unix second: what has ended after it stays. By the time of a final block, so that no clock of ours decides. */
  readonly untilSeconds: number;
  readonly nowMs: number;
};

/** What a journal has dropped. */
export type PruneOutcome = {
  readonly entries: number;
  readonly links: number;
  /** True when there was more to drop than is dropped at once. */
  readonly isMore: boolean;
};

/**
 * True of an entry that nothing can come back to: it ended, its deadline and its block are old, and no unfinished entry has
 * its nonce or a lower one. A job or a recovery that comes again is refused by its deadline alone
 * (`Journal.prunedUntilSeconds`), a nonce is freed once, and a settled series is gone from the chain. Attempts at what does
 * not succeed bound further ones for as long as they are kept.
 *
 * @param lowestNonce Of the unfinished entries; undefined when none of them has one.
 */
export function isPrunable(
  entry: JournalEntry,
  { untilSeconds }: Pick<PruneOrder, "untilSeconds">,
  lowestNonce: number | undefined,
): boolean {
  const { state, deadlineSeconds, inclusion, transaction } = entry;
  if (!isTerminal(state) || deadlineSeconds > untilSeconds) return false;
  if (inclusion !== null && inclusion.blockTimestampMs > untilSeconds * 1000) return false;
  return transaction === null || lowestNonce === undefined || transaction.nonce < lowestNonce;
}
