import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { isSaidHeld, type TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import {
  noteArrival,
  noteCredit,
  noteMissing,
  noteSent,
  type ReportedAt,
} from "#coordinator/stages/jobs/join-transfer.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Arrival, SentTransfer } from "#shared/wire/transfer-line.ts";

type JoinPorts = { readonly journal: Pick<Journal, "jobs" | "transfers">; readonly log: Log };

/** Most messages followed at a time: more than any set of mandates could have on their way. */
const OPEN_MAX = 512;

/**
 * Joins what the sources and targets of messages say in newly accepted reports, one record per guid.
 * It releases no capital: jobs are settled by the proof of delivery alone (release-in-flight.ts).
 */
export function joinTransfers(
  state: CoordinatorState,
  ports: JoinPorts,
  entries: readonly BookEntry[],
  nowMs: number,
): void {
  for (const { report } of entries) {
    const { number: blockNumber, finalizedNumber } = report.block;
    const finalNumber = Math.min(finalizedNumber, state.finals.get(report.shard)?.number ?? 0);
    const at = { shard: report.shard, blockNumber, finalizedNumber, finalNumber, nowMs };
    const sent = report.transfers.filter((line) => line.side === "source");
    const arrivals = report.transfers.filter((line) => line.side === "target");
    for (const line of sent) joinSent(state, ports, line, at);
    const consumed = report.consumedJobs.flatMap((job) => job.guid ?? []);
    noteAbsent(state, ports, new Set([...sent.map((line) => line.guid), ...consumed]), at);
    for (const line of arrivals) joinArrival(state, ports, line, at);
    for (const { guid, blockNumber: creditedIn } of report.deliveredTransfers) {
      const known = state.transfers.get(guid);
      if (known !== undefined) keepTransfer(state, ports, noteCredit(known, creditedIn, at));
    }
  }
}

/** Only what one of our mandates sent is followed: an agent cannot make up messages. */
export function joinSent(
  state: CoordinatorState,
  ports: JoinPorts,
  line: SentTransfer,
  at: ReportedAt,
): void {
  const known = state.transfers.get(line.guid) ?? ports.journal.transfers.find(line.guid);
  const job = state.jobs.get(line.jobId) ?? ports.journal.jobs.find(line.jobId);
  const isOurs = job?.kind === "transfer" && job.shard === at.shard && job.guid === line.guid;
  if (!isOurs || line.srcEid !== state.setups.get(at.shard)?.endpointId) return;
  if (known === undefined && state.transfers.size >= OPEN_MAX) return;
  const target = [...state.setups.values()].find((one) => one.endpointId === line.dstEid);
  if (known !== undefined && known.payloadHash !== line.payloadHash) {
    const { guid, payloadHash } = line;
    const was = known.payloadHash;
    ports.log.warn("a message left anew with another payload", { guid, was, payloadHash });
  }
  keepTransfer(state, ports, noteSent(known, line, target?.shard ?? null, at));
}

/** What the report lists nowhere, neither as a message nor as a consumed job, may have left the chain. */
function noteAbsent(
  state: CoordinatorState,
  ports: JoinPorts,
  listed: ReadonlySet<string>,
  at: ReportedAt,
): void {
  for (const record of [...state.transfers.values()]) {
    if (record.shard !== at.shard || listed.has(record.guid)) continue;
    const job = state.jobs.get(record.jobId) ?? ports.journal.jobs.find(record.jobId);
    keepTransfer(state, ports, noteMissing(record, at, job));
  }
}

function joinArrival(
  state: CoordinatorState,
  ports: JoinPorts,
  line: Arrival,
  at: ReportedAt,
): void {
  const known = state.transfers.get(line.guid);
  if (known === undefined) return;
  keepTransfer(state, ports, noteArrival(known, line, at));
}

/** Writes a changed record to the journal, then to memory, and says what a person should know. */
export function keepTransfer(
  state: CoordinatorState,
  ports: Pick<JoinPorts, "log"> & { readonly journal: Pick<Journal, "transfers"> },
  next: TransferRecord,
): void {
  const before = state.transfers.get(next.guid);
  if (before !== undefined && JSON.stringify(before) === JSON.stringify(next)) return;
  if (before === undefined && next.isClosed) return;
  if (isNews(before, next)) ports.journal.transfers.update(next);
  if (next.isClosed) state.transfers.delete(next.guid);
  else state.transfers.set(next.guid, next);
  if (before?.state !== next.state) tell(ports.log, before, next);
}

/** A look that found nothing new is not worth a write to disk. */
function isNews(before: TransferRecord | undefined, next: TransferRecord): boolean {
  if (before === undefined) return true;
  const { observedBlock } = next;
  return JSON.stringify({ ...before, observedBlock }) !== JSON.stringify(next);
}

function tell(log: Log, before: TransferRecord | undefined, next: TransferRecord): void {
  const { guid, shard, target, nonce, amountRaw, alert } = next;
  const fields = { guid, shard, target, nonce, amountRaw, from: before?.state, to: next.state };
  if (isSaidHeld(next)) log.error("a transfer will not arrive by itself; people must act", fields);
  else if (next.state === "failed-retryable")
    log.warn("a transfer's delivery failed; it can be retried", {
      ...fields,
      reason: alert?.reason,
    });
  else log.info("transfer changed", fields);
}
