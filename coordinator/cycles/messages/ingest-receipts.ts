import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob } from "#coordinator/cycles/jobs/change-jobs.ts";
import { type IngestPorts, refusedMessage } from "#coordinator/cycles/messages/ingest-reports.ts";
import {
  noteRecoveryReceipt,
  recordOfRecovery,
} from "#coordinator/cycles/transfers/recover-transfers.ts";
import type { RefusedMessage } from "#coordinator/ports/journal.ts";
import type { StreamMessage } from "#coordinator/ports/stream-inbox.ts";
import { NO_RACES } from "#coordinator/records/jobs/race-count.ts";
import { countRace } from "#coordinator/stages/jobs/count-race.ts";
import { acceptReceipt, type ReceiptSubject } from "#coordinator/stages/messages/accept-receipt.ts";
import type { JobReceipt } from "#shared/wire/job-receipt.ts";

/**
 * One batch of receipts. They are hints: they tell how far a job is and what it cost, and never
 * release it. A receipt seen before changes nothing.
 *
 * @throws {RetryableError} If Redis cannot be read.
 */
export async function ingestReceipts(state: CoordinatorState, ports: IngestPorts): Promise<void> {
  const messages = await ports.inbox.next();
  const refused = messages.flatMap((message) => ingestOne(state, ports, message) ?? []);
  ports.journal.messages.keep([], refused);
}

function ingestOne(
  state: CoordinatorState,
  ports: IngestPorts,
  message: StreamMessage,
): RefusedMessage | undefined {
  const setup = state.setups.get(message.shard);
  if (setup === undefined) return undefined;
  const nowMs = ports.clock.nowMs();
  const { jobs } = ports.journal;
  const outcome = acceptReceipt(message, setup, (id) => subjectOf(state, ports, id));
  if (!outcome.accepted) {
    count(state, outcome.reason);
    const { reason, detail } = outcome;
    ports.log.warn("receipt refused", {
      shard: message.shard,
      agent: message.agent,
      reason,
      detail,
    });
    return refusedMessage("receipt", message, { reason, detail, nowMs });
  }
  count(state, outcome.receipt.outcome);
  const { subject, receipt } = outcome;
  if (subject.kind === "recovery") noteRecoveryReceipt(state, ports, receipt);
  else {
    noteRace(state, receipt);
    const event = { type: "receipt", receipt } as const;
    changeJob(state, { jobs, log: ports.log }, subject.job, { event, nowMs });
  }
  return undefined;
}

function subjectOf(
  state: CoordinatorState,
  { journal }: IngestPorts,
  id: string,
): ReceiptSubject | undefined {
  const job = state.jobs.get(id) ?? journal.jobs.find(id);
  if (job !== undefined) return { kind: "job", shard: job.shard, job };
  const target = recordOfRecovery(state, journal, id)?.target;
  return target === undefined || target === null ? undefined : { kind: "recovery", shard: target };
}

function count(state: CoordinatorState, key: string): void {
  state.receipts.set(key, (state.receipts.get(key) ?? 0) + 1);
}

function noteRace(state: CoordinatorState, receipt: JobReceipt): void {
  const before = state.lostRaces.get(receipt.agent) ?? NO_RACES;
  const after = countRace(before, receipt);
  if (after !== before) state.lostRaces.set(receipt.agent, after);
}
