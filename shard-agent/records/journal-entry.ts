import type { GasFees } from "#shard-agent/records/gas-fees.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { RefusalReason } from "#shared/wire/job-receipt.ts";

/** States of one entry; the transitions are in stages/advance-journal.ts. */
export const JOURNAL_STATES = [
  "received",
  "checked",
  "signed",
  "broadcast",
  "included",
  "final",
  "expired",
  "superseded",
  "refused",
  "reverted",
] as const;

export type JournalState = (typeof JOURNAL_STATES)[number];

/**
 * `job`: a mandate of the coordinator. `recovery`: helps a message on. `settlement`: housekeeping of an
 * expired series, or of an account at a venue. `cancel`: frees a nonce.
 */
type EntryKind = "job" | "recovery" | "settlement" | "cancel";

/** One signed transaction; kept for ever, because any of an entry's transactions may be the one that is mined. */
export type SignedTransaction = GasFees & {
  readonly hash: Hex;
  readonly raw: Hex;
  readonly nonce: number;
  readonly gasLimit: bigint;
  /** Keccak of receiver, value and data: equal for all transactions of one entry. */
  readonly callHash: Hex;
};

/** Where a transaction was seen in a block. */
export type Inclusion = {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  readonly blockHash: Hex;
  readonly blockTimestampMs: number;
  readonly succeeded: boolean;
  readonly gasCostWei: bigint;
};

/** What the agent remembers of one thing it was asked, or has decided, to do. */
export type JournalEntry = {
  /** Job id for jobs; `recover:<guid>:<recovery id>`, `settle:<series>:<attempt>`, `upkeep:<occasion>:<attempt>` and `cancel:<nonce>:<attempt>` for housekeeping. */
  readonly id: string;
  readonly kind: EntryKind;
  readonly state: JournalState;
  /** The job as received, or what the housekeeping is about; JSON. */
  readonly payload: string;
  /** Last second (Unix) at which the entry's transaction can still have its effect. */
  readonly deadlineSeconds: number;
  /** The newest one, with the highest fees. */
  readonly transaction: SignedTransaction | null;
  /** Those it replaced, oldest first: same nonce, same call, lower fees. */
  readonly replaced: readonly SignedTransaction[];
  /** Head time since which a node has the newest transaction and no block does; 0 before it is signed. */
  readonly pendingSinceMs: number;
  /** Most that the gas of each of its transactions may cost. */
  readonly gasFeeCapWei: bigint;
  readonly inclusion: Inclusion | null;
  readonly nativeFeeWei: bigint;
  readonly refusal: { readonly reason: RefusalReason; readonly detail: string } | null;
  readonly updatedAtMs: number;
};

/** An entry as it begins, in `state`: nothing signed, nothing included. */
export function newEntry(
  o: Pick<
    JournalEntry,
    "id" | "kind" | "payload" | "deadlineSeconds" | "gasFeeCapWei" | "updatedAtMs"
  > & { readonly state: "received" | "checked" },
): JournalEntry {
  return {
    ...o,
    transaction: null,
    replaced: [],
    pendingSinceMs: 0,
    inclusion: null,
    nativeFeeWei: 0n,
    refusal: null,
  };
}

/** Every transaction signed for an entry, newest first: any of them may be the one that is mined. */
export function transactionsOf(entry: JournalEntry): SignedTransaction[] {
  return entry.transaction === null ? [] : [entry.transaction, ...entry.replaced.toReversed()];
}

/** Id of the next attempt at what `prefix` names, above that of the newest of `attempts`, which come first. */
export function nextAttemptId(prefix: string, [newest]: readonly JournalEntry[]): string {
  return `${prefix}${newest === undefined ? 1 : Number(newest.id.slice(prefix.length)) + 1}`;
}

/** How many attempts may have cost gas: one that the signer never signed has cost nothing. */
export function signedAttempts(attempts: readonly JournalEntry[]): number {
  return attempts.filter((one) => one.transaction !== null).length;
}

const HASH_LENGTH = 66;

/** Under what id receipts tell of an entry; null for housekeeping, of which nobody is told. */
export function receiptIdOf({ kind, id }: Pick<JournalEntry, "kind" | "id">): Hex | null {
  return kind === "job" || kind === "recovery" ? (id.slice(-HASH_LENGTH) as Hex) : null;
}

/** True while the entry's transaction may still reach, or leave, a block. */
export function isOpen(state: JournalState): boolean {
  return state === "signed" || state === "broadcast" || state === "included";
}

/** Of entries that ended in a final block, the one in the highest block up to one; undefined when there is none. */
export function highestEnded(
  entries: readonly JournalEntry[],
  upToBlock: number,
): ({ readonly id: string } & Pick<Inclusion, "blockNumber" | "blockHash">) | undefined {
  const ended = entries.flatMap(({ id, inclusion, state }) => {
    if (inclusion === null || (state !== "final" && state !== "reverted")) return [];
    const { blockNumber, blockHash } = inclusion;
    return blockNumber <= upToBlock ? [{ id, blockNumber, blockHash }] : [];
  });
  return ended.sort((one, other) => other.blockNumber - one.blockNumber)[0];
}

/** True when nothing will ever change the entry again. */
export function isTerminal(state: JournalState): boolean {
  return !isOpen(state) && state !== "received" && state !== "checked";
}
