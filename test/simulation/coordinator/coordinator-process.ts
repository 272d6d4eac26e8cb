import {
  type CoordinatorState,
  newCoordinatorState,
} from "#coordinator/cycles/coordinator-state.ts";
import { recountAll } from "#coordinator/cycles/jobs/take-back.ts";
import { trackJobs } from "#coordinator/cycles/jobs/track-jobs.ts";
import { roundWaitMs } from "#coordinator/cycles/messages/await-round.ts";
import { ingestReceipts } from "#coordinator/cycles/messages/ingest-receipts.ts";
import { ingestReports } from "#coordinator/cycles/messages/ingest-reports.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { auditShard } from "#coordinator/cycles/safety/audit-shard.ts";
import { recallFinality } from "#coordinator/cycles/safety/follow-finality.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import { takeOver } from "#coordinator/cycles/take-over.ts";
import { recoverTransfers } from "#coordinator/cycles/transfers/recover-transfers.ts";
import type { JobQueue, RecoveryQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { StreamInbox } from "#coordinator/ports/stream-inbox.ts";
import type { WatchList } from "#coordinator/ports/watch-list.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { virtualWakeUp } from "#test/simulation/coordinator/virtual-wake-up.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import { ProcessKilled } from "#test/simulation/engine/process.ts";
import { SIMULATED_POLICY, SOLVED_POLICY } from "#test/simulation/world/site.ts";

export type CoordinatorParts = {
  readonly process: SimProcess;
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly journal: Journal;
  readonly signer: MandateSigner;
  readonly queue: JobQueue & RecoveryQueue;
  readonly watchList: WatchList;
  readonly chains: ReadonlyMap<string, ShardChain>;
  readonly reports: StreamInbox;
  readonly receipts: StreamInbox;
  /** Makes the policy ask for solved plans; left out, plans are greedy. */
  readonly solver: Solver | undefined;
  readonly log: Log;
  /** An error that no cycle may throw. */
  readonly onBug: (error: unknown) => void;
};

const PASS_EVERY_MS = 1_000;
const TRACK_EVERY_MS = 1_000;
const LEAD_EVERY_MS = 250;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;
const LOOKBACK_BLOCKS = 5_000;

/** Starts the real cycles of one coordinator, wired as in coordinator/main.ts. */
export function startCoordinator(parts: CoordinatorParts): CoordinatorState {
  const { process, setups, journal, signer, chains, log } = parts;
  const clock = { nowMs: process.nowMs };
  const state = newCoordinatorState({
    setups,
    policy: parts.solver === undefined ? SIMULATED_POLICY : SOLVED_POLICY,
    leader: signer.address,
    shadow: false,
  });
  remember(state, journal);
  recallSafety(state, { journal, log }, clock.nowMs());
  recallFinality(state, { log });
  recountAtStart(state, parts);
  const passes = virtualWakeUp(process, PASS_EVERY_MS);
  const reported = new Set<string>();
  const ports = { journal, clock, log };
  repeat(parts, 0, async () => {
    const cause = await passes.next();
    reported.clear();
    const trigger = cause === "woken" ? "report" : "timer";
    const solver = parts.solver === undefined ? {} : { solver: parts.solver };
    await rebalance(state, { ...ports, ...solver, signer, queue: () => parts.queue }, trigger);
    return undefined;
  });
  repeat(parts, 0, async () => {
    const renewed = await ingestReports(state, { ...ports, inbox: parts.reports });
    if (renewed.size === 0) return undefined;
    for (const shard of renewed) reported.add(shard);
    passes.wake(roundWaitMs(state, reported, clock.nowMs()));
    return undefined;
  });
  repeat(parts, 0, async () => {
    await ingestReceipts(state, { ...ports, inbox: parts.receipts });
    return undefined;
  });
  repeat(parts, TRACK_EVERY_MS, async () => {
    const { watchList } = parts;
    const queue = () => parts.queue;
    const lookbackBlocks = LOOKBACK_BLOCKS;
    await recoverTransfers(state, { ...ports, queue, watchList, chains, lookbackBlocks });
    return undefined;
  });
  const track = { jobs: journal.jobs, chains, clock, log, lookbackBlocks: LOOKBACK_BLOCKS };
  for (const shard of chains.keys()) {
    repeat(parts, TRACK_EVERY_MS, async () => {
      await trackJobs(state, track, shard);
      return undefined;
    });
    repeat(parts, SIMULATED_POLICY.quarantine.auditEveryMs, async () => {
      await auditShard(state, { ...track, journal }, shard);
      return undefined;
    });
    repeat(parts, LEAD_EVERY_MS, async () => {
      await takeOver(state, { ...track, signer, wait: process.wait }, shard);
      return state.takeOvers.get(shard)?.state === "leading" ? "done" : undefined;
    });
  }
  return state;
}

function remember(state: CoordinatorState, journal: Journal): void {
  for (const entry of journal.messages.lastEntries()) state.books.set(entry.report.shard, entry);
  for (const [key, seq] of journal.messages.lastSeqs()) state.lastSeqs.set(key, seq);
  for (const job of journal.jobs.unresolved()) state.jobs.set(job.jobId, job);
  for (const record of journal.transfers.open()) state.transfers.set(record.guid, record);
  state.manualHalt = journal.halts.current();
}

/** It writes, and may die of that; nothing that is started after it runs then. */
function recountAtStart(
  state: CoordinatorState,
  { journal, log, process }: CoordinatorParts,
): void {
  try {
    recountAll(state, { jobs: journal.jobs, journal, log }, process.nowMs());
  } catch (error) {
    if (!(error instanceof ProcessKilled)) throw error;
  }
}

/** As adapters/repeat.ts, over virtual time. */
function repeat(
  { process, onBug }: CoordinatorParts,
  everyMs: number,
  step: () => Promise<"done" | undefined>,
): void {
  const run = async (): Promise<void> => {
    for (let failures = 0; process.isAlive(); ) {
      try {
        if ((await step()) === "done") return;
        failures = 0;
        if (everyMs > 0) await process.wait(everyMs);
      } catch (error) {
        if (error instanceof ProcessKilled) return;
        if (!(error instanceof RetryableError)) onBug(error);
        failures += 1;
        await process.wait(
          Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 6)),
        );
      }
    }
  };
  void run();
}
