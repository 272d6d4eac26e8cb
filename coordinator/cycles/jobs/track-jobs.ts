import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob } from "#coordinator/cycles/jobs/change-jobs.ts";
import { findCredit, leftAtMs } from "#coordinator/cycles/jobs/find-credit.ts";
import { isInDoubt, knownGuids } from "#coordinator/cycles/jobs/follow-credits.ts";
import type { JobJournal } from "#coordinator/ports/journal.ts";
import type { BlockRange, ChainBlock, ShardChain } from "#coordinator/ports/shard-chain.ts";
import {
  isInFlight,
  isUndecided,
  isUnresolvedJob,
  type JobRecord,
} from "#coordinator/records/jobs/job-record.ts";
import { MOVED_BLOCKS_MAX } from "#coordinator/stages/jobs/judge-credit.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

export type TrackPorts = {
  readonly jobs: JobJournal;
  readonly chains: ReadonlyMap<string, ShardChain>;
  readonly clock: Clock;
  readonly log: Log;
  /** How far back events are searched for, in blocks. */
  readonly lookbackBlocks: number;
};

/** After this long without a report that shows it, the chain itself is asked. */
const ASK_CHAIN_AFTER_MS = 30_000;

/**
 * Asks one shard's chain about the jobs reports cannot decide: those whose deadline a final block has
 * passed (consumed at that block, or dead for ever), and transfers that were consumed or delivered
 * while no report could say so.
 *
 * @throws {RetryableError} If the chain cannot be read; nothing is concluded of what it was asked.
 */
export async function trackJobs(
  state: CoordinatorState,
  ports: TrackPorts,
  shard: string,
): Promise<void> {
  const chain = ports.chains.get(shard);
  const jobs = [...state.jobs.values()].filter((job) => isInFlight(job) && !job.shadow);
  const nowMs = ports.clock.nowMs();
  const mayBeDead = jobs.filter((job) => job.shard === shard && isPastDeadline(job, nowMs));
  const known = knownGuids(state);
  const arriving = jobs.filter((job) => {
    const isAsked = isLong(job, nowMs) || isInDoubt(state, job, known);
    return job.target === shard && isOnItsWay(job) && isAsked;
  });
  const unproven = [...state.jobs.values()].filter((job) => isLongUnproven(job, shard, nowMs));
  if (chain === undefined || mayBeDead.length + arriving.length + unproven.length === 0) return;
  const at = { chain, final: await chain.finalBlock() };
  const isOver = ({ mandate }: JobRecord) =>
    (mandate?.deadlineSeconds ?? 0) * 1000 < at.final.timestampMs;
  await eachByItself([
    ...mayBeDead.filter(isOver).map((job) => () => decide(state, ports, job, at)),
    ...arriving.map((job) => () => noteDelivery(state, ports, job, at)),
    ...unproven.map((job) => async () => {
      if (job.shard === shard) await proveConsumption(state, ports, job, at);
      if (job.target === shard) await proveDelivery(state, ports, job, at);
    }),
  ]);
}

/** What the chain does not tell of one job, as when its node gives no old events, keeps no other in flight. */
async function eachByItself(questions: readonly (() => Promise<void>)[]): Promise<void> {
  let failure: RetryableError | undefined;
  for (const ask of questions) {
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}

/** A chain, and its newest final block. */
type At = { readonly chain: ShardChain; readonly final: ChainBlock };

function isPastDeadline(job: JobRecord, nowMs: number): boolean {
  if (job.mandate === null || job.state === "in-transit" || job.consumption?.isFinal === true)
    return false;
  return job.mandate.deadlineSeconds * 1000 < nowMs;
}

function isOnItsWay(job: JobRecord): boolean {
  // Also while its source's book is silent: what arrived meanwhile is in the target's book.
  const hasLeft = job.state === "in-transit" || job.consumption !== null;
  return hasLeft && job.delivery === null && job.arrivedInBlock === null;
}

function isLong(job: JobRecord, nowMs: number): boolean {
  const leftAtMs = job.times.includedBlockTimestampMs ?? job.times.recordedAtMs;
  return nowMs - leftAtMs > ASK_CHAIN_AFTER_MS;
}

/** Believed from a block that was not final, and no report has come since that could say that it is. */
function isLongUnproven(job: JobRecord, shard: string, nowMs: number): boolean {
  if (!isUnresolvedJob(job) || (job.shard !== shard && job.target !== shard)) return false;
  const seenAtMs = job.times.settledAtMs ?? job.times.includedBlockTimestampMs ?? nowMs;
  const isSeen = job.state === "settled" || job.state === "in-transit";
  return isSeen && nowMs - seenAtMs > ASK_CHAIN_AFTER_MS;
}

/** What was believed of a block at or below the final one is proved there, or taken back once the book no longer has it. */
async function proveConsumption(
  state: CoordinatorState,
  ports: TrackPorts,
  job: JobRecord,
  at: At,
): Promise<void> {
  const believed = job.consumption;
  if (believed === null || believed.isFinal || believed.blockNumber > at.final.number) return;
  const isConsumed = await at.chain.isConsumed(job.jobId, at.final.hash);
  const found = isConsumed ? await findConsumption(state, ports, job, at) : undefined;
  const now = newest(state, ports, job);
  const book = state.books.get(job.shard)?.report;
  if (now.consumption?.isFinal !== false) return;
  if (found === undefined && book?.consumedJobs.some((one) => one.jobId === job.jobId)) return;
  const event =
    found === undefined
      ? ({ type: "consumption-lost" } as const)
      : ({ type: "consumed", ...found } as const);
  changeJob(state, ports, now, { event, nowMs: ports.clock.nowMs() });
}

async function proveDelivery(
  state: CoordinatorState,
  ports: TrackPorts,
  job: JobRecord,
  at: At,
): Promise<void> {
  const believed = job.delivery;
  if (believed === null || believed.isFinal || job.guid === null) return;
  if (believed.blockNumber > at.final.number) return;
  const range = searched(at, ports, believed.blockNumber);
  const [found] = await at.chain.deliveries(range, job.guid);
  const now = newest(state, ports, job);
  const book = state.books.get(job.target ?? "")?.report;
  if (now.delivery?.isFinal !== false) return;
  if (found === undefined && book?.deliveredTransfers.some((one) => one.guid === job.guid)) return;
  const event =
    found === undefined
      ? ({ type: "delivery-lost" } as const)
      : ({
          type: "delivered",
          delivery: { blockNumber: found.blockNumber, isFinal: true },
        } as const);
  changeJob(state, ports, now, { event, nowMs: ports.clock.nowMs() });
}

async function decide(
  state: CoordinatorState,
  ports: TrackPorts,
  job: JobRecord,
  at: At,
): Promise<void> {
  const isConsumed = await at.chain.isConsumed(job.jobId, at.final.hash);
  if (!isConsumed) {
    const now = newest(state, ports, job);
    // A report has shown it meanwhile, of a block that is not final or that does not exist: proveConsumption takes it back.
    if (!isUndecided(now)) return;
    const event = { type: "not-consumed" } as const;
    changeJob(state, ports, now, { event, nowMs: ports.clock.nowMs() });
    return;
  }
  const found = await findConsumption(state, ports, job, at);
  const event = { type: "proved", ...found } as const;
  changeJob(state, ports, newest(state, ports, job), { event, nowMs: ports.clock.nowMs() });
}

/** The blocks in which something is looked for, however long ago it was seen, or can have been, at the earliest. */
export function searched(
  { final }: Pick<At, "final">,
  { lookbackBlocks }: TrackPorts,
  seenInBlock: number,
): BlockRange {
  const fromBlock = Math.min(final.number - lookbackBlocks, seenInBlock - MOVED_BLOCKS_MAX);
  return { fromBlock, toBlock: final.number };
}

/** Blocks may come twice as fast as the configuration says. */
const BLOCK_TIME_SLACK = 2;

/** A block of a chain that is no younger than a moment. */
export function blockBefore(
  { number, timestampMs }: ChainBlock,
  sinceMs: number,
  blockTimeMs = Number.POSITIVE_INFINITY,
): number {
  const blocks = Math.max(0, timestampMs - sinceMs) / blockTimeMs;
  return Math.floor(number - BLOCK_TIME_SLACK * blocks);
}

/**
 * Where and with what amounts the vault consumed a job that it has consumed at the final block: looked for back to where
 * it was seen, or to when it was recorded. A transfer whose guid is not found could never be seen to arrive.
 */
export async function findConsumption(
  state: CoordinatorState,
  ports: TrackPorts,
  job: JobRecord,
  at: At,
) {
  const { blockTimeMs } = state.setups.get(job.shard) ?? {};
  const recordedIn = blockBefore(at.final, job.times.recordedAtMs, blockTimeMs);
  const range = searched(at, ports, job.consumption?.blockNumber ?? recordedIn);
  const [found] = await at.chain.consumedMandates(range, job.jobId);
  const consumption = {
    blockNumber: found?.blockNumber ?? at.final.number,
    blockTimestampMs: null,
    amountInRaw: found?.amountInRaw ?? "0",
    amountOutRaw: found?.amountOutRaw ?? "0",
    isFinal: true,
  };
  return { consumption, guid: found?.guid ?? null };
}

/**
 * A credit that no report could show counts once the target's book is of its block or a later one, and so contains the
 * money. That there is none counts as far as the chain was asked.
 */
async function noteDelivery(
  state: CoordinatorState,
  ports: TrackPorts,
  job: JobRecord,
  at: At,
): Promise<void> {
  const { guid } = job;
  if (guid === null) return;
  const look = await findCredit(
    state,
    ports,
    { guid, sentAtMs: () => leftAtMs(ports.chains, job) },
    at,
  );
  if (look.is === "absent") state.absences.set(job.jobId, { guid, throughBlock: at.final.number });
  // What the endpoint has done with is in the book or lost, whatever reports left out.
  if (look.is === "gone") state.absences.delete(job.jobId);
  if (look.is !== "credited") return;
  const book = state.books.get(job.target ?? "");
  const { blockNumber } = look.delivery;
  // Only once the target's book is of that block or a later one does it contain the money. That book may list it no
  // more: it is remembered now, so that not one pass counts the money in the book and on its way.
  const isShown = book !== undefined && book.report.block.number >= blockNumber;
  const event = isShown
    ? ({ type: "delivered", delivery: { blockNumber, isFinal: true } } as const)
    : ({ type: "arrived", blockNumber } as const);
  changeJob(state, ports, newest(state, ports, job), { event, nowMs: ports.clock.nowMs() });
}

/** Reports may have moved the job while the chain was being asked, or ended it. */
function newest(state: CoordinatorState, { jobs }: TrackPorts, job: JobRecord): JobRecord {
  return state.jobs.get(job.jobId) ?? jobs.find(job.jobId) ?? job;
}
