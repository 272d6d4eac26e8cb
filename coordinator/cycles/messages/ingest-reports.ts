import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { joinTransfers } from "#coordinator/cycles/transfers/join-transfers.ts";
import type { Journal, RefusedMessage } from "#coordinator/ports/journal.ts";
import type { StreamInbox, StreamMessage } from "#coordinator/ports/stream-inbox.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { contradiction } from "#coordinator/stages/audit/judge-trust.ts";
import { acceptReport } from "#coordinator/stages/messages/accept-report.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

export type IngestPorts = {
  readonly inbox: StreamInbox;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
};

/** Bytes of a refused message that are kept. */
const BODY_HEAD_BYTES = 512;

/**
 * One batch of reports: each is judged on its own, so a bad one never blocks the next; all are
 * journalled in one transaction before any of them counts.
 *
 * @returns The shards whose book is newer now.
 * @throws {RetryableError} If Redis cannot be read.
 */
export async function ingestReports(
  state: CoordinatorState,
  ports: IngestPorts,
): Promise<ReadonlySet<string>> {
  const messages = await ports.inbox.next();
  if (messages.length === 0) return new Set();
  const batch = judgeBatch(state, messages, ports.clock);
  ports.journal.messages.keep(batch.accepted, batch.refused);
  for (const entry of batch.accepted) {
    const { shard, agent, seq } = entry.report;
    claim(state, entry);
    state.lastSeqs.set(`${shard}/${agent}`, seq);
    const count = state.reports.get(shard);
    if (count !== undefined) count.accepted += 1;
  }
  for (const refusal of batch.refused) countRefusal(state, refusal, ports.log);
  if (batch.accepted.length > 0) {
    releaseJobs(state, { jobs: ports.journal.jobs, log: ports.log }, ports.clock.nowMs());
    const believed = batch.accepted.filter(({ report }) => !isQuarantined(state, report.shard));
    joinTransfers(state, ports, believed, ports.clock.nowMs());
  }
  return new Set(batch.accepted.map((entry) => entry.report.shard));
}

/** A report of a shard whose word is not taken is only looked at (audit-shard.ts). */
function claim(state: CoordinatorState, entry: BookEntry): void {
  const { shard } = entry.report;
  const before = state.claims.get(shard);
  const mismatch = before && contradiction(before, entry);
  if (mismatch !== undefined) state.contradictions.set(shard, mismatch);
  state.claims.set(shard, entry);
  if (isQuarantined(state, shard)) return;
  state.books.set(shard, entry);
  state.reportedNet.take(entry.report);
}

function isQuarantined({ safety }: CoordinatorState, shard: string): boolean {
  return safety.trust[shard]?.quarantine != null;
}

type Batch = { readonly accepted: BookEntry[]; readonly refused: RefusedMessage[] };

function judgeBatch(
  state: CoordinatorState,
  messages: readonly StreamMessage[],
  clock: Clock,
): Batch {
  const batch: Batch = { accepted: [], refused: [] };
  const books = new Map(state.books);
  const lastSeqs = new Map(state.lastSeqs);
  for (const message of messages) {
    const setup = state.setups.get(message.shard);
    if (setup === undefined) continue;
    const nowMs = clock.nowMs();
    const agentKey = `${message.shard}/${message.agent}`;
    const outcome = acceptReport(message, {
      setup,
      lastSeq: lastSeqs.get(agentKey) ?? 0,
      lastEntry: books.get(message.shard),
      nowMs,
      sequenceAheadMaxMs: state.policy.staleness.sequenceAheadMaxMs,
    });
    if (outcome.accepted) {
      books.set(message.shard, outcome.entry);
      lastSeqs.set(agentKey, outcome.entry.report.seq);
      batch.accepted.push(outcome.entry);
    } else {
      batch.refused.push(refusedMessage("report", message, { ...outcome, nowMs }));
    }
  }
  return batch;
}

/** A refused message as the journal keeps it. */
export function refusedMessage(
  kind: RefusedMessage["kind"],
  message: StreamMessage,
  why: { readonly reason: string; readonly detail: string; readonly nowMs: number },
): RefusedMessage {
  const { shard, agent, entryId } = message;
  const bodyHead = message.body?.subarray(0, BODY_HEAD_BYTES) ?? new Uint8Array();
  return {
    kind,
    shard,
    agent,
    entryId,
    reason: why.reason,
    detail: why.detail,
    bodyHead,
    atMs: why.nowMs,
  };
}

function countRefusal(state: CoordinatorState, refusal: RefusedMessage, log: Log): void {
  const refused = state.reports.get(refusal.shard)?.refused;
  refused?.set(refusal.reason, (refused.get(refusal.reason) ?? 0) + 1);
  const { shard, agent, entryId, reason, detail } = refusal;
  log.warn("report refused", { shard, agent, entryId, reason, detail });
}
