import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { SigningCeilingError } from "#shard-agent/ports/sender.ts";
import { type Refusal, refuse } from "#shard-agent/records/admission.ts";
import { isOpen, isTerminal, type JournalEntry } from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { refusalReceipt } from "#shard-agent/stages/build-receipt.ts";
import type { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { RefusalReason } from "#shared/wire/job-receipt.ts";

type RefusePorts = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly scope: ShardScope;
};

/** What became of one queue entry; kept with it in the queue. */
export type JobResult =
  | { readonly outcome: "broadcast"; readonly jobId: Hex; readonly transactionHash: Hex | null }
  | {
      readonly outcome: "refused";
      readonly jobId: Hex | null;
      readonly reason: RefusalReason;
      readonly detail: string;
    };

/** What became of a job that is not run. */
type RefusedJob = Extract<JobResult, { readonly outcome: "refused" }>;

/** Writes a refusal into the journal, where the job is and nothing is signed, and answers it. */
export function refuseEntry(ports: RefusePorts, jobId: Hex, refusal: Refusal): RefusedJob {
  // The entry may have been checked before a crash; both states can be refused.
  const current = ports.journal.get(jobId);
  if (current === undefined || isOpen(current.state) || isTerminal(current.state))
    return answerRefusal(ports, jobId, refusal);
  const { reason, detail } = refusal;
  ports.log.warn("job refused", { jobId, reason, detail });
  const receiptOf = () => refusalReceipt(jobId, refusal, ports.scope, ports.clock.nowMs());
  stepEntry(ports, current, "refuse", { refusal: { reason, detail }, receiptOf });
  return { outcome: "refused", jobId, reason, detail };
}

/** Answers with a refusal; the journal stays as it is. */
export function answerRefusal(ports: RefusePorts, jobId: Hex | null, refusal: Refusal): RefusedJob {
  const { reason, detail } = refusal;
  ports.log.warn("job refused", { jobId, reason, detail });
  if (jobId !== null)
    ports.journal.queueReceipt(refusalReceipt(jobId, refusal, ports.scope, ports.clock.nowMs()));
  return { outcome: "refused", jobId, reason, detail };
}

/** What the journal may have known once and has dropped is over, whatever any clock says. */
export function refusalOfOld(journal: Journal, deadlineSeconds: number): Refusal | null {
  const untilSeconds = journal.prunedUntilSeconds();
  if (deadlineSeconds > untilSeconds) return null;
  const found = `found ${deadlineSeconds}; the journal keeps nothing up to ${untilSeconds}`;
  return refuse("expired", `deadline: ${found}`);
}

/** What a job that comes again is told when the journal has what became of it. */
export function repeatRefusal(known: JournalEntry): Refusal {
  if (known.refusal !== null) return refuse(known.refusal.reason, known.refusal.detail);
  const hash = known.transaction?.hash ?? "none";
  return refuse(
    "already-consumed",
    `mandate.jobId: the journal has ${known.id} in state ${known.state}, transaction ${hash}`,
  );
}

/** Of a job whose gas costs more than it is worth. */
export function gasRefusal(
  { gasLimit, baseFeeWei }: { readonly gasLimit: bigint; readonly baseFeeWei: bigint },
  capWei: bigint,
): Refusal {
  const found = `${gasLimit} gas at a base fee of ${baseFeeWei} wei and a tip`;
  return refuse("fee-too-high", `gas: ${found}; the job's cap is ${capWei} wei`);
}

/** Of a job that waited until its deadline, by what it waited for. */
export function refusalOfLate({ code, message }: RetryableError | SigningCeilingError): Refusal {
  const detail = `mandate.deadline passed; until then ${message}`;
  if (code === "sender-unfunded") return refuse("gas-below-floor", detail);
  return refuse(code === "signing-ceiling" ? "signing-ceiling" : "expired", detail);
}

/** Of what a ceiling keeps from being signed until after its deadline; null when the ceiling lifts before, or is none. */
export function refusalAtCeiling(error: unknown, deadlineSeconds: number): Refusal | null {
  if (!(error instanceof SigningCeilingError)) return null;
  const { liftsAtMs, message } = error;
  if (liftsAtMs !== null && liftsAtMs <= deadlineSeconds * 1000) return null;
  return refuse("signing-ceiling", message);
}

/** The job that a queue entry is named after; null for a name of another kind. */
export function jobIdOfQueueEntry(id: string): Hex | null {
  return /^j-[0-9a-f]{64}$/.test(id) ? `0x${id.slice(2)}` : null;
}
