import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";

/** What a transaction is signed for: the part of its journal entry that the signing guard holds it to. */
export type SigningIntent = Pick<JournalEntry, "kind" | "payload" | "gasFeeCapWei">;
