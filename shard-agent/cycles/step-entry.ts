import type { Journal } from "#shard-agent/ports/journal.ts";
import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import { advanceJournal, type JournalEvent } from "#shard-agent/stages/advance-journal.ts";
import type { Clock } from "#shared/ports/clock.ts";

/**
 * Moves a journal entry by one event and writes it down, with the receipt that tells of it: a crash
 * loses both or neither.
 *
 * @returns The entry as it now stands on disk.
 * @throws {FatalError} `unknown-transition` or `journal-conflict`.
 */
export function stepEntry(
  ports: { readonly journal: Journal; readonly clock: Clock },
  entry: JournalEntry,
  event: JournalEvent,
  changes: Partial<
    Pick<
      JournalEntry,
      | "transaction"
      | "replaced"
      | "pendingSinceMs"
      | "gasFeeCapWei"
      | "inclusion"
      | "refusal"
      | "nativeFeeWei"
    >
  > & { readonly receiptOf?: (next: JournalEntry) => UnnumberedReceipt | null } = {},
): JournalEntry {
  const state = advanceJournal(entry.state, event);
  const { receiptOf, ...fields } = changes;
  const next = { ...entry, ...fields, state, updatedAtMs: ports.clock.nowMs() };
  ports.journal.replace(next, entry.state, receiptOf?.(next) ?? null);
  return next;
}
