import type { JournalEntry, SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

/** A job of which one transaction was broadcast. */
export function aPendingEntry(
  change: Partial<JournalEntry> = {},
): JournalEntry & { readonly transaction: SignedTransaction } {
  return {
    id: hash32("01"),
    kind: "job",
    state: "broadcast",
    payload: "{}",
    deadlineSeconds: 1_790_000_005,
    replaced: [],
    pendingSinceMs: 1_790_000_000_000,
    gasFeeCapWei: 10n ** 16n,
    inclusion: null,
    nativeFeeWei: 0n,
    refusal: null,
    updatedAtMs: 1,
    ...change,
    transaction: change.transaction ?? aSignedTransaction(),
  };
}

/** Made-up bytes with nonce 7 and a maximum fee of 3 gwei. */
export function aSignedTransaction(change: Partial<SignedTransaction> = {}): SignedTransaction {
  return {
    hash: hash32("aa"),
    raw: "0xf00d",
    nonce: 7,
    gasLimit: 150_000n,
    callHash: hash32("ca"),
    maxFeePerGasWei: 3_000_000_000n,
    maxPriorityFeePerGasWei: 1_000_000_000n,
    ...change,
  };
}
