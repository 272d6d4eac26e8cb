import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { TransactionReader } from "#shard-agent/ports/chain.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { BroadcastOutcome, ContractCall, Sender } from "#shard-agent/ports/sender.ts";
import type { GasFees } from "#shard-agent/records/gas-fees.ts";
import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Address } from "#shared/units/ids.ts";

export type SendPorts = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly sender: Sender;
  readonly transactions: TransactionReader;
  readonly log: Log;
};

/** What a signed transaction adds to its call. */
export type GasAndNonce = GasFees & {
  readonly nonce: number;
  readonly gasLimit: bigint;
  /** Time of the head the fees were found at. */
  readonly headTimestampMs: number;
  /** Asked after signing; when false the tracker broadcasts, at the next head. Always when left out. */
  readonly mayBroadcast?: () => boolean;
};

/**
 * max(chain at `head`, highest open nonce + 1): a node that forgot a transaction must not make us use its
 * nonce twice. Only inside the sender's lane.
 *
 * @throws {RetryableError} When the chain did not answer.
 */
export async function nextNonce(
  ports: Pick<SendPorts, "transactions" | "journal">,
  head: BlockHeader,
): Promise<number> {
  return Math.max(await ports.transactions.nonceAt(head), ports.journal.nextNonce());
}

/**
 * Signs a call for a checked entry, writes the raw bytes to the journal, then broadcasts them. Only
 * inside the sender's lane, with a nonce of {@link nextNonce} taken there.
 *
 * After this the entry is in state `broadcast`, or in `signed` when the node did not take the bytes;
 * the tracker sends the same bytes again.
 */
export async function sendCall(
  ports: SendPorts,
  entry: JournalEntry,
  call: ContractCall,
  fees: GasAndNonce,
): Promise<JournalEntry> {
  const transaction = await ports.sender.sign(call, { ...fees, intent: entry });
  const signed = stepEntry(ports, entry, "sign", {
    transaction,
    pendingSinceMs: fees.headTimestampMs,
    nativeFeeWei: call.valueWei,
  });
  if (fees.mayBroadcast?.() === false) return signed;
  return (await broadcastEntry(ports, signed)).entry;
}

/**
 * Before anything is signed: a node takes no transaction whose sender could not pay the most it may cost, and its nonce
 * would be held by bytes that nobody has.
 *
 * @throws {RetryableError} `sender-unfunded` naming the account, what it has and what it needs.
 */
export function requireFunds(
  memory: Pick<Memory, "shortage">,
  sender: { readonly address: Address; readonly balanceWei: bigint },
  o: {
    readonly call: Pick<ContractCall, "valueWei">;
    readonly gasLimit: bigint;
    readonly maxFeePerGasWei: bigint;
  },
): void {
  const { address, balanceWei: heldWei } = sender;
  const neededWei = o.gasLimit * o.maxFeePerGasWei + o.call.valueWei;
  if (heldWei >= neededWei) return;
  memory.shortage = { address, heldWei, neededWei };
  throw new RetryableError(
    "sender-unfunded",
    `sender ${address}: has ${heldWei} wei; needs ${neededWei} wei for gas and fees`,
  );
}

/** Why nothing was signed: the sender cannot pay, the signer is gone, its answer is no signature, or the guard refuses. */
const NOT_SIGNED = new Set([
  "sender-unfunded",
  "signer-unreachable",
  "signer-answer",
  "signing-refused",
  "signing-ceiling",
  "finality-broken",
]);

/** True of an error after which nothing is signed, and the journal as it was: no reason to stop all else. */
export function isNotSigned(error: unknown): boolean {
  const isOurs = error instanceof RetryableError || error instanceof FatalError;
  return isOurs && NOT_SIGNED.has(error.code);
}

/**
 * Broadcasts the newest bytes an entry already has; the node having them already counts as success.
 *
 * @returns The entry as it now stands, and what the node said.
 */
export async function broadcastEntry(
  ports: SendPorts,
  entry: JournalEntry,
): Promise<{ readonly entry: JournalEntry; readonly result: BroadcastOutcome | null }> {
  if (entry.transaction === null) return { entry, result: null };
  const result = await ports.sender.broadcast(entry.transaction.raw);
  logOutcome(ports.log, entry, result);
  const isSent = result.outcome === "submitted" && entry.state === "signed";
  return { entry: isSent ? stepEntry(ports, entry, "broadcast") : entry, result };
}

function logOutcome(log: Log, entry: JournalEntry, result: BroadcastOutcome): void {
  const fields = {
    id: entry.id,
    transactionHash: entry.transaction?.hash,
    nonce: entry.transaction?.nonce,
    ...result,
  };
  if (result.outcome === "submitted") log.debug("transaction submitted", fields);
  else log.warn("transaction not confirmed by the node; the same bytes will be sent again", fields);
}
