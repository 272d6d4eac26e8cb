import type { Journal } from "#shard-agent/ports/journal.ts";
import {
  highestEnded,
  isOpen,
  isTerminal,
  type JournalEntry,
} from "#shard-agent/records/journal-entry.ts";
import type { LostRaces } from "#shard-agent/records/lost-races.ts";
import { signedCostOf } from "#shard-agent/records/signed-cost.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import { FatalError } from "#shared/errors.ts";
import { isLostRace } from "#shared/wire/job-receipt.ts";
import { memoryPruning } from "#test/simulation/agent/memory-pruning.ts";

/** What an agent wrote to disk; outlives its processes. */
export type AgentDisk = Journal & {
  /** Every entry ever, for the checks. */
  readonly all: () => readonly JournalEntry[];
  /** Planted: the entries as they were before the last `writes` changes, or before all since a time. */
  readonly lose: (last: { readonly writes: number } | { readonly sinceMs: number }) => void;
};

type Change = {
  readonly id: string;
  readonly before: JournalEntry | undefined;
  readonly atMs: number;
};

const PREFIX_LIMIT = 64;
const CHANGES_MAX = 32;

/** As adapters/sqlite-journal.ts, without the file. */
export function newAgentDisk(nowMs: () => number): AgentDisk {
  const entries = new Map<string, JournalEntry>();
  const seqs = new Map<string, number>();
  const receipts = new Map<number, UnnumberedReceipt>();
  const races = memoryRaces();
  const pruning = memoryPruning(entries, receipts);
  const changes: Change[] = [];
  let receiptId = 0;
  const put = (entry: JournalEntry): void => {
    changes.push({ id: entry.id, before: entries.get(entry.id), atMs: nowMs() });
    if (changes.length > CHANGES_MAX) changes.shift();
    entries.set(entry.id, entry);
  };
  const queueReceipt = (receipt: UnnumberedReceipt): void => {
    receiptId += 1;
    receipts.set(receiptId, receipt);
  };
  return {
    all: () => [...pruning.dropped, ...entries.values()],
    lose: (last) => lose(entries, changes, last),
    get: (id) => entries.get(id),
    insert: (entry) => {
      if (entries.has(entry.id))
        throw new FatalError("journal-duplicate", `Journal entry ${entry.id} exists already.`);
      put(entry);
    },
    replace: (entry, from, receipt) => {
      if (entries.get(entry.id)?.state !== from)
        throw new FatalError(
          "journal-conflict",
          `Journal entry ${entry.id} is not in state ${from}.`,
        );
      put(entry);
      if (receipt === undefined || receipt === null) return;
      queueReceipt(receipt);
      races.note(receipt);
    },
    lostRaces: races.since,
    signedCosts: () => [...entries.values()].flatMap((entry) => signedCostOf(entry) ?? []),
    unfinished: () =>
      [...entries.values()]
        .filter((entry) => !isTerminal(entry.state))
        .sort((one, other) => nonceOf(one) - nonceOf(other)),
    withPrefix: (prefix) =>
      [...entries.values()]
        .filter((entry) => entry.id.startsWith(prefix) && entry.state !== "refused")
        .reverse()
        .slice(0, PREFIX_LIMIT),
    endedIn: (upToBlock) => highestEnded([...entries.values()], upToBlock),
    nextNonce: () => {
      const open = [...entries.values()].filter((entry) => isOpen(entry.state));
      return Math.max(0, ...open.map((entry) => (entry.transaction?.nonce ?? -1) + 1));
    },
    lastSeq: (stream) => seqs.get(stream) ?? 0,
    saveSeq: (stream, seq) => void seqs.set(stream, Math.max(seq, seqs.get(stream) ?? 0)),
    queueReceipt,
    queuedReceipts: (limit) =>
      [...receipts].slice(0, limit).map(([id, receipt]) => ({ id, receipt })),
    dropReceipt: (id) => void receipts.delete(id),
    prune: pruning.prune,
    prunedUntilSeconds: pruning.prunedUntilSeconds,
    isWritable: () => true,
    close: () => undefined,
  };
}

function lose(
  entries: Map<string, JournalEntry>,
  changes: Change[],
  last: Parameters<AgentDisk["lose"]>[0],
): void {
  const kept =
    "writes" in last
      ? changes.length - last.writes
      : changes.filter((one) => one.atMs < last.sinceMs).length;
  for (const { id, before } of changes.splice(Math.max(0, kept)).reverse()) {
    if (before === undefined) entries.delete(id);
    else entries.set(id, before);
  }
}

function nonceOf(entry: JournalEntry): number {
  return entry.transaction?.nonce ?? Number.MAX_SAFE_INTEGER;
}

/** As adapters/journal-races.ts. */
function memoryRaces() {
  const lost = new Map<string, UnnumberedReceipt>();
  return {
    note: (receipt: UnnumberedReceipt): void => {
      if (isLostRace(receipt)) lost.set(receipt.jobId, receipt);
      else lost.delete(receipt.jobId);
    },
    since: (sinceMs: number): LostRaces => {
      const counted = [...lost.values()].filter((one) => one.atMs > sinceMs);
      const gasCostWei = counted.reduce((sum, one) => sum + BigInt(one.gasCostWei), 0n);
      return { count: counted.length, gasCostWei };
    },
  };
}
