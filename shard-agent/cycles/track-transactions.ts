import { broadcastEntry, type SendPorts, sendCall } from "#shard-agent/cycles/send-call.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { ChainReader, MinedTransaction } from "#shard-agent/ports/chain.ts";
import type { Lane } from "#shard-agent/ports/sender.ts";
import { refuse } from "#shard-agent/records/admission.ts";
import {
  isOpen,
  type JournalEntry,
  type SignedTransaction,
} from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { progressReceipt } from "#shard-agent/stages/build-receipt.ts";

/** A job that was never signed is given up this long after its deadline; its queue entry may be lost. */
const ABANDON_AFTER_MS = 60_000;
/** Gas of a transfer of nothing to oneself, with room for chains that charge more. */
const CANCEL_GAS = 100_000n;
/** A cancel that was written down but never signed is given up after this. */
const CANCEL_WITHIN_SECONDS = 120;

export type TrackPorts = SendPorts & {
  readonly chain: Pick<ChainReader, "finalizedNumber">;
  readonly lane: Lane;
  readonly scope: ShardScope;
};

/**
 * Brings every unfinished journal entry up to date with the chain at a new head: included, final,
 * reverted, out of the chain again, expired. Believes a block only by its hash, and calls nothing
 * final that is above the finalized tag. Entries are judged in the order of their nonces.
 *
 * @throws {RetryableError} When the chain did not answer; the next head tries again.
 */
export async function trackTransactions(ports: TrackPorts, head: BlockHeader): Promise<void> {
  const unfinished = ports.journal.unfinished();
  if (unfinished.length === 0) return;
  const finalizedNumber = await ports.chain.finalizedNumber();
  for (const { id } of unfinished) {
    // In the lane, and read again there: nobody else moves the entry meanwhile.
    await ports.lane.run(async () => {
      const entry = ports.journal.get(id);
      if (entry === undefined) return;
      if (isOpen(entry.state)) await trackOpen(ports, entry, { head, finalizedNumber });
      else if (entry.state === "received" || entry.state === "checked") abandon(ports, entry);
    });
  }
}

type ChainView = { readonly head: BlockHeader; readonly finalizedNumber: number };

async function trackOpen(ports: TrackPorts, entry: JournalEntry, view: ChainView): Promise<void> {
  const { transaction } = entry;
  if (transaction === null) return;
  const mined = await ports.transactions.mined(transaction.hash);
  if (mined !== null)
    return trackMined(ports, entry, { mined, finalizedNumber: view.finalizedNumber });
  let open = entry;
  if (open.state === "included") {
    ports.log.warn("a reorganisation removed a transaction", { id: entry.id, ...entry.inclusion });
    open = stepEntry(ports, open, "reorg-out", { inclusion: null });
  }
  await trackMissing(ports, open, { ...view, transaction });
}

function trackMined(
  ports: TrackPorts,
  entry: JournalEntry,
  o: { readonly mined: MinedTransaction; readonly finalizedNumber: number },
): void {
  const { inclusion } = o.mined;
  let current = entry;
  if (current.state === "included" && current.inclusion?.blockHash !== inclusion.blockHash) {
    current = stepEntry(ports, current, "reorg-out", { inclusion: null });
  }
  if (current.state !== "included") {
    current = stepEntry(ports, current, "include", { inclusion });
    report(ports, current, inclusion.succeeded ? "included" : "reverted", o.mined);
  }
  if (inclusion.blockNumber <= o.finalizedNumber) {
    stepEntry(ports, current, inclusion.succeeded ? "finalise" : "fail");
    ports.log.info("transaction is final", { id: entry.id, kind: entry.kind, ...inclusion });
  }
}

/** No canonical block holds it: the nonce is used by another, or it is late, or it must be sent again. */
async function trackMissing(
  ports: TrackPorts,
  entry: JournalEntry,
  view: ChainView & { readonly transaction: SignedTransaction },
): Promise<void> {
  const { nonce } = view.transaction;
  if ((await ports.transactions.nonceAt(view.finalizedNumber)) > nonce) {
    const isLate = view.head.timestampMs > entry.deadlineSeconds * 1000;
    const next = stepEntry(ports, entry, isLate ? "expire" : "supersede");
    report(ports, next, "expired");
    return;
  }
  if ((await ports.transactions.nonceAt("latest")) > nonce) return;
  if (view.head.timestampMs > entry.deadlineSeconds * 1000 && entry.kind !== "cancel")
    await cancel(ports, entry, view);
  else await broadcastEntry(ports, entry);
}

/** Frees the nonce of a transaction that can have no effect any more, so that later ones can pass. */
async function cancel(
  ports: TrackPorts,
  entry: JournalEntry,
  view: ChainView & { readonly transaction: SignedTransaction },
): Promise<void> {
  const { nonce, maxFeePerGasWei } = view.transaction;
  const prefix = `cancel:${nonce}:`;
  const attempts = ports.journal.withPrefix(prefix);
  const rivalsWei = attempts.flatMap((one) =>
    isOpen(one.state) && one.transaction !== null ? one.transaction.maxFeePerGasWei : [],
  );
  if (rivalsWei.some((feeWei) => feeWei >= view.head.baseFeeWei)) return;
  const bumpedWei = (largest([maxFeePerGasWei, ...rivalsWei]) * 1125n) / 1000n + 1n;
  const feeWei = largest([bumpedWei, view.head.baseFeeWei * 2n]);
  const checked: JournalEntry = {
    id: `${prefix}${attempts.length + 1}`,
    kind: "cancel",
    state: "checked",
    payload: JSON.stringify({ cancels: entry.id }),
    deadlineSeconds: Math.floor(ports.clock.nowMs() / 1000) + CANCEL_WITHIN_SECONDS,
    transaction: null,
    inclusion: null,
    nativeFeeWei: 0n,
    refusal: null,
    updatedAtMs: ports.clock.nowMs(),
  };
  ports.log.warn("deadline passed without inclusion; freeing the nonce", { id: entry.id, nonce });
  ports.journal.insert(checked);
  const call = { to: ports.sender.address, data: "0x", valueWei: 0n } as const;
  await sendCall(ports, checked, call, {
    nonce,
    gas: CANCEL_GAS,
    maxFeePerGasWei: feeWei,
    maxPriorityFeePerGasWei: feeWei,
  });
}

function largest(amounts: readonly bigint[]): bigint {
  let found = 0n;
  for (const amount of amounts) if (amount > found) found = amount;
  return found;
}

function abandon(ports: TrackPorts, entry: JournalEntry): void {
  if (ports.clock.nowMs() < entry.deadlineSeconds * 1000 + ABANDON_AFTER_MS) return;
  const { reason, detail } = refuse("expired", "never signed before its deadline");
  const next = stepEntry(ports, entry, "expire", { refusal: { reason, detail } });
  report(ports, next, "expired");
}

function report(
  ports: TrackPorts,
  entry: JournalEntry,
  outcome: "included" | "reverted" | "expired",
  mined?: MinedTransaction,
): void {
  const fields = {
    id: entry.id,
    kind: entry.kind,
    state: entry.state,
    transactionHash: entry.transaction?.hash,
    ...entry.inclusion,
  };
  if (outcome === "included") ports.log.info("transaction is in a block", fields);
  else ports.log.warn(`transaction ${outcome}`, fields);
  if (entry.kind !== "job") return;
  const o = {
    scope: ports.scope,
    atMs: ports.clock.nowMs(),
    ...(mined === undefined ? {} : { realised: mined }),
  };
  ports.journal.queueReceipt(progressReceipt(entry, outcome, o));
}
