import type { JobQueue, RecoveryQueue, SendOutcome } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { ChainBlock, ConsumedMandate, ShardChain } from "#coordinator/ports/shard-chain.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Address } from "#shared/units/ids.ts";
import { queueJobId, type RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { recoveryQueueId } from "#shared/wire/recovery-job.ts";
import { sentTransfers } from "#test/simulation/agent/transfer-ports.ts";
import { auditOf } from "#test/simulation/coordinator/chain-audit.ts";
import type { FaultKind, Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";
import { nonceOf, type SimBlock, type SimChain } from "#test/simulation/world/chain.ts";
import type { Codec } from "#test/simulation/world/codec.ts";
import { guidOf } from "#test/simulation/world/message.ts";
import type { SimQueue } from "#test/simulation/world/queue.ts";
import type { NodeView, Rpc } from "#test/simulation/world/rpc.ts";
import { address, digest, type Site } from "#test/simulation/world/site.ts";
import {
  amountsOf,
  type ChainEvent,
  isEffect,
  type Transaction,
} from "#test/simulation/world/transaction.ts";

const CRASH_CHANCE = 0.07;
const BUMP_WAIT_MS = 30_000;
const BUMP_POLL_MS = 500;
const FEE_PAYER: Address = address("fee payer");

/** Kills the process where a fault says so. */
export type Crash = (kind: FaultKind) => void;

export function crashOf(process: SimProcess, faults: Faults, onCrash: () => void): Crash {
  return (kind) => {
    if (!process.isAlive() || !faults.roll(kind, CRASH_CHANCE)) return;
    faults.bit(kind);
    process.kill();
    onCrash();
    process.requireAlive();
  };
}

/** The journal on disk, which only a living process writes; it may die around every write. */
export function crashingDisk(disk: Journal, process: SimProcess, crash: Crash): Journal {
  return {
    ...disk,
    decisions: {
      ...disk.decisions,
      record: (decision, jobs) => {
        process.requireAlive();
        if (jobs.length > 0) crash("coordinator-crash-before-record");
        disk.decisions.record(decision, jobs);
        if (jobs.length > 0) crash("coordinator-crash-after-record");
      },
    },
    jobs: {
      ...disk.jobs,
      update: (job, event, atMs) => {
        process.requireAlive();
        crash("coordinator-crash-any");
        disk.jobs.update(job, event, atMs);
        crash("coordinator-crash-any");
      },
    },
    messages: {
      ...disk.messages,
      keep: (accepted, refused) => {
        process.requireAlive();
        disk.messages.keep(accepted, refused);
      },
    },
  };
}

export function mandateSigner(
  o: {
    readonly codec: Codec;
    readonly sites: readonly Site[];
    readonly scheduler: Scheduler;
    readonly onSigned: (jobId: string) => void;
  },
  crash: Crash,
): MandateSigner {
  const siteOf = (vault: Address): Site => {
    const site = o.sites.find((one) => one.vault === vault);
    if (site === undefined) throw new RangeError(`${vault}: no such vault`);
    return site;
  };
  return {
    address: o.codec.plannerAddress,
    signMandate: async (mandate, { vault }) => {
      o.onSigned(mandate.jobId);
      const signature = await o.scheduler.track(o.codec.signMandate(mandate, siteOf(vault)));
      crash("coordinator-crash-after-sign");
      return signature;
    },
    signEpochBump: (epoch, leader, { vault }) =>
      o.scheduler.track(o.codec.signBump(epoch, leader, siteOf(vault))),
  };
}

export function jobQueue(
  queues: ReadonlyMap<string, SimQueue>,
  process: SimProcess,
  o: { readonly isDown: () => boolean; readonly crash: Crash },
): JobQueue & RecoveryQueue {
  const add = async (shard: string, id: string, job: object): Promise<SendOutcome> => {
    if (o.isDown()) {
      await process.ask(50, () => undefined);
      throw new RetryableError("queue-add-unknown", `job ${id}: not connected`);
    }
    const outcome = await queues.get(shard)?.send(process, id, job);
    return outcome ?? { sent: false, reason: "removed" };
  };
  return {
    isReady: () => !o.isDown(),
    send: async (job: RebalanceJob) => {
      const outcome = await add(job.shard, queueJobId(job.mandate.jobId), job);
      o.crash("coordinator-crash-after-send");
      return outcome;
    },
    recover: (job) => add(job.shard, recoveryQueueId(job.recoveryId), job),
  };
}

/** One shard's chain as the coordinator reads it, and the fee payer's way to bump its epoch. */
export function shardChain(
  chain: SimChain,
  o: {
    readonly rpc: Rpc;
    readonly codec: Codec;
    readonly process: SimProcess;
    readonly scheduler: Scheduler;
  },
): ShardChain {
  const { rpc } = o;
  return {
    newestBlock: () => rpc.read((view) => chainBlock(view.head)),
    finalBlock: () => rpc.read((view) => chainBlock(known(view.at(view.finalizedNumber)))),
    blockAt: (blockNumber) => rpc.read((view) => chainBlock(known(view.at(blockNumber)))),
    fenceAt: (block) =>
      rpc.read((view) => {
        const { state } = block === "latest" ? view.head : known(view.byHash(block));
        return { epoch: state.epoch, leader: state.leader };
      }),
    isConsumed: (jobId, blockHash) =>
      rpc.read((view) => known(view.byHash(blockHash)).state.consumed.has(jobId)),
    bumpEpoch: (expectedEpoch, newLeader, signature) =>
      bumpEpoch(chain, o, { expectedEpoch, leader: newLeader, signature }),
    auditAt: (blockHash, asked) =>
      rpc.read((view) => {
        const block = view.byHash(blockHash);
        return block === undefined ? undefined : auditOf(block, view, { chain, asked });
      }),
    consumedMandates: (range, jobId) =>
      rpc.read((view) =>
        eventsIn(view, range).flatMap(({ block, event }): ConsumedMandate[] => {
          if (event.type !== "consumed" || (jobId !== undefined && event.jobId !== jobId))
            return [];
          return [consumedMandate(block, event)];
        }),
      ),
    messageFate: ({ guid, srcEid, nonce }, { blockNumber }) =>
      rpc.read((view) => {
        const state = view.at(blockNumber)?.state;
        if (state === undefined) return undefined;
        const kept = state.messages.get(guidOf(srcEid, chain.site.endpointId, BigInt(nonce)));
        const isCredited = state.received.has(guid);
        const committedHash = kept?.stage === "verified" ? kept.payloadHash : null;
        return { committedHash, isPast: isCredited, isCredited };
      }),
    sentMessage: (blockNumber, guid) =>
      rpc.read((view) =>
        sentTransfers(view.at(blockNumber), chain.site.endpointId).find((one) => one.guid === guid),
      ),
    deliveries: (range, guid) =>
      rpc.read((view) =>
        eventsIn(view, range).flatMap(({ block, event }) => {
          if (event.type !== "received" || (guid !== undefined && event.guid !== guid)) return [];
          return [{ guid: event.guid, blockNumber: block.header.number }];
        }),
      ),
  };
}

function known(block: SimBlock | undefined): SimBlock {
  if (block === undefined) throw new RetryableError("chain-unreachable", "unknown block");
  return block;
}

function chainBlock({ header: { number, hash, timestampMs } }: SimBlock): ChainBlock {
  return { number, hash, timestampMs };
}

function eventsIn(
  view: NodeView,
  range: { readonly fromBlock: number; readonly toBlock: number },
): { readonly block: SimBlock; readonly event: ChainEvent }[] {
  const found: { block: SimBlock; event: ChainEvent }[] = [];
  for (let number = Math.max(0, range.fromBlock); number <= range.toBlock; number += 1) {
    const block = view.at(number);
    if (block === undefined) break;
    found.push(...block.events.map((event) => ({ block, event })));
  }
  return found;
}

function consumedMandate(
  block: SimBlock,
  event: Extract<ChainEvent, { type: "consumed" }>,
): ConsumedMandate {
  const effect = block.events.filter(isEffect).find((one) => one.jobId === event.jobId);
  const { amountInRaw, amountOutRaw } = amountsOf(effect);
  return {
    jobId: event.jobId,
    action: event.action,
    blockNumber: block.header.number,
    amountInRaw: amountInRaw.toString(),
    amountOutRaw: amountOutRaw.toString(),
    guid: effect?.type === "sent" ? effect.guid : null,
    dstEid: effect?.type === "sent" ? effect.dstEid : null,
  };
}

type Bump = {
  readonly expectedEpoch: number;
  readonly leader: Address;
  readonly signature: `0x${string}`;
};

/** As adapters/viem-shard-chain.ts: send with the newest block's nonce, then look for the receipt. */
async function bumpEpoch(
  chain: SimChain,
  o: {
    readonly rpc: Rpc;
    readonly codec: Codec;
    readonly process: SimProcess;
    readonly scheduler: Scheduler;
  },
  bump: Bump,
): Promise<void> {
  const { rpc, process, codec, scheduler } = o;
  const signers = await scheduler.track(codec.bumpSigners(bump, chain.site));
  const call = { kind: "bump", ...bump, signers } as const;
  const { nonce, feeWei } = await rpc.read(({ head }) => ({
    nonce: nonceOf(head.state, FEE_PAYER),
    feeWei: head.header.baseFeeWei * 2n,
  }));
  const transaction: Transaction = {
    hash: digest("bump", chain.site.shard, bump.expectedEpoch, nonce, feeWei.toString()),
    from: FEE_PAYER,
    nonce,
    maxFeeWei: feeWei,
    priorityWei: 10n ** 9n,
    valueWei: 0n,
    call,
  };
  const refused = (why: string): RetryableError =>
    new RetryableError("bump-not-included", `${chain.site.shard}: bump ${why}`);
  await rpc.read(() => chain.submit(transaction));
  for (let attempt = 0; attempt < BUMP_WAIT_MS / BUMP_POLL_MS; attempt += 1) {
    const succeeded = await rpc.read((view) => {
      const block = chain
        .minedIn(transaction.hash)
        .find((one) => view.at(one.header.number) === one);
      return block?.mined.find((one) => one.transaction.hash === transaction.hash)?.succeeded;
    });
    if (succeeded === true) return;
    if (succeeded === false) throw refused("reverted");
    await process.wait(BUMP_POLL_MS);
  }
  throw refused(`not in a block after ${BUMP_WAIT_MS} ms`);
}
