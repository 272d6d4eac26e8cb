import {
  broadcastEntry,
  isNotSigned,
  requireFunds,
  type SendPorts,
  sendCall,
} from "#shard-agent/cycles/send-call.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { VaultReader } from "#shard-agent/ports/chain.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Lane } from "#shard-agent/ports/sender.ts";
import {
  isOpen,
  type JournalEntry,
  newEntry,
  nextAttemptId,
  type SignedTransaction,
} from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { judgePending } from "#shard-agent/stages/judge-pending.ts";
import { gasFeeCapWei, replacementFees } from "#shard-agent/stages/price-gas.ts";
import type { Hex } from "#shared/units/ids.ts";

/** Gas of a transfer of nothing to oneself, with room for chains that charge more. */
const CANCEL_GAS = 100_000n;
/** A cancel that was written down but never signed is given up after this. */
const CANCEL_WITHIN_SECONDS = 120;

export type ResendPorts = SendPorts & {
  readonly lane: Lane;
  readonly scope: ShardScope;
  readonly vault: Pick<VaultReader, "state" | "senderBalanceWei">;
  readonly memory: Pick<Memory, "shortage">;
};

type Pending = JournalEntry & { readonly transaction: SignedTransaction };

/**
 * Moves a transaction on that no block holds and whose nonce is free: the same bytes again, the same
 * call at higher fees, or a cancel when it would come too late or somebody else's transaction has
 * consumed the mandate: that costs less than a revert. Only inside the sender's lane.
 */
export async function resendPending(
  ports: ResendPorts,
  entry: Pending,
  head: BlockHeader,
): Promise<void> {
  const isTaken = entry.kind === "job" && (await ports.vault.state(entry.id as Hex, head)).consumed;
  const action = isTaken ? "cancel" : judgePending(entry, head, ports.scope);
  if (action === "cancel") return cancel(ports, entry, head);
  if (action === "replace" && (await replace(ports, entry, head))) return;
  const { entry: sent, result } = await broadcastEntry(ports, entry);
  // A node that had lost the bytes starts anew: it has them from now on.
  if (result?.isNew === true)
    ports.journal.replace({ ...sent, pendingSinceMs: head.timestampMs }, sent.state);
  else if (action === "replace-if-kept" && result?.outcome === "submitted")
    await replace(ports, { ...sent, transaction: entry.transaction }, head);
}

/** False when the fee cap leaves no room, or nothing is signed: then the old bytes have to do. */
async function replace(ports: ResendPorts, entry: Pending, head: BlockHeader): Promise<boolean> {
  const { transaction, gasFeeCapWei: capWei } = entry;
  const room = {
    baseFeeWei: head.baseFeeWei,
    gasLimit: transaction.gasLimit,
    gasFeeCapWei: capWei,
    terms: ports.scope.gasFees,
  };
  const fees = replacementFees(transaction, room);
  const fields = { id: entry.id, nonce: transaction.nonce, ...room };
  if (fees === null) {
    ports.log.warn("transaction is stuck and its fee cap allows no higher fee", fields);
    return false;
  }
  const signing = async () => {
    const call = { valueWei: entry.nativeFeeWei };
    await fundsFor(ports, head, { call, gasLimit: transaction.gasLimit, ...fees });
    return ports.sender.signAgain(transaction.raw, fees, entry);
  };
  const newer = await orNotYet(ports, { id: entry.id, nonce: transaction.nonce }, signing);
  if (newer === null) return false;
  const signed = stepEntry(ports, entry, "replace", {
    transaction: newer,
    replaced: [...entry.replaced, transaction],
    pendingSinceMs: head.timestampMs,
  });
  ports.log.warn("transaction is stuck; replaced at higher fees", {
    ...fields,
    ...fees,
    transactionHash: newer.hash,
  });
  await broadcastEntry(ports, signed);
  return true;
}

/** Frees the nonce of a transaction that can have no effect any more, so that later ones can pass. */
async function cancel(ports: ResendPorts, entry: Pending, head: BlockHeader): Promise<void> {
  const { nonce } = entry.transaction;
  const prefix = `cancel:${nonce}:`;
  const attempts = ports.journal.withPrefix(prefix);
  // An open one is replaced by itself when it is stuck.
  if (attempts.some((one) => isOpen(one.state))) return;
  const capWei = gasFeeCapWei(null, null, ports.scope);
  const room = {
    baseFeeWei: head.baseFeeWei,
    gasLimit: CANCEL_GAS,
    gasFeeCapWei: capWei,
    terms: ports.scope.gasFees,
  };
  const fees = replacementFees(entry.transaction, room);
  if (fees === null) {
    const fields = { id: entry.id, nonce, ...room };
    ports.log.warn("nonce cannot be freed yet: the fee cap allows no cancel", fields);
    return;
  }
  ports.log.warn("it can have no effect any more; freeing the nonce", {
    id: entry.id,
    nonce,
  });
  // One that the signer did not get to sign is taken up again.
  const begun = attempts.find((one) => one.state === "checked");
  const checked = begun ?? newCancel(ports, entry, nextAttemptId(prefix, attempts));
  if (begun === undefined) ports.journal.insert(checked);
  const call = { to: ports.sender.address, data: "0x", valueWei: 0n } as const;
  const terms = { nonce, gasLimit: CANCEL_GAS, headTimestampMs: head.timestampMs, ...fees };
  const sending = async () => {
    await fundsFor(ports, head, { call, ...terms });
    return sendCall(ports, { ...checked, gasFeeCapWei: capWei }, call, terms);
  };
  await orNotYet(ports, { id: entry.id, nonce }, sending);
}

function newCancel(ports: ResendPorts, { id: cancels }: Pending, id: string): JournalEntry {
  const nowMs = ports.clock.nowMs();
  return newEntry({
    id,
    kind: "cancel",
    state: "checked",
    payload: JSON.stringify({ cancels }),
    deadlineSeconds: Math.floor(nowMs / 1000) + CANCEL_WITHIN_SECONDS,
    gasFeeCapWei: gasFeeCapWei(null, null, ports.scope),
    updatedAtMs: nowMs,
  });
}

/** What it replaces is paid by the same funds: only one of a nonce's transactions ever is. */
async function fundsFor(
  ports: ResendPorts,
  head: BlockHeader,
  o: Parameters<typeof requireFunds>[2],
): Promise<void> {
  const balanceWei = await ports.vault.senderBalanceWei(head);
  requireFunds(ports.memory, { address: ports.sender.address, balanceWei }, o);
}

/** Null when nothing was signed: the next head asks again, and what else there is to track goes on. */
async function orNotYet<T>(
  ports: ResendPorts,
  fields: { readonly id: string; readonly nonce: number },
  signing: () => Promise<T>,
): Promise<T | null> {
  try {
    return await signing();
  } catch (error) {
    if (!isNotSigned(error)) throw error;
    ports.log.warn("transaction cannot be moved on: nothing is signed", { ...fields, error });
    return null;
  }
}
