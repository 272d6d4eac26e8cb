import type { Inclusion, JournalEntry, JournalState } from "#shard-agent/records/journal-entry.ts";
import type { LostRaces } from "#shard-agent/records/lost-races.ts";
import type { PruneOrder, PruneOutcome } from "#shard-agent/records/pruned-entries.ts";
import type { SignedCost } from "#shard-agent/records/signed-cost.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";

/** An entry that ended for good in a final block. */
type EndedEntry = { readonly id: string } & Pick<Inclusion, "blockNumber" | "blockHash">;

/**
 * The agent's own memory. A write that returned is on disk: it survives a crash of the process and of
 * the machine. One process owns it.
 */
export type Journal = {
  readonly get: (id: string) => JournalEntry | undefined;
  /** @throws {FatalError} `journal-duplicate` if the id is taken. */
  readonly insert: (entry: JournalEntry) => void;
  /**
   * Replaces an entry that is still in `from`, and queues the receipt of it, both or neither.
   *
   * @throws {FatalError} `journal-conflict` if it is not.
   */
  readonly replace: (
    entry: JournalEntry,
    from: JournalState,
    receipt?: UnnumberedReceipt | null,
  ) => void;
  /** Jobs that another transaction did, by the newest receipt of each, told of after `sinceMs`. */
  readonly lostRaces: (sinceMs: number) => LostRaces;
  /** What is signed and was changed after `sinceMs`, or may still be paid. Several may have one nonce. */
  readonly signedCosts: (sinceMs: number) => SignedCost[];
  /** Entries that are not terminal: by nonce, those without one last. */
  readonly unfinished: () => JournalEntry[];
  /** Entries of one kind whose id begins with `prefix`, refused ones left out, newest first; at most 64. */
  readonly withPrefix: (prefix: string) => JournalEntry[];
  /**
   * Of the newest entries that ended in a block, the one in the highest block up to this one; undefined when none did.
   */
  readonly endedIn: (upToBlock: number) => EndedEntry | undefined;
  /** One above the highest nonce of an open entry; 0 when there is none. */
  readonly nextNonce: () => number;
  /** Highest sequence number that may have been used on a stream; 0 when there is none. */
  readonly lastSeq: (streamKey: string) => number;
  /** Remembers that sequence numbers up to this one may be used. */
  readonly saveSeq: (streamKey: string, seq: number) => void;
  /** Receipts wait here until the stream has them. */
  readonly queueReceipt: (receipt: UnnumberedReceipt) => void;
  /** Oldest first. */
  readonly queuedReceipts: (
    limit: number,
  ) => { readonly id: number; readonly receipt: UnnumberedReceipt }[];
  readonly dropReceipt: (id: number) => void;
  /** Drops entries to which nothing can come back (records/pruned-entries.ts), and of which no receipt waits. */
  readonly prune: (order: PruneOrder) => PruneOutcome;
  /** Entries with a later deadline were never dropped; 0 when none was. */
  readonly prunedUntilSeconds: () => number;
  /** False when the last trial write failed; the first question makes one, each later one leads to another soon after it. */
  readonly isWritable: () => boolean;
  readonly close: () => void;
};
