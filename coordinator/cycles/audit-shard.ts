import { changeJob, releaseJobs } from "#coordinator/cycles/change-jobs.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { keepSafety } from "#coordinator/cycles/keep-safety.ts";
import type { TrackPorts } from "#coordinator/cycles/track-jobs.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { ChainAudit } from "#coordinator/records/chain-audit.ts";
import { isUnresolvedJob } from "#coordinator/records/job-record.ts";
import type { SafetyEvent } from "#coordinator/records/safety-memory.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { TRUSTED } from "#coordinator/records/shard-trust.ts";
import { checkFigures } from "#coordinator/stages/check-figures.ts";
import { compareWithChain, correctedEntry } from "#coordinator/stages/compare-chain.ts";
import { judgeTrust, type TrustLook } from "#coordinator/stages/judge-trust.ts";
import type { Hex } from "#shared/units/ids.ts";

export type AuditPorts = TrackPorts & { readonly journal: Journal };

/**
 * Looks at a shard's newest report: against its chain at that very block, and against its own book and
 * market. Quarantines it, keeps the last book its chain proved, and believes it again.
 *
 * @throws {RetryableError} If the chain cannot be read; nothing is concluded then.
 */
export async function auditShard(
  state: CoordinatorState,
  ports: AuditPorts,
  shard: string,
): Promise<void> {
  const entry = state.claims.get(shard);
  const setup = state.setups.get(shard);
  const chain = ports.chains.get(shard);
  if (entry === undefined || setup === undefined || chain === undefined) return;
  if (state.audited.get(shard) === entry) return;
  const { block } = entry.report;
  const ours = jobsOf(state, entry, ports.clock.nowMs());
  const audit = await readTwice(
    () => chain.auditAt(block.hash, ours),
    (one) => compareWithChain(entry.report, one, setup, ours) === undefined,
  );
  // A block our node does not have yet says nothing; one that is missing behind the final one does.
  if (audit === undefined && (await chain.finalBlock()).number < block.number) return;
  state.audited.set(shard, entry);
  conclude(state, ports, { setup, entry, audit, ours });
}

/**
 * What the chain says; asked again where it contradicts the report. A node may answer for its newest block
 * out of the state of the one that is just being added, and by then it is no longer the newest.
 */
async function readTwice(
  read: () => Promise<ChainAudit | undefined>,
  agrees: (audit: ChainAudit) => boolean,
): Promise<ChainAudit | undefined> {
  const first = await read();
  return first === undefined || agrees(first) ? first : read();
}

/** So many audits back a job that is over is still asked for: a lie may have stood in a report between two of them. */
const LATELY_AUDITS = 5;

/** Jobs of the shard whose consumption can be told: unresolved ones, and those over that are listed or ended lately. */
function jobsOf(state: CoordinatorState, { report }: BookEntry, nowMs: number): Hex[] {
  const latelyMs = LATELY_AUDITS * state.policy.quarantine.auditEveryMs;
  const own = [...state.jobs.values()].filter((job) => {
    return job.shard === report.shard && isUnresolvedJob(job);
  });
  const over = state.outcomes.filter((one) => {
    const isListed = report.consumedJobs.some(({ jobId }) => jobId === one.jobId);
    const isLately = one.isDone && nowMs - one.atMs <= latelyMs;
    return one.shard === report.shard && (isListed || isLately);
  });
  return [...new Set([...own, ...over].map(({ jobId }) => jobId))];
}

type Seen = {
  readonly setup: ShardSetup;
  readonly entry: BookEntry;
  readonly audit: ChainAudit | undefined;
  readonly ours: readonly Hex[];
};

function conclude(
  state: CoordinatorState,
  ports: AuditPorts,
  { setup, entry, audit, ours }: Seen,
): void {
  const { shard } = setup;
  const { figureToleranceFraction } = state.policy.quarantine;
  const mismatch = audit && compareWithChain(entry.report, audit, setup, ours);
  const look: TrustLook = {
    entry,
    chain: audit === undefined ? "unproven" : (mismatch ?? "proved"),
    figures: checkFigures(entry, figureToleranceFraction),
    replicas: state.contradictions.get(shard),
    outcomes: state.outcomes,
  };
  state.contradictions.delete(shard);
  const nowMs = ports.clock.nowMs();
  const proved = state.proved.get(shard) ?? null;
  const corrected =
    audit !== undefined && mismatch !== undefined ? correctedEntry(entry, audit, setup) : null;
  const before = state.safety.trust[shard] ?? TRUSTED;
  const change = judgeTrust(before, look, {
    policy: state.policy.quarantine,
    nowMs,
    trusted: look.chain === "proved" ? entry : (proved ?? corrected),
  });
  if (audit !== undefined) state.sharesRaw.set(shard, audit.sharesRaw.toString());
  if (look.chain === "proved") state.proved.set(shard, entry);
  const events = eventsOf(shard, change, nowMs);
  keepSafety(state, ports, {
    change: { trust: { ...state.safety.trust, [shard]: change.trust } },
    events,
    nowMs,
  });
  const planned = state.books.get(shard);
  plan(state, shard, { entry, ended: change.ended });
  if (audit !== undefined) takeBack(state, ports, { entry, audit, ours, nowMs });
  if (state.books.get(shard) !== planned) recount(state, ports, nowMs);
}

/** Which book is planned on: the trusted one in quarantine, else the newest. */
function plan(
  state: CoordinatorState,
  shard: string,
  o: { readonly entry: BookEntry; readonly ended: unknown },
): void {
  const quarantine = state.safety.trust[shard]?.quarantine;
  if (quarantine) {
    if (quarantine.trusted !== null) state.books.set(shard, quarantine.trusted);
  } else if (o.ended !== undefined) {
    state.books.set(shard, o.entry);
  }
}

/** What is believed consumed by a block, and is not in its state, is not done: whatever a report called final. */
function takeBack(
  state: CoordinatorState,
  ports: AuditPorts,
  o: Pick<Seen, "entry" | "ours"> & { readonly audit: ChainAudit; readonly nowMs: number },
): void {
  const { block } = o.entry.report;
  for (const jobId of o.ours) {
    if (o.audit.consumed.has(jobId)) continue;
    const job = state.jobs.get(jobId) ?? ports.jobs.find(jobId);
    if (job?.state !== "settled" && job?.state !== "in-transit") continue;
    // One without a plan was found on the chain itself.
    if (job.planId === null || job.consumption === null) continue;
    if (job.consumption.blockNumber > block.number) continue;
    changeJob(state, ports, job, { event: { type: "consumption-lost" }, nowMs: o.nowMs });
  }
}

/** Jobs that only the word of a liar moved come back into flight; what the trusted books prove moves on. */
function recount(state: CoordinatorState, ports: AuditPorts, nowMs: number): void {
  for (const job of [...state.jobs.values()]) {
    const { consumption } = job;
    const entry = state.books.get(job.shard);
    const isQuarantined = state.safety.trust[job.shard]?.quarantine != null;
    if (!isQuarantined || consumption === null || consumption.isFinal || entry === undefined)
      continue;
    if (entry.report.consumedJobs.some((one) => one.jobId === job.jobId)) continue;
    if (job.state !== "settled" && job.state !== "in-transit") continue;
    changeJob(state, ports, job, { event: { type: "consumption-lost" }, nowMs });
  }
  releaseJobs(state, ports, nowMs);
}

function eventsOf(
  shard: string,
  { began, ended, trust }: ReturnType<typeof judgeTrust>,
  atMs: number,
): SafetyEvent[] {
  const base = { type: "quarantine", atMs, shard, reason: null } as const;
  const detail = trust.evidence.findLast((one) => one.kind === began);
  const text = detail === undefined ? "" : `${detail.said}; found ${detail.found}`;
  if (began !== undefined) return [{ ...base, kind: began, isOver: false, detail: text }];
  if (ended !== undefined)
    return [{ ...base, kind: ended, isOver: true, detail: "honest for long enough" }];
  return [];
}
