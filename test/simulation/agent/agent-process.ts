import type { KeyObject } from "node:crypto";
import { redisSignedStream } from "#shard-agent/adapters/redis/redis-signed-stream.ts";
import { serialLane } from "#shard-agent/adapters/sending/serial-lane.ts";
import { jobKeeper } from "#shard-agent/cycles/keep-jobs.ts";
import { recoverTransfer } from "#shard-agent/cycles/recover-transfer.ts";
import { resumeUnfinished } from "#shard-agent/cycles/resume-unfinished.ts";
import { runAgent } from "#shard-agent/cycles/run-agent.ts";
import { withFinality } from "#shard-agent/cycles/watch-finality.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import { uniswapV3Venue } from "#shard-agent/venues/uniswap-v3.ts";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { RECOVERY_QUEUE_PREFIX } from "#shared/wire/recovery-job.ts";
import type { ExpectedTransfer } from "#shared/wire/transfer-line.ts";
import {
  type AgentSite,
  chainReader,
  feedReader,
  sender,
  transactionReader,
  vaultReader,
} from "#test/simulation/agent/agent-ports.ts";
import { lyingPublisher } from "#test/simulation/agent/lying-publisher.ts";
import { recoveryDesk, transferReader } from "#test/simulation/agent/transfer-ports.ts";
import { ProcessKilled } from "#test/simulation/engine/process.ts";
import {
  plantedChain,
  plantedVerifier,
  plantedWatch,
} from "#test/simulation/plant/planted-agent.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";
import type { QueueWatcher, QueueWorker } from "#test/simulation/world/queue.ts";
import type { KeeperRole } from "#test/simulation/world/simulated-world.ts";
import { scopeOf } from "#test/simulation/world/site.ts";
import type { Streams } from "#test/simulation/world/streams.ts";
import { MESSAGE_FEE_WEI } from "#test/simulation/world/vault.ts";

export type AgentParts = AgentSite & {
  readonly journal: Journal;
  readonly expected: () => readonly ExpectedTransfer[];
  readonly reporterKey: KeyObject;
  readonly reports: Streams;
  readonly receipts: Streams;
  readonly log: Log;
  readonly role: KeeperRole;
  readonly plants: Plants;
  readonly work: (worker: QueueWorker) => void;
  readonly watchQueue: (watcher: QueueWatcher) => void;
  readonly onFatal: (error: unknown) => void;
  /** Told of every block of which a report says what is not so. */
  readonly onLie: (blockHash: string) => void;
};

const HEAD_POLL_MS = 250;
const STANDBY_MS = 3_000;
/** Short of any real one: what is over is dropped while the queue and the chain may still bring it back. */
const JOURNAL_KEEP_DAYS = 15_000 / 86_400_000;
const PRUNE_EVERY_MS = 1_000;
const LOST_RACES_MAX_WEI = "500000000000000000";

/** Two stalled workers may both act in the simulation: the chain has to bear it. */
const HELD = { isHeld: () => true, renew: async () => true };

/** Starts the real cycles of one agent, wired as in shard-agent/main.ts. */
export function startAgent(parts: AgentParts): void {
  const { chain, codec, process, journal, log, agent } = parts;
  const { site } = chain;
  const clock = { nowMs: process.nowMs };
  const memory: Memory = { snapshot: null, reportBlockTimestampMs: null, health: null };
  const scope = scopeOf(site, agent, codec.plannerAddress);
  const stream = (streams: Streams, kind: string) =>
    redisSignedStream({
      streamKey: `${kind}:${agent}`,
      writer: streams.writer(process, agent),
      journal,
      clock,
      key: parts.reporterKey,
      // By virtual time: which numbers a restart goes on above depends on when they were reserved.
      after: (delayMs, run) => void process.wait(delayMs).then(run),
    });
  const ports = {
    scope,
    journal,
    clock,
    log,
    memory,
    watch: withFinality(plantedWatch(parts.rpc, parts.plants), memory),
    sender: sender(parts),
    lane: serialLane(),
    chain: plantedChain(chainReader(parts), parts.plants),
    transactions: transactionReader(parts),
    transfers: transferReader(parts),
    expected: { read: () => process.ask(1, parts.expected) },
    recoveryDesk: recoveryDesk(parts),
    vault: vaultReader(parts),
    feeds: feedReader(parts),
    verifier: plantedVerifier({ prove: (job) => track(codec.prove(job, site)) }, parts.plants),
    encoder: {
      nativeFeeWei: (params: { readonly kind: string }) =>
        parts.rpc.read(() => (params.kind === "transfer" ? MESSAGE_FEE_WEI : 0n)),
      encode: (job: Parameters<typeof codec.prove>[0], feeWei: bigint) =>
        codec.encodeJob(job, feeWei, site),
      encodeSettle: (seriesId: `0x${string}`, roundId: bigint) =>
        codec.encodeSettle(seriesId, roundId, site),
    },
    venue: uniswapV3Venue(scope),
    reports: lyingPublisher(stream(parts.reports, "report"), parts.faults, parts.onLie),
    receipts: stream(parts.receipts, "receipt"),
    pause: process.wait,
  };
  function track<T>(work: Promise<T>): Promise<T> {
    return parts.scheduler.track(work);
  }
  const running = runAgent(ports, {
    headPollMs: HEAD_POLL_MS,
    keepDays: JOURNAL_KEEP_DAYS,
    pruneEveryMs: PRUNE_EVERY_MS,
    onFatal: parts.onFatal,
  });
  takeJobs(parts, ports, running);
  void resumeUnfinished(ports).catch((error: unknown) => {
    if (!(error instanceof ProcessKilled) && process.isAlive()) parts.onFatal(error);
  });
}

type Ports = Parameters<typeof resumeUnfinished>[0];

/** Jobs from the queue, jobs seen in it, or both, as the role says. */
function takeJobs(
  { role, process, faults, onFatal, work, watchQueue }: AgentParts,
  ports: Ports,
  running: ReturnType<typeof runAgent>,
): void {
  const isStandby = role === "standby";
  const keeper = jobKeeper(ports, {
    role,
    lostRacesMaxWeiPerDay: LOST_RACES_MAX_WEI,
    standbyMs: STANDBY_MS,
    onDone: () => {
      faults.saw(isStandby ? "job done by a stand-by" : "job done by a competitor");
      running.flushReceipts();
    },
  });
  const onJob: QueueWatcher["onJob"] = (entry) => {
    keeper.see(entry).catch((error: unknown) => {
      if (error instanceof FatalError && process.isAlive()) onFatal(error);
    });
  };
  if (role !== "share") watchQueue({ process, onJob });
  if (isStandby) return;
  const handle: QueueWorker["handle"] = async (entry) => {
    const isRecovery = entry.id.startsWith(RECOVERY_QUEUE_PREFIX);
    const result = isRecovery
      ? await recoverTransfer(ports, entry, HELD)
      : await keeper.take(entry, HELD);
    running.flushReceipts();
    return result;
  };
  work({ process, handle });
}
