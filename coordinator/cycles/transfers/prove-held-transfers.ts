import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { findCredit } from "#coordinator/cycles/jobs/find-credit.ts";
import { keepTransfer } from "#coordinator/cycles/transfers/join-transfers.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { MessageFate } from "#coordinator/records/jobs/message-fate.ts";
import {
  isHeld,
  isSaidHeld,
  type TransferRecord,
} from "#coordinator/records/jobs/transfer-record.ts";
import { proveHeld } from "#coordinator/stages/audit/prove-held.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

/** What of a chain is asked about messages. */
export type FateChain = Pick<
  ShardChain,
  "sentMessage" | "messageFate" | "finalBlock" | "blockAt" | "deliveries"
>;

export type ProveHeldPorts = {
  readonly journal: Pick<Journal, "transfers">;
  readonly chains: ReadonlyMap<string, FateChain>;
  readonly clock: Clock;
  readonly log: Log;
  /** How many of the newest blocks are searched for a credit in every look. */
  readonly lookbackBlocks: number;
};

/** The chains are asked this often about one message. */
const ASK_EVERY_MS = 5_000;

/**
 * Asks both chains of every message that its target says is lost or held. What they show holds both shards; what they
 * contradict in two blocks is a lie, and found out with the next look at the shard that told it (audit-shard.ts). A
 * chain that does not answer proves and disproves nothing.
 */
export async function proveHeldTransfers(
  state: CoordinatorState,
  ports: ProveHeldPorts,
): Promise<void> {
  for (const record of [...state.transfers.values()]) {
    if (!isSaidHeld(record) || isHeld(record)) continue;
    const nowMs = ports.clock.nowMs();
    const lastMs = state.searchedAtMs.get(record.guid);
    if (lastMs !== undefined && nowMs - lastMs < ASK_EVERY_MS) continue;
    state.searchedAtMs.set(record.guid, nowMs);
    try {
      await prove(state, ports, record, nowMs);
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      ports.log.debug("a message that is said to be held could not be looked for", {
        guid: record.guid,
        error,
      });
    }
  }
}

async function prove(
  state: CoordinatorState,
  ports: ProveHeldPorts,
  record: TransferRecord,
  nowMs: number,
): Promise<void> {
  const { guid, shard, target, sentBlock } = record;
  const source = ports.chains.get(shard);
  const end = ports.chains.get(target ?? "");
  const { observedBlock } = record;
  if (source === undefined || end === undefined || observedBlock === null) return;
  const sent = await source.sentMessage(sentBlock.number, guid);
  const sentAtMs = sent?.blockTimestampMs ?? sentBlock.timestampMs;
  const fate = await fateAt(state, ports, { record, end, blockNumber: observedBlock, sentAtMs });
  const now = state.transfers.get(guid);
  if (fate === undefined || now?.state !== record.state) return;
  const proof = proveHeld(record, sent, fate);
  if (proof.verdict === "proved") {
    state.refuted.delete(guid);
    keepTransfer(state, ports, { ...now, heldProof: { state: record.state, atMs: nowMs } });
    return;
  }
  // What a source says of a block that may still be replaced is not held against it.
  const finalNumber = state.finals.get(shard)?.number ?? 0;
  if (proof.liar === shard && sentBlock.number > finalNumber) return;
  // A block may have been replaced since: only what is said again of a later one is a lie.
  const before = state.refuted.get(guid);
  state.refuted.set(guid, observedBlock);
  if (before === undefined || before >= observedBlock) return;
  state.lies.set(proof.liar, proof.mismatch);
  ports.log.error("a shard says of a message what its chain does not", {
    guid,
    shard: proof.liar,
    ...proof.mismatch,
  });
}

/** What became of a message, its credit searched for down to when it was sent; undefined while that is not done. */
async function fateAt(
  state: CoordinatorState,
  ports: ProveHeldPorts,
  o: {
    readonly record: TransferRecord;
    readonly end: FateChain;
    readonly blockNumber: number;
    readonly sentAtMs: number;
  },
): Promise<MessageFate | undefined> {
  const { record, end, blockNumber, sentAtMs } = o;
  const final = await end.finalBlock();
  const fromBlock = Math.min(final.number, blockNumber);
  const fate = await end.messageFate(record, { blockNumber, fromBlock });
  // What waits was not credited, whatever is searched.
  if (fate === undefined || fate.isCredited || !fate.isPast || fate.committedHash !== null)
    return fate;
  const sought = { guid: record.guid, sentAtMs: () => Promise.resolve(sentAtMs) };
  const look = await findCredit(state, ports, sought, { chain: end, final });
  return look.is === "unknown" ? undefined : { ...fate, isCredited: look.is === "credited" };
}
