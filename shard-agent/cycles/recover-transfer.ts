import { refusalAtCeiling, refusalOfOld } from "#shard-agent/cycles/refuse-job.ts";
import {
  broadcastEntry,
  nextNonce,
  requireFunds,
  type SendPorts,
  sendCall,
} from "#shard-agent/cycles/send-call.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { ChainReader, VaultReader } from "#shard-agent/ports/chain.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { RecoveryDesk } from "#shard-agent/ports/recovery-desk.ts";
import type { Lane } from "#shard-agent/ports/sender.ts";
import type { TransferReader } from "#shard-agent/ports/transfer-reader.ts";
import { type Refusal, refuse } from "#shard-agent/records/admission.ts";
import {
  isOpen,
  isTerminal,
  type JournalEntry,
  newEntry,
  receiptIdOf,
  signedAttempts,
} from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import {
  admitRecovery,
  authenticateRecovery,
  type RecoveryConditions,
} from "#shard-agent/stages/admit-recovery.ts";
import { progressReceipt, refusalReceipt } from "#shard-agent/stages/build-receipt.ts";
import { classifyTransfer } from "#shard-agent/stages/classify-transfer.ts";
import { gasFeeCapWei, openingFees } from "#shard-agent/stages/price-gas.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { type RecoveryJob, recoveryJobSchema } from "#shared/wire/recovery-job.ts";

export type RecoverPorts = SendPorts & {
  readonly chain: Pick<ChainReader, "head">;
  readonly vault: Pick<VaultReader, "senderBalanceWei">;
  readonly watch: ReadWatch;
  readonly transfers: TransferReader;
  /** Null where messages are not helped on. */
  readonly recoveryDesk: RecoveryDesk | null;
  readonly memory: Pick<Memory, "shortage">;
  readonly lane: Lane;
  readonly scope: ShardScope;
};

/** What became of one attempt; kept with its queue entry. */
export type RecoveryResult =
  | { readonly outcome: "broadcast"; readonly transactionHash: Hex | null }
  | { readonly outcome: "refused"; readonly reason: string; readonly detail: string };

/** A recovery that the journal gives back is this agent's own. */
const OWN_LEASE: Lease = { isHeld: () => true, renew: async () => true };

/**
 * One call that helps a message on, from the queue to bytes that are in the journal and broadcast. A
 * second delivery is impossible on chain, and one that would come too late is recognised at the head and
 * not sent. An attempt that comes again after a crash goes on where the journal stands.
 *
 * @throws {RetryableError} When the chain did not answer, or the lease ran out: nothing was signed, and
 *   the coordinator orders another attempt.
 */
export async function recoverTransfer(
  ports: RecoverPorts,
  entry: { readonly data: unknown },
  lease: Lease,
): Promise<RecoveryResult> {
  const parsed = recoveryJobSchema.safeParse(entry.data);
  if (!parsed.success) {
    const detail = describeIssues(parsed.error, entry.data).join("; ");
    ports.log.warn("recovery refused", { reason: "malformed", detail });
    return { outcome: "refused", reason: "malformed", detail };
  }
  const job = parsed.data;
  const { recoveryDesk, scope } = ports;
  if (recoveryDesk === null)
    return answerRefusal(
      ports,
      job,
      refuse("venue-not-allowed", "layerZero: is not configured; messages are not helped on"),
    );
  const authentic = authenticateRecovery(job, recoveryDesk.prove(job), scope);
  if (!authentic.admitted) return answerRefusal(ports, job, authentic);
  return ports.lane.run(() => attempt({ ...ports, recoveryDesk }, job, lease));
}

/**
 * A recovery that was only seen in the queue, taken over when it would still help after `waitMs`: whoever has taken it
 * may be gone. Nothing is said of one that is not needed any more, or that is wrong: whoever has taken it answers.
 *
 * @returns Undefined when there was nothing to take over.
 * @throws {RetryableError} When the chain did not answer: nothing was signed.
 */
export async function standInForRecovery(
  ports: RecoverPorts & { readonly pause: Pause },
  entry: { readonly data: unknown },
  waitMs: number,
): Promise<RecoveryResult | undefined> {
  const parsed = recoveryJobSchema.safeParse(entry.data);
  const { recoveryDesk, scope } = ports;
  if (!parsed.success || recoveryDesk === null) return undefined;
  const job = parsed.data;
  if (!authenticateRecovery(job, recoveryDesk.prove(job), scope).admitted) return undefined;
  if (!(await ports.pause(waitMs))) return undefined;
  if (ports.journal.get(entryIdOf(job)) !== undefined) return undefined;
  const desk = { ...ports, recoveryDesk };
  const head = await ports.chain.head();
  if (!admitRecovery(job, await readConditions(desk, job, head), scope).admitted) return undefined;
  // What another agent has sent and no block holds yet would make this one come to nothing.
  const { reverts } = await ports.sender.prepare(recoveryDesk.encode(job));
  if (reverts) return undefined;
  const { guid, kind } = job;
  ports.log.info("taking over a recovery that nobody has made", { guid, kind, waitMs });
  return ports.lane.run(() => attempt(desk, job, OWN_LEASE));
}

/** Goes on with every recovery that a crash left unsigned. */
export async function resumeRecoveries(ports: RecoverPorts): Promise<void> {
  for (const { kind, state, payload, id } of ports.journal.unfinished()) {
    if (kind !== "recovery" || isOpen(state)) continue;
    ports.log.info("going on with a recovery from the journal", { id });
    await recoverTransfer(ports, { data: JSON.parse(payload) }, OWN_LEASE);
  }
}

type DeskPorts = RecoverPorts & { readonly recoveryDesk: RecoveryDesk };

/** Inside the lane: the journal is judged where nobody else moves it. What a ceiling stops is refused: another is ordered. */
async function attempt(ports: DeskPorts, job: RecoveryJob, lease: Lease): Promise<RecoveryResult> {
  try {
    return await makeAttempt(ports, job, lease);
  } catch (error) {
    const received = ports.journal.get(entryIdOf(job));
    const refusal = refusalAtCeiling(error, 0);
    if (received === undefined || refusal === null) throw error;
    return refuseEntry(ports, job, { received, refusal });
  }
}

async function makeAttempt(
  ports: DeskPorts,
  job: RecoveryJob,
  lease: Lease,
): Promise<RecoveryResult> {
  const known = ports.journal.get(entryIdOf(job));
  if (known !== undefined && isOpen(known.state)) {
    const { entry } = await broadcastEntry(ports, known);
    return { outcome: "broadcast", transactionHash: entry.transaction?.hash ?? null };
  }
  if (known !== undefined && isTerminal(known.state)) {
    const found = `${known.id} is ${known.state}`;
    const refusal = known.refusal ?? refuse("already-consumed", `the journal: ${found}`);
    return answerRefusal(ports, job, { admitted: false, ...refusal });
  }
  const over = known === undefined ? refusalOfOld(ports.journal, job.deadlineSeconds) : null;
  if (over !== null) return answerRefusal(ports, job, over);
  const head = await ports.chain.head();
  const conditions = await readConditions(ports, job, head);
  const admission = admitRecovery(job, conditions, ports.scope);
  const received = known ?? receive(ports, job);
  if (!admission.admitted) return refuseEntry(ports, job, { received, refusal: admission });
  const call = ports.recoveryDesk.encode(job);
  const prepared = await ports.sender.prepare(call);
  if (prepared.reverts) {
    const refusal = refuse("simulation-reverted", prepared.detail);
    return refuseEntry(ports, job, { received, refusal });
  }
  const fees = openingFees({
    ...prepared,
    gasFeeCapWei: received.gasFeeCapWei,
    terms: ports.scope.gasFees,
  });
  if (fees === null) {
    const found = `${prepared.gasLimit} gas at ${prepared.baseFeeWei} wei`;
    const refusal = refuse(
      "fee-too-high",
      `gas: ${found}; the cap is ${received.gasFeeCapWei} wei`,
    );
    return refuseEntry(ports, job, { received, refusal });
  }
  const funds = { address: ports.sender.address, balanceWei: conditions.senderBalanceWei };
  requireFunds(ports.memory, funds, { call, ...prepared, ...fees });
  const nonce = await nextNonce(ports, head);
  if (!lease.isHeld()) throw new RetryableError("lease-expired", `${received.id}: not signed`);
  const checked = received.state === "received" ? stepEntry(ports, received, "check") : received;
  const more = { ...prepared, ...fees, nonce, mayBroadcast: lease.isHeld };
  const sent = await sendCall(ports, checked, call, more);
  const { guid, kind } = job;
  ports.log.info("recovering a transfer", { guid, kind, attempt: job.attempt });
  const at = { scope: ports.scope, atMs: ports.clock.nowMs() };
  ports.journal.queueReceipt(progressReceipt(sent, "broadcast", at));
  return { outcome: "broadcast", transactionHash: sent.transaction?.hash ?? null };
}

async function readConditions(
  ports: DeskPorts,
  job: RecoveryJob,
  head: BlockHeader,
): Promise<RecoveryConditions> {
  const { guid, srcEid, sender, nonce, payloadHash } = job;
  const { executor } = ports.transfers;
  const [evidence, senderBalanceWei] = await Promise.all([
    ports.transfers.evidence([{ guid, srcEid, sender, nonce, payloadHash }], head),
    ports.vault.senderBalanceWei(head),
  ]);
  const [found] = evidence;
  const isKnown = found !== undefined && executor !== null;
  const others = ports.journal.withPrefix(prefixOf(job)).filter((one) => one.id !== entryIdOf(job));
  const disagreement = ports.watch.disagreement();
  return {
    disagreement: disagreement && `${disagreement.what}: ${disagreement.endpoints.join(", ")}`,
    nowMs: ports.clock.nowMs(),
    state: isKnown ? classifyTransfer(found, executor).state : null,
    attempts: signedAttempts(others),
    isOneUnderWay: others.some((one) => isOnItsWay(one, job)),
    senderBalanceWei,
  };
}

/** Once it is in a block the message's own state tells what it did. */
function isOnItsWay({ state, payload }: JournalEntry, job: RecoveryJob): boolean {
  if (state !== "signed" && state !== "broadcast") return false;
  return recoveryJobSchema.parse(JSON.parse(payload)).kind === job.kind;
}

function receive(ports: RecoverPorts, job: RecoveryJob): JournalEntry {
  const entry = newEntry({
    id: entryIdOf(job),
    kind: "recovery",
    state: "received",
    payload: JSON.stringify(job),
    deadlineSeconds: job.deadlineSeconds,
    gasFeeCapWei: gasFeeCapWei(null, null, ports.scope),
    updatedAtMs: ports.clock.nowMs(),
  });
  ports.journal.insert(entry);
  return entry;
}

function prefixOf({ guid }: RecoveryJob): string {
  return `recover:${guid}:`;
}

function entryIdOf(job: RecoveryJob): string {
  return `${prefixOf(job)}${job.recoveryId}`;
}

function refuseEntry(
  ports: RecoverPorts,
  job: RecoveryJob,
  { received, refusal }: { readonly received: JournalEntry; readonly refusal: Refusal },
): RecoveryResult {
  const { reason, detail } = refusal;
  const id = receiptIdOf(received);
  if (id === null) throw new FatalError("journal-conflict", `${received.id}: is no recovery`);
  ports.log.warn("recovery refused", { guid: job.guid, kind: job.kind, reason, detail });
  const receiptOf = () => refusalReceipt(id, refusal, ports.scope, ports.clock.nowMs());
  stepEntry(ports, received, "refuse", { refusal: { reason, detail }, receiptOf });
  return { outcome: "refused", reason, detail };
}

function answerRefusal(ports: RecoverPorts, job: RecoveryJob, refusal: Refusal): RecoveryResult {
  const { reason, detail } = refusal;
  ports.log.warn("recovery refused", { guid: job.guid, kind: job.kind, reason, detail });
  const atMs = ports.clock.nowMs();
  ports.journal.queueReceipt(refusalReceipt(job.recoveryId, refusal, ports.scope, atMs));
  return { outcome: "refused", reason, detail };
}
