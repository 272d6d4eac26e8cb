import { isOpen, type JournalEntry, transactionsOf } from "#shard-agent/records/journal-entry.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";

/** I9 and I8 at every broadcast: the journal has the bytes, and no other call has their nonce unless one frees it for the other. */
export function checkBroadcast(
  agent: string,
  entries: readonly JournalEntry[],
  hash: Hex,
  violate: Violate,
): void {
  const own = entries.find((entry) => transactionsOf(entry).some((one) => one.hash === hash));
  if (own === undefined) {
    violate("I9", `${agent} broadcast ${hash} before its journal had it`);
    return;
  }
  const nonce = own.transaction?.nonce;
  const rival = entries.find((entry) => {
    const isOther = entry.id !== own.id && entry.kind !== "cancel" && own.kind !== "cancel";
    return isOther && isOpen(entry.state) && entry.transaction?.nonce === nonce;
  });
  if (rival !== undefined)
    violate("I8", `${agent} has signed nonce ${nonce} for ${own.id} and for ${rival.id}`);
}
