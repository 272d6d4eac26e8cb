import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";

const BIGINT_FIELDS = new Set([
  "nativeFeeWei",
  "maxFeePerGasWei",
  "maxPriorityFeePerGasWei",
  "gasLimit",
  "gasFeeCapWei",
  "gasCostWei",
]);

/** An entry as text; bigints become decimal strings. */
export function encodeEntry(entry: JournalEntry): string {
  return JSON.stringify(entry, (_key, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** The entry of a row with a `body`. */
export function entryOf(row: Record<string, unknown> | undefined): JournalEntry | undefined {
  if (row === undefined) return undefined;
  return JSON.parse(String(row["body"]), (key, value: unknown) =>
    BIGINT_FIELDS.has(key) && typeof value === "string" ? BigInt(value) : value,
  );
}
