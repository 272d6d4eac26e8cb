import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { recount, recountAll, takeBack } from "#coordinator/cycles/jobs/take-back.ts";
import type { TrackPorts } from "#coordinator/cycles/jobs/track-jobs.ts";
import { followFinality } from "#coordinator/cycles/safety/follow-finality.ts";
import { keepProof, keepSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { isUnresolvedJob } from "#coordinator/records/jobs/job-record.ts";
import type { ChainAudit } from "#coordinator/records/safety/chain-audit.ts";
import type { SafetyEvent } from "#coordinator/records/safety/safety-memory.ts";
import { notSeen, type ShardTrust, TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { askChain } from "#coordinator/stages/audit/ask-chain.ts";
import { checkFigures } from "#coordinator/stages/audit/check-figures.ts";
import { compareWithChain } from "#coordinator/stages/audit/compare-chain.ts";
import { correctedEntry } from "#coordinator/stages/audit/correct-entry.ts";
import type { Mismatch } from "#coordinator/stages/audit/differ.ts";
import { judgeFinality } from "#coordinator/stages/audit/judge-finality.ts";
import { judgeTrust, type TrustLook } from "#coordinator/stages/audit/judge-trust.ts";
import type { Hex } from "#shared/units/ids.ts";

export type AuditPorts = TrackPorts & { readonly journal: Journal };

/**
 * Looks at a shard's newest report: against its chain at that very block, and against its own book and
 * market. Quarantines it, keeps the last book its chain proved, and believes it again; notes since when not all of its
 * chain could be seen.
 *
 * @throws {RetryableError} If the chain cannot be read; nothing is concluded then.
 */
export async function auditShard(
  state: CoordinatorState,
  ports: AuditPorts,
  shard: string,
): Promise<void> {
  try {
    await look(state, ports, shard);
  } catch (error) {
    noteUnseen(state, ports, { shard, parts: ["its chain"] });
    throw error;
  }
}

/** Only what is claimed can be missed: of a shard that never reported nothing is to be seen. */
function noteUnseen(
  state: CoordinatorState,
  ports: AuditPorts,
  { shard, parts }: { readonly shard: string; readonly parts: readonly string[] },
): void {
  const before = state.safety.trust[shard] ?? TRUSTED;
  if (!state.claims.has(shard) || (before.unseen === null && parts.length === 0)) return;
  const nowMs = ports.clock.nowMs();
  const trust: ShardTrust = { ...before, unseen: notSeen(before.unseen, parts, nowMs) };
  const change = { trust: { ...state.safety.trust, [shard]: trust } };
  keepSafety(state, ports, { change, events: [], nowMs });
}

async function look(state: CoordinatorState, ports: AuditPorts, shard: string): Promise<void> {
  const entry = state.waiting.get(shard)?.entry ?? state.claims.get(shard);
  const setup = state.setups.get(shard);
  const chain = ports.chains.get(shard);
  if (setup === undefined || chain === undefined) return;
  await followFinality(state, ports, shard, chain);
  if (entry === undefined) return;
  if (state.audited.get(shard) === entry) {
    // All of it was seen; that its chain did not answer meanwhile has hidden nothing.
    if (state.proved.get(shard) === entry) noteUnseen(state, ports, { shard, parts: [] });
    return;
  }
  const turn = state.looks.get(shard) ?? 0;
  const ours = ourBusiness(state, ports, entry);
  const asked = askChain(entry.report, setup, { ...ours, turn });
  const { depthToleranceFraction } = state.policy.quarantine;
  const about = { setup, asked, guids: ours.guids, depthToleranceFraction };
  const audit = await readTwice(
    () => chain.auditAt(entry.report.block.hash, asked),
    (one) => compareWithChain(entry.report, { ...about, audit: one }) === undefined,
  );
  if (audit === undefined && (await mayStillCome(state, { chain, setup, entry, ports }))) {
    noteUnseen(state, ports, { shard, parts: [`block ${entry.report.block.number}`] });
    return;
  }
  state.waiting.delete(shard);
  state.looks.set(shard, turn + 1);
  state.audited.set(shard, entry);
  const mismatch = audit && compareWithChain(entry.report, { ...about, audit });
  conclude(state, ports, { setup, entry, audit, ours, mismatch });
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

/**
 * A block that our node does not have says nothing while it may still come: the same report is looked at again, however
 * many newer ones come meanwhile, or naming newer and newer blocks that do not exist would never be found out. A node
 * that itself stands still says nothing either.
 */
async function mayStillCome(
  state: CoordinatorState,
  o: {
    readonly chain: ShardChain;
    readonly setup: ShardSetup;
    readonly entry: BookEntry;
    readonly ports: AuditPorts;
  },
): Promise<boolean> {
  const { shard, staleAfterMs } = o.setup;
  const nowMs = o.ports.clock.nowMs();
  const sinceMs = state.waiting.get(shard)?.sinceMs ?? nowMs;
  state.waiting.set(shard, { entry: o.entry, sinceMs });
  if ((state.finals.get(shard)?.number ?? 0) >= o.entry.report.block.number) return false;
  if (nowMs - sinceMs < staleAfterMs) return true;
  const newest = await o.chain.newestBlock();
  return nowMs - newest.timestampMs > staleAfterMs;
}

/** So many audits back a job that is over is still asked for: a lie may stand in a report between two of them. */
const LATELY_AUDITS = 5;

type Ours = { readonly jobIds: readonly Hex[]; readonly guids: ReadonlySet<string> };

/** Jobs of the shard whose consumption can be told, and messages to it whose credit can: unresolved ones, and those over that are listed or ended lately. */
function ourBusiness(state: CoordinatorState, ports: AuditPorts, { report }: BookEntry): Ours {
  const { shard } = report;
  const latelyMs = LATELY_AUDITS * state.policy.quarantine.auditEveryMs;
  const nowMs = ports.clock.nowMs();
  const open = [...state.jobs.values()].filter(isUnresolvedJob);
  const own = open.filter((job) => job.shard === shard);
  const lately = state.outcomes.filter((one) => one.isDone && nowMs - one.atMs <= latelyMs);
  const over = state.outcomes.filter((one) => {
    const isListed = report.consumedJobs.some(({ jobId }) => jobId === one.jobId);
    return one.shard === shard && (isListed || lately.includes(one));
  });
  const ended = lately.flatMap(({ jobId }) => ports.jobs.find(jobId) ?? []);
  const arriving = [...open, ...ended].filter((job) => job.target === shard);
  return {
    jobIds: [...new Set([...own, ...over].map(({ jobId }) => jobId))],
    guids: new Set(arriving.flatMap(({ guid }) => guid ?? [])),
  };
}

type Seen = {
  readonly setup: ShardSetup;
  readonly entry: BookEntry;
  readonly audit: ChainAudit | undefined;
  readonly ours: Ours;
  readonly mismatch: Mismatch | undefined;
};

function conclude(state: CoordinatorState, ports: AuditPorts, seen: Seen): void {
  const { setup, entry, audit, ours } = seen;
  const { shard } = setup;
  const { figureToleranceFraction } = state.policy.quarantine;
  const nowMs = ports.clock.nowMs();
  const mismatch = seen.mismatch ?? unfinal(state, setup, entry, nowMs) ?? state.lies.get(shard);
  state.lies.delete(shard);
  const look: TrustLook = {
    entry,
    chain: mismatch ?? outcomeOf(audit),
    unseen: audit?.unseen ?? [],
    figures: checkFigures(entry, figureToleranceFraction),
    replicas: state.contradictions.get(shard),
    outcomes: state.outcomes,
  };
  state.contradictions.delete(shard);
  const proved = state.proved.get(shard) ?? null;
  const corrected =
    audit !== undefined && mismatch !== undefined ? correctedEntry(entry, audit, setup) : null;
  const before = state.safety.trust[shard] ?? TRUSTED;
  const change = judgeTrust(before, look, {
    policy: state.policy.quarantine,
    nowMs,
    trusted: look.chain === "proved" ? entry : (proved ?? corrected),
  });
  // Shares are those of the proved book's block: the ledger takes a change of shares for money that the book shows.
  if (look.chain === "proved" && audit !== undefined)
    keepProof(state, ports, { entry, sharesRaw: audit.sharesRaw.toString() }, nowMs);
  const events = eventsOf(shard, change, nowMs);
  keepSafety(state, ports, {
    change: { trust: { ...state.safety.trust, [shard]: change.trust } },
    events,
    nowMs,
  });
  const planned = state.books.get(shard);
  plan(state, shard, { entry, ended: change.ended });
  if (audit !== undefined) takeBack(state, ports, { entry, audit, ...ours, nowMs });
  const book = state.books.get(shard);
  if (book === undefined || book === planned) return;
  const isOlder = planned && book.report.block.timestampMs < planned.report.block.timestampMs;
  if (isOlder === true) recountAll(state, ports, nowMs);
  else recount(state, ports, nowMs);
}

function outcomeOf(audit: ChainAudit | undefined): "proved" | "partly" | "unproven" {
  if (audit === undefined) return "unproven";
  return audit.unseen.size === 0 ? "proved" : "partly";
}

/** A block that is called final, and is not after all the time our own node may take to hear of it. */
function unfinal(
  state: CoordinatorState,
  { shard, staleAfterMs: graceMs }: ShardSetup,
  { report }: BookEntry,
  nowMs: number,
): Mismatch | undefined {
  const finalNumber = state.finals.get(shard)?.number ?? 0;
  const before = state.finalClaims.get(shard);
  const judged = judgeFinality(before, report.block.finalizedNumber, {
    finalNumber,
    nowMs,
    graceMs,
  });
  if (judged.claim === undefined) state.finalClaims.delete(shard);
  else state.finalClaims.set(shard, judged.claim);
  return judged.mismatch;
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
