import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob, releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { keepTransfer } from "#coordinator/cycles/transfers/join-transfers.ts";
import type { JobJournal, Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ChainAudit } from "#coordinator/records/safety/chain-audit.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";

type Ports = {
  readonly jobs: JobJournal;
  readonly journal: Pick<Journal, "transfers">;
  readonly log: Log;
};

/** What was asked of a shard's chain, and the answer. */
type Asked = {
  readonly entry: BookEntry;
  readonly audit: ChainAudit;
  readonly jobIds: readonly Hex[];
  readonly guids: ReadonlySet<string>;
  readonly nowMs: number;
};

/**
 * What is believed consumed or credited by a block, and is not in its chain, has not happened: whatever a report called
 * final.
 */
export function takeBack(state: CoordinatorState, ports: Ports, o: Asked): void {
  const { shard, block } = o.entry.report;
  for (const jobId of o.jobIds) {
    if (o.audit.consumed.has(jobId)) continue;
    const job = state.jobs.get(jobId) ?? ports.jobs.find(jobId);
    if (job?.state !== "settled" && job?.state !== "in-transit") continue;
    // One without a plan was found on the chain itself.
    if (job.planId === null || job.consumption === null) continue;
    if (job.consumption.blockNumber > block.number) continue;
    changeJob(state, ports, job, { event: { type: "consumption-lost" }, nowMs: o.nowMs });
  }
  for (const { guid, blockNumber } of o.entry.report.deliveredTransfers) {
    const isAsked = o.guids.has(guid) && blockNumber <= block.number;
    if (!isAsked || o.audit.credited.has(guid)) continue;
    const job = [...state.jobs.values(), ...settledLately(state, ports)].find((one) => {
      return one.guid === guid && one.target === shard;
    });
    if (job === undefined || job.delivery?.blockNumber !== blockNumber) continue;
    changeJob(state, ports, job, { event: { type: "delivery-lost" }, nowMs: o.nowMs });
    reopen(state, ports, guid, o.nowMs);
  }
}

/** A message that only a lie called delivered is on its way, and looked after, as before. */
function reopen(state: CoordinatorState, ports: Ports, guid: Hex, nowMs: number): void {
  const record = state.transfers.get(guid) ?? ports.journal.transfers.find(guid);
  if (record?.state !== "delivered") return;
  const open = { endedInBlock: null, isEndFinal: false, isClosed: false, observedBlock: null };
  keepTransfer(state, ports, { ...record, ...open, state: "sent", progressAtMs: nowMs });
}

function settledLately({ outcomes }: CoordinatorState, { jobs }: Ports): JobRecord[] {
  return outcomes.flatMap(({ jobId, isDone }) => (isDone ? (jobs.find(jobId) ?? []) : []));
}

/** Settled jobs looked back at, the newest: far more than are done while a shard reports and nothing of it is proved. */
const SETTLED_MAX = 2_000;

/**
 * What the trusted books of quarantined shards do not show counts anew: what only the word of a liar moved, and what is
 * final and younger than those books. Jobs that were over long ago come back as well: to be called whenever a book has
 * given way to an older one, and at the start, since a former run may have ended before it was done with that.
 */
export function recountAll(state: CoordinatorState, ports: Ports, nowMs: number): void {
  if (Object.values(state.safety.trust).every(({ quarantine }) => quarantine === null)) return;
  const over = ports.jobs.list({ limit: SETTLED_MAX, state: "settled" });
  const known = new Map([...over, ...state.jobs.values()].map((job) => [job.jobId, job]));
  for (const job of known.values()) {
    let current = job;
    if (isYounger(state, job.shard, job.consumption))
      current = changeJob(state, ports, current, { event: { type: "book-lost" }, nowMs });
    if (isYounger(state, job.target ?? "", job.delivery))
      changeJob(state, ports, current, { event: { type: "delivery-lost" }, nowMs });
  }
  recount(state, ports, nowMs);
}

/** True for what happened in a final block after that of a quarantined shard's trusted book. */
function isYounger(
  { safety, books }: CoordinatorState,
  shard: string,
  seen: { readonly blockNumber: number; readonly isFinal: boolean } | null,
): boolean {
  const isQuarantined = safety.trust[shard]?.quarantine != null;
  const block = books.get(shard)?.report.block;
  if (!isQuarantined || seen === null || block === undefined) return false;
  return seen.isFinal && seen.blockNumber > block.number;
}

/** What only the word of a liar moved comes back into flight; what the trusted books prove moves on. */
export function recount(state: CoordinatorState, ports: Ports, nowMs: number): void {
  for (const job of [...state.jobs.values()]) {
    const isLost = isUnproved(state, job.shard, job.consumption, (report) => {
      return report.consumedJobs.some((one) => one.jobId === job.jobId);
    });
    const isSeen = job.state === "settled" || job.state === "in-transit";
    if (isLost && isSeen)
      changeJob(state, ports, job, { event: { type: "consumption-lost" }, nowMs });
  }
  for (const job of [...state.jobs.values()]) {
    const isLost = isUnproved(state, job.target ?? "", job.delivery, (report) => {
      return report.deliveredTransfers.some((one) => one.guid === job.guid);
    });
    if (isLost) changeJob(state, ports, job, { event: { type: "delivery-lost" }, nowMs });
  }
  releaseJobs(state, ports, nowMs);
}

/** True for what a quarantined shard said, in a block that is not proved final, and its trusted book does not say. */
function isUnproved(
  state: CoordinatorState,
  shard: string,
  seen: { readonly isFinal: boolean } | null,
  isListed: (report: BookEntry["report"]) => boolean,
): boolean {
  const isQuarantined = state.safety.trust[shard]?.quarantine != null;
  const entry = state.books.get(shard);
  if (!isQuarantined || seen === null || seen.isFinal || entry === undefined) return false;
  return !isListed(entry.report);
}
