import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob, remember } from "#coordinator/cycles/jobs/change-jobs.ts";
import {
  blockBefore,
  findConsumption,
  searched,
  type TrackPorts,
} from "#coordinator/cycles/jobs/track-jobs.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type {
  ChainBlock,
  ConsumedMandate,
  Fence,
  ShardChain,
} from "#coordinator/ports/shard-chain.ts";
import { isUndecided, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { RetryableError } from "#shared/errors.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import { ACTION_TRANSFER } from "#shared/wire/rebalance-job.ts";

export type TakeOverPorts = TrackPorts & {
  readonly signer: MandateSigner;
  /** Waits; false when the process is stopping. */
  readonly wait: (ms: number) => Promise<boolean>;
};

/**
 * Takes over one vault: bumps its epoch, waits until the bump is final, then settles what is left of
 * the time before. After that no mandate of an older epoch can ever execute: those that the final
 * block does not show as consumed are superseded; transfers that left and have not arrived are in
 * flight, even if the journal was lost.
 *
 * To be called until it returns; every failure leaves the shard `waiting` with its reason.
 *
 * @throws {RetryableError} If the chain cannot be reached or the bump did not get through.
 */
export async function takeOver(
  state: CoordinatorState,
  ports: TakeOverPorts,
  shard: string,
): Promise<void> {
  const chain = ports.chains.get(shard);
  const setup = state.setups.get(shard);
  if (chain === undefined || setup === undefined) return;
  try {
    const epoch = await bump(state, ports, { chain, setup });
    const final = await untilFinal(state, ports, { chain, setup, epoch });
    if (final === undefined) return;
    await settlePast(state, ports, { shard, chain, final });
    await rebuildTransfers(state, ports, { shard, chain, final });
    state.takeOvers.set(shard, { state: "leading", epoch, leader: state.leader });
    ports.log.info("took over", { shard, epoch });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const isReachable = !(error instanceof RetryableError && error.code.startsWith("chain-"));
    state.takeOvers.set(shard, { state: "waiting", reason, isReachable });
    throw error;
  }
}

type Shard = { readonly chain: ShardChain; readonly setup: ShardSetup };

/** Bumps the epoch once and returns the one that is ours. */
async function bump(
  state: CoordinatorState,
  ports: TakeOverPorts,
  { chain, setup }: Shard,
): Promise<number> {
  const fence = await chain.fenceAt("latest");
  const pending = state.bumpedEpochs.get(setup.shard);
  if (pending !== undefined && isOurs(fence, pending, state.leader)) return pending;
  wait(state, setup.shard, `bumping the epoch to ${fence.epoch + 1}`);
  const { chainId, vault } = setup;
  const signature = await ports.signer.signEpochBump(fence.epoch, state.leader, { chainId, vault });
  await chain.bumpEpoch(fence.epoch, state.leader, signature);
  state.bumpedEpochs.set(setup.shard, fence.epoch + 1);
  return fence.epoch + 1;
}

function isOurs(fence: Fence, epoch: number, leader: string): boolean {
  return fence.epoch === epoch && fence.leader.toLowerCase() === leader.toLowerCase();
}

function wait(state: CoordinatorState, shard: string, reason: string): void {
  state.takeOvers.set(shard, { state: "waiting", reason, isReachable: true });
}

/** The final block at which the bump stands; undefined when the process is stopping. */
async function untilFinal(
  state: CoordinatorState,
  ports: TakeOverPorts,
  { chain, setup, epoch }: Shard & { readonly epoch: number },
): Promise<ChainBlock | undefined> {
  const reason = `epoch ${epoch} is not final yet`;
  for (;;) {
    wait(state, setup.shard, reason);
    const final = await chain.finalBlock();
    const fence = await chain.fenceAt(final.hash);
    if (isOurs(fence, epoch, state.leader)) return final;
    const head = await chain.fenceAt("latest");
    if (!isOurs(head, epoch, state.leader)) {
      throw new RetryableError(
        "bump-lost",
        `${setup.shard}: the vault is at epoch ${head.epoch} of ${head.leader}; ours was ${epoch}`,
      );
    }
    if (!(await ports.wait(Math.max(250, setup.blockTimeMs / 2)))) return undefined;
  }
}

type Past = { readonly shard: string; readonly chain: ShardChain; readonly final: ChainBlock };

async function settlePast(
  state: CoordinatorState,
  ports: TakeOverPorts,
  { shard, chain, final }: Past,
): Promise<void> {
  const undecided = [...state.jobs.values()].filter((job) => {
    return job.shard === shard && isUndecided(job);
  });
  for (const job of undecided) {
    const isConsumed = await chain.isConsumed(job.jobId, final.hash);
    const found = isConsumed && (await findConsumption(state, ports, job, { chain, final }));
    // Reports may have moved it while the chain was being asked.
    const newest = state.jobs.get(job.jobId) ?? ports.jobs.find(job.jobId) ?? job;
    if (found !== false) {
      const event = { type: "proved", ...found } as const;
      changeJob(state, ports, newest, { event, nowMs: ports.clock.nowMs() });
    } else if (isUndecided(newest)) {
      // Else a report has shown it meanwhile in a block that does not stand: what took it back decides.
      changeJob(state, ports, newest, {
        event: { type: "superseded" },
        nowMs: ports.clock.nowMs(),
      });
    }
  }
}

/** Transfers the chain knows and the journal does not, as far back as events are searched. */
async function rebuildTransfers(
  state: CoordinatorState,
  ports: TakeOverPorts,
  past: Past,
): Promise<void> {
  const range = { fromBlock: past.final.number - ports.lookbackBlocks, toBlock: past.final.number };
  const consumed = await past.chain.consumedMandates(range);
  for (const mandate of consumed) {
    if (mandate.action !== ACTION_TRANSFER || mandate.guid === null) continue;
    if (ports.jobs.find(mandate.jobId) !== undefined) continue;
    const target = [...state.setups.values()].find((setup) => setup.endpointId === mandate.dstEid);
    const job = rebuiltTransfer(state, past, mandate, {
      target: target?.shard ?? null,
      nowMs: ports.clock.nowMs(),
    });
    const leftMs = leftAtMs(state, past, mandate);
    if (job === undefined || (await hasArrived(state, ports, job, leftMs))) continue;
    remember(state, ports, job, { event: "rebuilt from chain events", nowMs: ports.clock.nowMs() });
    ports.log.warn("transfer in flight that the journal did not know", {
      jobId: job.jobId,
      shard: job.shard,
      target: job.target,
    });
  }
}

/** Blocks may take twice as long as the configuration says. */
const BLOCK_TIME_SLACK = 2;

/** The earliest moment at which a mandate of a block before the final one can have been consumed. */
function leftAtMs(
  state: CoordinatorState,
  { shard, final }: Past,
  mandate: ConsumedMandate,
): number {
  const blockTimeMs = state.setups.get(shard)?.blockTimeMs ?? 0;
  return final.timestampMs - BLOCK_TIME_SLACK * (final.number - mandate.blockNumber) * blockTimeMs;
}

/**
 * True when the target's final blocks since a transfer left show the delivery, however many they are: its chain may be far
 * faster than the source's. An unreachable target leaves it in flight.
 */
async function hasArrived(
  state: CoordinatorState,
  ports: TakeOverPorts,
  job: JobRecord,
  leftMs: number,
): Promise<boolean> {
  const chain = job.target === null ? undefined : ports.chains.get(job.target);
  if (chain === undefined || job.guid === null) return false;
  try {
    const final = await chain.finalBlock();
    const { blockTimeMs } = state.setups.get(job.target ?? "") ?? {};
    const range = searched({ final }, ports, blockBefore(final, leftMs, blockTimeMs));
    return (await chain.deliveries(range, job.guid)).length > 0;
  } catch (error) {
    if (error instanceof RetryableError) return false;
    throw error;
  }
}

function rebuiltTransfer(
  state: CoordinatorState,
  { shard }: Past,
  mandate: ConsumedMandate,
  { target, nowMs }: { readonly target: string | null; readonly nowMs: number },
): JobRecord | undefined {
  const setup = state.setups.get(shard);
  if (setup === undefined) return undefined;
  return {
    jobId: mandate.jobId,
    planId: null,
    step: 0,
    shard,
    target,
    kind: "transfer",
    state: "in-transit",
    shadow: false,
    underlying: null,
    expectedDeltaUnits: 0,
    preparedDeltaUnits: 0,
    optionExposure: null,
    // The settlement asset is worth about one USD; only an estimate is needed of what is on its way.
    amountUsd: unitsFromRaw(BigInt(mandate.amountInRaw), setup.settlement.decimals),
    amountOutOfShardRaw: mandate.amountInRaw,
    mandate: null,
    params: null,
    reportSet: [],
    guid: mandate.guid,
    refusal: null,
    consumption: {
      blockNumber: mandate.blockNumber,
      blockTimestampMs: null,
      amountInRaw: mandate.amountInRaw,
      amountOutRaw: mandate.amountOutRaw,
      isFinal: true,
    },
    delivery: null,
    arrivedInBlock: null,
    times: {
      oldestBlockTimestampMs: nowMs,
      acceptedAtMs: nowMs,
      decidedAtMs: nowMs,
      recordedAtMs: nowMs,
      sentAtMs: null,
      includedBlockTimestampMs: null,
      settledAtMs: null,
    },
    receipt: null,
  };
}
