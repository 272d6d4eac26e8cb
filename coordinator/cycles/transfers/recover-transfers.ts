import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { joinSent, keepTransfer } from "#coordinator/cycles/transfers/join-transfers.ts";
import {
  type FateChain,
  proveHeldTransfers,
} from "#coordinator/cycles/transfers/prove-held-transfers.ts";
import type { RecoveryQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { WatchList } from "#coordinator/ports/watch-list.ts";
import {
  isLaidToRest,
  type Recovery,
  type TransferRecord,
} from "#coordinator/records/jobs/transfer-record.ts";
import {
  orderRecovery,
  recoveryJobOf,
  renumberRecovery,
} from "#coordinator/stages/jobs/issue-recovery.ts";
import { judgeTransfer } from "#coordinator/stages/jobs/judge-transfer.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { JobReceipt } from "#shared/wire/job-receipt.ts";
import { EXPECTED_TRANSFERS_MAX, type ExpectedTransfer } from "#shared/wire/transfer-line.ts";

export type RecoverPorts = {
  readonly journal: Pick<Journal, "transfers" | "jobs">;
  /** Undefined until Redis has answered for the first time. */
  readonly queue: () => RecoveryQueue | undefined;
  readonly watchList: WatchList;
  readonly chains: ReadonlyMap<string, FateChain>;
  /** How many of the newest blocks are searched for a credit in every look. */
  readonly lookbackBlocks: number;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Tells every target what to look for, then orders the calls that are due and sends those that are
 * written down and not sent. A halt that people ordered, or a broken invariant, orders no new ones.
 *
 * @throws {RetryableError} When Redis cannot be reached; what is written down goes out the next time.
 */
export async function recoverTransfers(
  state: CoordinatorState,
  ports: RecoverPorts,
): Promise<void> {
  await findUntold(state, ports);
  await proveHeldTransfers(state, ports);
  await publishExpected(state, ports);
  if (state.shadow) return;
  const isHalted = state.manualHalt !== undefined || state.brokenInvariant !== undefined;
  for (const record of [...state.transfers.values()]) {
    const nowMs = ports.clock.nowMs();
    const { due } = judgeTransfer(record, state.policy.transfers, nowMs);
    if (due === null || isHalted) continue;
    const reason = `no progress since ${new Date(record.progressAtMs).toISOString()}`;
    const order = { kind: due, orderedBy: "policy", reason, nowMs } as const;
    keepTransfer(state, ports, orderRecovery(record, order));
  }
  for (const { guid } of [...state.transfers.values()]) await sendRecovery(state, ports, guid);
}

/** After this long in transit without a word of its source's agent the chain itself is asked, and again as often. */
const ASK_CHAIN_AFTER_MS = 30_000;

/** Messages whose source's agent did not tell of them, or told a coordinator whose journal is lost. */
async function findUntold(state: CoordinatorState, ports: RecoverPorts): Promise<void> {
  for (const { guid, shard, state: jobState, consumption, times } of [...state.jobs.values()]) {
    if (guid === null || consumption === null || jobState !== "in-transit") continue;
    const known = state.transfers.get(guid) ?? ports.journal.transfers.find(guid);
    const hasLeftAnew = known?.isClosed === true && known.state === "unknown";
    if (known !== undefined && !hasLeftAnew) continue;
    const nowMs = ports.clock.nowMs();
    const lastMs = state.searchedAtMs.get(guid) ?? times.recordedAtMs;
    if (nowMs - lastMs < ASK_CHAIN_AFTER_MS) continue;
    state.searchedAtMs.set(guid, nowMs);
    try {
      const line = await ports.chains.get(shard)?.sentMessage(consumption.blockNumber, guid);
      if (line === undefined) continue;
      const { blockNumber } = line;
      const finalizedNumber = consumption.isFinal ? blockNumber : 0;
      const at = { shard, blockNumber, finalizedNumber, finalNumber: finalizedNumber, nowMs };
      joinSent(state, ports, line, at);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      ports.log.debug("a message in transit could not be looked for", { shard, guid, error });
    }
  }
}

async function publishExpected(state: CoordinatorState, ports: RecoverPorts): Promise<void> {
  for (const shard of state.setups.keys()) {
    const expected = expectedOf(state, shard);
    const text = JSON.stringify(expected);
    // Written again while there is something to expect: Redis may have lost it.
    if (expected.length === 0 && state.published.get(shard) === text) continue;
    await ports.watchList.publish(shard, expected);
    state.published.set(shard, text);
  }
}

function expectedOf(state: CoordinatorState, shard: string): ExpectedTransfer[] {
  return [...state.transfers.values()]
    .filter((record) => record.target === shard && !isLaidToRest(record))
    .slice(0, EXPECTED_TRANSFERS_MAX)
    .map(({ guid, srcEid, sender, nonce, payloadHash }) => {
      return { guid, srcEid, sender, nonce, payloadHash };
    });
}

async function sendRecovery(
  state: CoordinatorState,
  ports: RecoverPorts,
  guid: string,
): Promise<void> {
  const record = state.transfers.get(guid);
  const recovery = record?.recoveries.at(-1);
  const queue = ports.queue();
  if (record === undefined || recovery === undefined || queue?.isReady() !== true) return;
  if (recovery.sentAtMs !== null || recovery.outcome !== null) return;
  if (ports.clock.nowMs() > recovery.deadlineSeconds * 1000) return;
  const job = recoveryJobOf(record, recovery);
  if (job === undefined) return;
  const outcome = await queue.recover(job);
  const { target, nonce } = record;
  const fields = { guid, target, nonce, kind: recovery.kind, attempt: recovery.attempt };
  if (!outcome.sent && outcome.reason === "edited" && renumber(state, ports, recovery)) return;
  if (!outcome.sent) {
    ports.log.error(`the queue has not kept the recovery: it was ${outcome.reason} there`, fields);
    return;
  }
  ports.log.info("recovery of a transfer ordered", { ...fields, reason: recovery.reason });
  changeRecovery(state, ports, recovery.recoveryId, { sentAtMs: ports.clock.nowMs() });
}

/** Gives a recovery the next number where another one has its own in the queue; false when it keeps it. */
function renumber(
  state: CoordinatorState,
  ports: RecoverPorts,
  { recoveryId, attempt }: Recovery,
): boolean {
  // Reports and receipts may have changed the message while the queue was asked.
  const record = [...state.transfers.values()].find((one) => {
    const last = one.recoveries.at(-1);
    return last?.recoveryId === recoveryId && last.outcome === null;
  });
  const next = record && renumberRecovery(record);
  if (next === undefined) return false;
  const { guid, target, nonce } = next;
  const text = "another recovery has its number in the queue; it goes out under the next";
  ports.log.warn(text, { guid, target, nonce, attempt });
  keepTransfer(state, ports, next);
  return true;
}

/**
 * The record that has this recovery, from memory, or from the journal when its message is over: somebody else may have
 * delivered it, and what the call cost is told later. Undefined when none does.
 */
export function recordOfRecovery(
  state: CoordinatorState,
  { transfers }: Pick<Journal, "transfers">,
  recoveryId: string,
): TransferRecord | undefined {
  const followed = [...state.transfers.values()].find((record) =>
    record.recoveries.some((one) => one.recoveryId === recoveryId),
  );
  return followed ?? transfers.ofRecovery(recoveryId);
}

/** What an agent told of a recovery. A hint: the message's state follows from its target's reports. */
export function noteRecoveryReceipt(
  state: CoordinatorState,
  ports: Pick<RecoverPorts, "log" | "clock"> & { readonly journal: Pick<Journal, "transfers"> },
  receipt: JobReceipt,
): void {
  const { outcome, reason, detail, transactionHash, gasCostWei } = receipt;
  const refusal = outcome === "refused" ? { reason: reason ?? outcome, detail } : null;
  const sentAtMs = ports.clock.nowMs();
  changeRecovery(state, ports, receipt.jobId, {
    outcome,
    refusal,
    transactionHash,
    gasCostWei,
    sentAtMs,
  });
}

/** Of two agents one may refuse, or lose, what the other has sent or done. */
function isOutdone(known: Recovery["outcome"], next: Recovery["outcome"] | undefined): boolean {
  if (next === undefined || next === null) return false;
  return (
    (known === "included" && next !== "included") || (known === "broadcast" && next === "refused")
  );
}

function changeRecovery(
  state: CoordinatorState,
  ports: Pick<RecoverPorts, "log"> & { readonly journal: Pick<Journal, "transfers"> },
  recoveryId: string,
  change: Partial<Recovery>,
): void {
  const record = recordOfRecovery(state, ports.journal, recoveryId);
  if (record === undefined) return;
  const recoveries = record.recoveries.map((one) => {
    if (one.recoveryId !== recoveryId || isOutdone(one.outcome, change.outcome)) return one;
    return { ...one, ...change, sentAtMs: one.sentAtMs ?? change.sentAtMs ?? null };
  });
  const next = { ...record, recoveries };
  if (state.transfers.has(record.guid)) keepTransfer(state, ports, next);
  else ports.journal.transfers.update(next);
}
