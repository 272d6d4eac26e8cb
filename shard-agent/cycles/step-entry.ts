import type { Journal } from "#shard-agent/ports/journal.ts";
import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";
import { advanceJournal, type JournalEvent } from "#shard-agent/stages/advance-journal.ts";
import type { Clock } from "#shared/ports/clock.ts";

/**
 * Moves a journal entry by one event and writes it down.
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
  > = {},
): JournalEntry {
  const state = advanceJournal(entry.state, event);
  const next = { ...entry, ...changes, state, updatedAtMs: ports.clock.nowMs() };
  ports.journal.replace(next, entry.state);
  return next;
}
