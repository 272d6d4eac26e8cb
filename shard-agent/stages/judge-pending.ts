import type { JournalEntry, SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";

const STUCK_BLOCKS = 2;
const STUCK_MIN_MS = 2_000;

/**
 * What to do with a transaction that no block holds. `cancel`: no later block can be in time, so its
 * nonce is to be freed. `replace`: it cannot be mined at this base fee. `replace-if-kept`: it has been
 * out for two blocks (at least 2 s) in vain; replace it if the node still has it. `resend`: the same
 * bytes again.
 */
export type PendingAction = "cancel" | "replace" | "replace-if-kept" | "resend";

/** Judges a pending transaction at a head; a cancel is never cancelled itself. */
export function judgePending(
  entry: JournalEntry & { readonly transaction: SignedTransaction },
  head: BlockHeader,
  scope: Pick<ShardScope, "blockTimeMs">,
): PendingAction {
  const isLate = head.timestampMs + scope.blockTimeMs > entry.deadlineSeconds * 1000;
  if (entry.kind !== "cancel" && isLate) return "cancel";
  if (entry.transaction.maxFeePerGasWei < head.baseFeeWei) return "replace";
  const stuckAfterMs = Math.max(STUCK_MIN_MS, STUCK_BLOCKS * scope.blockTimeMs);
  return head.timestampMs - entry.pendingSinceMs >= stuckAfterMs ? "replace-if-kept" : "resend";
}
