import {
  answerRefusal,
  gasRefusal,
  type JobResult,
  jobIdOfQueueEntry,
  refusalAtCeiling,
  refusalOfLate,
  refusalOfOld,
  refuseEntry,
  repeatRefusal,
} from "#shard-agent/cycles/refuse-job.ts";
import {
  broadcastEntry,
  isNotSigned,
  nextNonce,
  requireFunds,
  type SendPorts,
  sendCall,
} from "#shard-agent/cycles/send-call.ts";
import { stepEntry } from "#shard-agent/cycles/step-entry.ts";
import type { ChainReader, VaultReader } from "#shard-agent/ports/chain.ts";
import type { JobEncoder, JobVerifier } from "#shard-agent/ports/job-desk.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Pause } from "#shard-agent/ports/pause.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import { type Lane, SigningCeilingError } from "#shard-agent/ports/sender.ts";
import { refuse } from "#shard-agent/records/admission.ts";
import {
  isOpen,
  isTerminal,
  type JournalEntry,
  newEntry,
} from "#shard-agent/records/journal-entry.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { admitJob, type JobConditions } from "#shard-agent/stages/admit-job.ts";
import { authenticateJob } from "#shard-agent/stages/authenticate-job.ts";
import { progressReceipt } from "#shard-agent/stages/build-receipt.ts";
import { gasFeeCapWei, openingFees } from "#shard-agent/stages/price-gas.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import { describeIssues } from "#shared/wire/describe-issues.ts";
import { type RebalanceJob, rebalanceJobSchema } from "#shared/wire/rebalance-job.ts";

const RETRY_PAUSE_MS = 200;
/** A job that the journal gives back belongs to this agent as far as the queue can say. */
const OWN_LEASE: Lease = { isHeld: () => true, renew: async () => true };

export type ExecutePorts = SendPorts & {
  readonly chain: Pick<ChainReader, "head">;
  readonly vault: VaultReader;
  readonly watch: ReadWatch;
  readonly verifier: JobVerifier;
  readonly encoder: JobEncoder;
  readonly lane: Lane;
  readonly memory: Memory;
  readonly scope: ShardScope;
  readonly pause: Pause;
};

/**
 * One job, from the queue to bytes that are in the journal and broadcast. Whether they take effect is
 * for the tracker to see. A refusal is a result with a receipt, never an exception; a queue entry that
 * comes again after a crash goes on where the journal stands.
 *
 * Nothing is signed or first broadcast once the lease has run out, however long the process was
 * stopped: another agent may have the job by then.
 *
 * @throws {RetryableError} When the shutdown cut a wait short, or `lease-lost`.
 */
export async function executeJob(
  ports: ExecutePorts,
  entry: { readonly id: string; readonly data: unknown },
  lease: Lease,
): Promise<JobResult> {
  const parsed = rebalanceJobSchema.safeParse(entry.data);
  if (!parsed.success) {
    const detail = describeIssues(parsed.error, entry.data).join("; ");
    return answerRefusal(ports, jobIdOfQueueEntry(entry.id), refuse("malformed", detail));
  }
  const job = parsed.data;
  const { jobId } = job.mandate;
  const authentic = authenticateJob(job, await ports.verifier.prove(job), ports.scope);
  if (!authentic.admitted) return answerRefusal(ports, jobId, authentic);
  if (ports.journal.get(jobId) === undefined) {
    const over = refusalOfOld(ports.journal, job.mandate.deadlineSeconds);
    if (over !== null) return answerRefusal(ports, jobId, over);
    receive(ports, job);
  }
  return runJob(ports, job, lease);
}

/**
 * Goes on with every job that a crash left unsigned, from the journal alone: the queue may have lost
 * it, or give it back much later.
 */
export async function resumeJobs(ports: ExecutePorts): Promise<void> {
  for (const entry of ports.journal.unfinished()) {
    if (entry.kind !== "job" || isOpen(entry.state)) continue;
    const job = rebalanceJobSchema.parse(JSON.parse(entry.payload));
    const { id: jobId } = entry;
    ports.log.info("going on with a job from the journal", { jobId });
    try {
      await runJob(ports, job, OWN_LEASE);
    } catch (error) {
      // As after a change of the configuration. The tracker gives it up after its deadline.
      if (!(error instanceof FatalError && isNotSigned(error))) throw error;
      ports.log.error("a job from the journal is not signed", { jobId, error });
    }
  }
}

function receive(ports: ExecutePorts, job: RebalanceJob): void {
  const entry = newEntry({
    id: job.mandate.jobId,
    kind: "job",
    state: "received",
    payload: JSON.stringify(job),
    deadlineSeconds: job.mandate.deadlineSeconds,
    gasFeeCapWei: gasFeeCapWei(job.params, ports.memory.snapshot, ports.scope),
    updatedAtMs: ports.clock.nowMs(),
  });
  ports.journal.insert(entry);
}

/** The same bytes again: the vault takes them once, whatever happened to the first broadcast. */
async function resume(ports: ExecutePorts, known: JournalEntry): Promise<JobResult> {
  await broadcastEntry(ports, known);
  return {
    outcome: "broadcast",
    jobId: known.id as Hex,
    transactionHash: known.transaction?.hash ?? null,
  };
}

async function runJob(ports: ExecutePorts, job: RebalanceJob, lease: Lease): Promise<JobResult> {
  for (;;) {
    try {
      return await ports.lane.run(() => attemptJob(ports, job, lease));
    } catch (error) {
      const { jobId, deadlineSeconds } = job.mandate;
      const beyond = refusalAtCeiling(error, deadlineSeconds);
      if (beyond !== null) return ports.lane.run(async () => refuseEntry(ports, jobId, beyond));
      // Only reads and ceilings throw these, and only before anything is signed.
      if (!(error instanceof RetryableError || error instanceof SigningCeilingError)) throw error;
      ports.log.warn("job waits", { jobId, error });
      if (!lease.isHeld() && !(await lease.renew())) {
        ports.log.warn("job left alone: its lease ran out and another agent may have it", {
          jobId,
        });
        throw new RetryableError("lease-lost", `${jobId}: not signed`);
      }
      if (ports.clock.nowMs() > deadlineSeconds * 1000) {
        const late = refusalOfLate(error);
        return ports.lane.run(async () => refuseEntry(ports, jobId, late));
      }
      if (!(await ports.pause(RETRY_PAUSE_MS))) throw error;
    }
  }
}

/** Judges the journal inside the lane: the same job may come from the queue and from the journal at once. */
async function attemptJob(
  ports: ExecutePorts,
  job: RebalanceJob,
  lease: Lease,
): Promise<JobResult> {
  const { jobId } = job.mandate;
  const known = ports.journal.get(jobId);
  if (known === undefined) throw new FatalError("journal-conflict", `Journal has no ${jobId}.`);
  if (isTerminal(known.state) || known.state === "included")
    return answerRefusal(ports, jobId, repeatRefusal(known));
  return isOpen(known.state)
    ? resume(ports, known)
    : sendJob(ports, job, { received: known, lease });
}

async function sendJob(
  ports: ExecutePorts,
  job: RebalanceJob,
  { received, lease }: { readonly received: JournalEntry; readonly lease: Lease },
): Promise<JobResult> {
  const { jobId } = job.mandate;
  const conditions = await readConditions(ports, job);
  const admission = admitJob(job, conditions, ports.scope);
  if (!admission.admitted) return refuseEntry(ports, jobId, admission);
  const call = ports.encoder.encode(job, conditions.nativeFeeWei);
  const prepared = await ports.sender.prepare(call);
  if (prepared.reverts)
    return refuseEntry(ports, jobId, refuse("simulation-reverted", prepared.detail));
  const { gasFees: terms } = ports.scope;
  const gasFeeCap = gasFeeCapWei(job.params, ports.memory.snapshot, ports.scope);
  const fees = openingFees({ ...prepared, gasFeeCapWei: gasFeeCap, terms });
  if (fees === null) return refuseEntry(ports, jobId, gasRefusal(prepared, gasFeeCap));
  const { address } = ports.sender;
  const funds = { address, balanceWei: conditions.senderBalanceWei };
  requireFunds(ports.memory, funds, { call, ...prepared, ...fees });
  const nonce = await nextNonce(ports, conditions.head);
  // The last look before signing; everything after it is one synchronous step and the signature.
  if (!lease.isHeld())
    throw new RetryableError("lease-expired", `${jobId}: looked at too long ago`);
  const checked = received.state === "received" ? stepEntry(ports, received, "check") : received;
  const capped = { ...checked, gasFeeCapWei: gasFeeCap };
  const sent = await sendCall(ports, capped, call, {
    ...prepared,
    ...fees,
    nonce,
    mayBroadcast: lease.isHeld,
  });
  const scope = ports.scope;
  ports.journal.queueReceipt(
    progressReceipt(sent, "broadcast", { scope, atMs: ports.clock.nowMs() }),
  );
  return {
    outcome: "broadcast",
    jobId,
    transactionHash: sent.transaction?.hash ?? null,
  };
}

async function readConditions(
  ports: ExecutePorts,
  job: RebalanceJob,
): Promise<JobConditions & { readonly head: BlockHeader }> {
  // Just started: a job waits for the first report rather than being refused for want of one.
  if (ports.memory.reportBlockTimestampMs === null)
    throw new RetryableError("no-report-yet", "no report has been published since the start");
  const head = await ports.chain.head();
  const [vault, senderBalanceWei] = await Promise.all([
    ports.vault.state(job.mandate.jobId, head),
    ports.vault.senderBalanceWei(head),
  ]);
  // A fee is only worth asking for when the vault would still take the mandate.
  const nativeFeeWei = vault.consumed ? 0n : await ports.encoder.nativeFeeWei(job.params);
  return {
    head,
    disagreement: describeDisagreement(ports.watch.disagreement()),
    nowMs: ports.clock.nowMs(),
    headTimestampMs: head.timestampMs,
    vault,
    senderBalanceWei,
    reportBlockTimestampMs: ports.memory.reportBlockTimestampMs,
    nativeFeeWei,
  };
}

function describeDisagreement(found: ReturnType<ReadWatch["disagreement"]>): string | null {
  return found === null ? null : `${found.what}: ${found.endpoints.join(", ")}`;
}
