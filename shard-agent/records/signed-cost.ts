import {
  isTerminal,
  type JournalEntry,
  transactionsOf,
} from "#shard-agent/records/journal-entry.ts";

/** What one nonce costs: what it did cost once a block has it, until then the most that it may. */
export type SignedCost = {
  readonly nonce: number;
  /** Gas and coins. */
  readonly costWei: bigint;
  /** When the journal last wrote it down. */
  readonly atMs: number;
};

/** Null of an entry for which nothing is signed, or whose nonce went to another for good. */
export function signedCostOf(entry: JournalEntry): SignedCost | null {
  const { transaction, inclusion, nativeFeeWei, updatedAtMs: atMs, state } = entry;
  if (transaction === null) return null;
  const { nonce } = transaction;
  if (inclusion !== null) {
    const coinsWei = inclusion.succeeded ? nativeFeeWei : 0n;
    return { nonce, costWei: inclusion.gasCostWei + coinsWei, atMs };
  }
  if (isTerminal(state)) return null;
  let gasWei = 0n;
  for (const { gasLimit, maxFeePerGasWei } of transactionsOf(entry)) {
    const mostWei = gasLimit * maxFeePerGasWei;
    if (mostWei > gasWei) gasWei = mostWei;
  }
  return { nonce, costWei: gasWei + nativeFeeWei, atMs };
}
