import { type ResendPorts, resendPending } from "#shard-agent/cycles/resend-pending.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { ChainReader, MinedTransaction } from "#shard-agent/ports/chain.ts";
import { refuse } from "#shard-agent/records/admission.ts";
import {
  isOpen,
  type JournalEntry,
  receiptIdOf,
  type SignedTransaction,
  transactionsOf,
} from "#shard-agent/records/journal-entry.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { UnnumberedReceipt } from "#shard-agent/records/unnumbered-receipt.ts";
import { progressReceipt } from "#shard-agent/stages/build-receipt.ts";
import type { Hex } from "#shared/units/ids.ts";

/** A job that was never signed is given up this long after its deadline; its queue entry may be lost. */
const ABANDON_AFTER_MS = 60_000;
export type TrackPorts = ResendPorts & {
  readonly chain: Pick<ChainReader, "finalized">;
};

/**
 * Brings every unfinished journal entry up to date with the chain at a new head: included, final,
 * reverted, out of the chain again, expired. Believes a block only by its hash, and calls nothing
 * final that is above the finalized tag. Entries are judged in the order of their nonces, after the cancels
 * among them, whose cost they tell of; each by all transactions ever signed for it.
 *
 * @throws {RetryableError} When the chain did not answer; the next head tries again.
 */
export async function trackTransactions(ports: TrackPorts, head: BlockHeader): Promise<void> {
  const unfinished = ports.journal.unfinished();
  if (unfinished.length === 0) return;
  const finalized = await ports.chain.finalized();
  const isCancel = ({ kind, transaction }: JournalEntry) =>
    kind === "cancel" && transaction !== null;
  const others = unfinished.filter((one) => !isCancel(one));
  for (const { id } of [...unfinished.filter(isCancel), ...others]) {
    // In the lane, and read again there: nobody else moves the entry meanwhile.
    await ports.lane.run(async () => {
      const entry = ports.journal.get(id);
      if (entry === undefined) return;
      if (isOpen(entry.state)) await trackOpen(ports, entry, { head, finalized });
      else if (entry.state === "received" || entry.state === "checked") abandon(ports, entry);
    });
  }
}

/** `finalized` is null while there is no final block. */
type ChainView = { readonly head: BlockHeader; readonly finalized: BlockHeader | null };

async function trackOpen(ports: TrackPorts, entry: JournalEntry, view: ChainView): Promise<void> {
  const { transaction } = entry;
  if (transaction === null) return;
  const mined = await minedOf(ports, entry);
  if (mined !== null) {
    // Asked of its own block: the head of this round may be an older one.
    const { succeeded, blockHash: hash } = mined.inclusion;
    const isLostRace = !succeeded && (await isTaken(ports, entry, { hash }));
    return trackMined(ports, entry, { mined, finalized: view.finalized, isLostRace });
  }
  let open = entry;
  if (open.state === "included") {
    ports.log.warn("a reorganisation removed a transaction", { id: entry.id, ...entry.inclusion });
    const pendingSinceMs = view.head.timestampMs;
    open = stepEntry(ports, open, "reorg-out", { inclusion: null, pendingSinceMs });
  }
  await trackMissing(ports, { ...open, transaction }, view);
}

/** Whichever of the entry's transactions is in a canonical block: they share a nonce, so at most one is. */
async function minedOf(ports: TrackPorts, entry: JournalEntry): Promise<MinedTransaction | null> {
  for (const { hash } of transactionsOf(entry)) {
    const mined = await ports.transactions.mined(hash);
    if (mined !== null) return mined;
  }
  return null;
}

function trackMined(
  ports: TrackPorts,
  entry: JournalEntry,
  o: {
    readonly mined: MinedTransaction;
    readonly finalized: BlockHeader | null;
    readonly isLostRace: boolean;
  },
): void {
  const { inclusion } = o.mined;
  let current = entry;
  if (current.state === "included" && current.inclusion?.blockHash !== inclusion.blockHash) {
    current = stepEntry(ports, current, "reorg-out", { inclusion: null });
  }
  if (current.state !== "included") {
    const receiptOf = teller(ports, inclusion.succeeded ? "included" : "reverted", o);
    current = stepEntry(ports, current, "include", { inclusion, receiptOf });
  }
  if (o.finalized !== null && inclusion.blockNumber <= o.finalized.number) {
    stepEntry(ports, current, inclusion.succeeded ? "finalise" : "fail");
    ports.log.info("transaction is final", { id: entry.id, kind: entry.kind, ...inclusion });
  }
}

/** No canonical block holds it: the nonce is used by another, or it must be moved on. */
async function trackMissing(
  ports: TrackPorts,
  entry: JournalEntry & { readonly transaction: SignedTransaction },
  view: ChainView,
): Promise<void> {
  const { nonce } = entry.transaction;
  const { finalized } = view;
  if (finalized !== null && (await ports.transactions.nonceAt(finalized)) > nonce) {
    const isLate = view.head.timestampMs > entry.deadlineSeconds * 1000;
    const isLostRace = await isTaken(ports, entry, view.head);
    if (!isOwnNonce(ports, entry))
      ports.log.error(
        "a nonce went to a transaction that is not in this journal: another process sends with this key",
        { id: entry.id, nonce },
      );
    const receiptOf = teller(ports, "expired", { isLostRace });
    stepEntry(ports, entry, isLate ? "expire" : "supersede", { receiptOf });
    return;
  }
  if ((await ports.transactions.nonceAt(view.head)) > nonce) return;
  await resendPending(ports, entry, view.head);
}

/** True when the vault has the job although this agent's transaction did not bring it. */
async function isTaken(
  ports: TrackPorts,
  entry: JournalEntry,
  at: Pick<BlockHeader, "hash">,
): Promise<boolean> {
  return entry.kind === "job" && (await ports.vault.state(entry.id as Hex, at)).consumed;
}

/** True when the entry's nonce can have gone to a cancel, or to what it cancels. */
function isOwnNonce(ports: TrackPorts, entry: JournalEntry): boolean {
  if (entry.kind === "cancel" || entry.transaction === null) return true;
  const cancels = ports.journal.withPrefix(`cancel:${entry.transaction.nonce}:`);
  return cancels.some((one) => one.inclusion !== null);
}

/** What freeing the nonce has cost: a job that came to nothing is not free. */
function cancelCostWei(ports: TrackPorts, entry: JournalEntry): bigint {
  if (entry.transaction === null) return 0n;
  const cancels = ports.journal.withPrefix(`cancel:${entry.transaction.nonce}:`);
  return cancels.reduce((sum, one) => sum + (one.inclusion?.gasCostWei ?? 0n), 0n);
}

function abandon(ports: TrackPorts, entry: JournalEntry): void {
  if (ports.clock.nowMs() < entry.deadlineSeconds * 1000 + ABANDON_AFTER_MS) return;
  const { reason, detail } = refuse("expired", "never signed before its deadline");
  const receiptOf = teller(ports, "expired");
  stepEntry(ports, entry, "expire", { refusal: { reason, detail }, receiptOf });
}

/** Logs what became of an entry, and makes the receipt of a job. */
function teller(
  ports: TrackPorts,
  outcome: "included" | "reverted" | "expired",
  o: { readonly mined?: MinedTransaction; readonly isLostRace?: boolean } = {},
): (entry: JournalEntry) => UnnumberedReceipt | null {
  return (entry) => {
    const fields = {
      id: entry.id,
      kind: entry.kind,
      state: entry.state,
      transactionHash: entry.transaction?.hash,
      ...entry.inclusion,
    };
    if (outcome === "included") ports.log.info("transaction is in a block", fields);
    else ports.log.warn(`transaction ${outcome}`, fields);
    if (receiptIdOf(entry) === null) return null;
    return progressReceipt(entry, outcome, {
      scope: ports.scope,
      atMs: ports.clock.nowMs(),
      ...(o.mined === undefined ? {} : { realised: o.mined }),
      isLostRace: o.isLostRace === true,
      cancelCostWei: cancelCostWei(ports, entry),
    });
  };
}
