import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob, releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { beginCredits, creditsInDoubt } from "#coordinator/cycles/jobs/follow-credits.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import {
  finishPass,
  formulatePass,
  type PassOutcome,
} from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import { keepSafety, safetyInput } from "#coordinator/cycles/safety/keep-safety.ts";
import type { JobQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { isSaidHeld } from "#coordinator/records/jobs/transfer-record.ts";
import { shardSafety } from "#coordinator/stages/safety/judge-breakers.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { REBALANCE_JOB_VERSION, type RebalanceJob } from "#shared/wire/rebalance-job.ts";

export type RebalancePorts = {
  readonly journal: Journal;
  /** Undefined until Redis has answered for the first time. */
  readonly queue: () => JobQueue | undefined;
  readonly signer: MandateSigner;
  readonly clock: Clock;
  readonly log: Log;
  /** Left out, plans are greedy, and say so where the policy asks for more. */
  readonly solver?: Solver;
};

/** What planning needs: nothing that signs. */
export type PlanPorts = Omit<RebalancePorts, "signer">;

/**
 * One pass: plan on one snapshot (solving a program meanwhile, where the policy asks for it, and then looking again), record the decision with its jobs, only then sign and queue them.
 * Jobs that a crash or a lost connection left unsent go out first, under their old ids. A pass that
 * came to the same as the one before, and issued nothing, is counted and not stored.
 */
export async function rebalance(
  state: CoordinatorState,
  ports: RebalancePorts,
  trigger: PassInput["trigger"],
): Promise<void> {
  await sendUnsent(state, ports);
  // A crash may have come between a book and what it proves: an effect must not count twice.
  releaseJobs(state, { jobs: ports.journal.jobs, log: ports.log }, ports.clock.nowMs());
  keepBroken(state, ports);
  const outcome = await planWith(state, ports, trigger);
  state.passes += 1;
  state.view = outcome.view;
  state.histories = outcome.view.histories;
  if (isRecentreDue(state, outcome.view.atMs)) state.recentredAtMs = outcome.view.atMs;
  for (const [ticker, net] of outcome.view.nets) {
    if (net.netted) state.lastNets.set(ticker, net.net);
  }
  const isNews = outcome.outcome !== state.lastOutcome;
  const isIssuing = outcome.jobs.length > 0 && !state.shadow;
  if (!isNews && !isIssuing) return;
  ports.journal.decisions.record(outcome.decision, outcome.jobs);
  state.lastOutcome = outcome.outcome;
  logDecision(ports.log, outcome.decision);
  if (state.shadow) return;
  for (const job of outcome.jobs) state.jobs.set(job.jobId, job);
  beginCredits(state, outcome.jobs);
  for (const job of outcome.jobs) {
    // What came to light while the ones before were sent holds back the rest, as it would at the next pass.
    if (mayBeSent(state, job) && !(await dispatch(state, ports, job))) return;
  }
}

/**
 * Plans, with the solver where the policy asks for it and there is something to plan. Reports, receipts and orders go on
 * being taken while it solves, so the world is assessed anew afterwards: the solution is replayed on what is true then,
 * and taken only if it is better there than the greedy plan.
 */
export async function planWith(
  state: CoordinatorState,
  ports: PlanPorts,
  trigger: PassInput["trigger"],
): Promise<PassOutcome> {
  const prepared = preparePass(passInput(state, ports, trigger));
  const formulation = formulatePass(prepared);
  if (formulation === undefined) return kept(state, ports, finishPass(prepared));
  const { reportSetHash } = prepared;
  if (ports.solver === undefined) {
    return kept(state, ports, finishPass(prepared, { solve: undefined, reportSetHash }));
  }
  const { timeLimitMs } = state.policy.planning;
  const outcome = await ports.solver.solve(formulation.program, { timeLimitMs });
  if (!outcome.solved)
    ports.log.warn("the plan is greedy: the program was not solved", {
      reason: outcome.reason,
      detail: outcome.detail,
      tookMs: outcome.tookMs,
    });
  releaseJobs(state, { jobs: ports.journal.jobs, log: ports.log }, ports.clock.nowMs());
  const solved = { solve: { formulation, outcome }, reportSetHash };
  return kept(state, ports, finishPass(preparePass(passInput(state, ports, trigger)), solved));
}

/** Keeps where the breakers are now before anything else can happen: no order comes in between. */
function kept(state: CoordinatorState, ports: PlanPorts, outcome: PassOutcome): PassOutcome {
  const { memory, events } = outcome.view.safety;
  keepSafety(state, ports, {
    change: { breakers: memory.breakers, ledger: memory.ledger },
    events: events.map((event) => ({ type: "breaker", ...event })),
    nowMs: outcome.view.atMs,
  });
  return outcome;
}

function passInput(
  state: CoordinatorState,
  ports: PlanPorts,
  trigger: PassInput["trigger"],
): PassInput {
  const { policy, setups, takeOvers, leader, shadow, manualHalt, brokenInvariant } = state;
  const nowMs = ports.clock.nowMs();
  return {
    nowMs,
    trigger,
    sequence: ports.journal.decisions.nextSequence(),
    entries: [...state.books.values()].sort((left, right) =>
      left.report.shard < right.report.shard ? -1 : 1,
    ),
    jobs: [...state.jobs.values()],
    setups,
    takeOvers,
    policy,
    leader,
    shadow,
    manualHalt,
    brokenInvariant,
    standstill: standstill(state, ports),
    isRecentreDue: isRecentreDue(state, nowMs),
    creditsInDoubt: creditsInDoubt(state),
    heldTransfers: [...state.transfers.values()].filter(isSaidHeld),
    safety: safetyInput(state, ports.journal.jobs),
    histories: state.histories,
  };
}

/** Once per interval, whatever is done then: what could not be traded waits for the next one. */
function isRecentreDue({ policy, recentredAtMs }: CoordinatorState, nowMs: number): boolean {
  const { recentreEveryMs } = policy.triggers;
  return recentreEveryMs !== null && nowMs - (recentredAtMs ?? 0) >= recentreEveryMs;
}

/** Why nothing may be issued at all. In shadow mode nothing ever is, so nothing stands in the way of planning. */
function standstill(state: CoordinatorState, ports: PlanPorts): string[] {
  if (state.shadow) return [];
  const queue = ports.queue();
  const redis = queue?.isReady() === true ? [] : ["Redis is not reachable"];
  const busy = [...state.takeOvers.values()].some(
    (one) => one.state === "waiting" && one.isReachable,
  );
  return busy ? [...redis, "taking over a vault"] : redis;
}

async function sendUnsent(state: CoordinatorState, ports: RebalancePorts): Promise<void> {
  if (state.shadow || ports.queue()?.isReady() !== true) return;
  const nowSeconds = ports.clock.nowMs() / 1000;
  for (const job of [...state.jobs.values()]) {
    if (
      job.state !== "recorded" ||
      job.mandate === null ||
      job.mandate.deadlineSeconds <= nowSeconds
    )
      continue;
    if (mayBeSent(state, job) && !(await dispatch(state, ports, job))) return;
  }
}

/** Writes a broken invariant down as a halt: what broke it is over at the next start, and would not be found again. */
function keepBroken({ brokenInvariant }: CoordinatorState, { journal, clock }: PlanPorts): void {
  if (brokenInvariant === undefined) return;
  const reason = `invariant: ${brokenInvariant}`;
  if (journal.halts.current()?.reason === reason) return;
  journal.halts.halt({ reason, atMs: clock.nowMs() });
}

/** A halt, a quarantine, or a vault that is not led any more also holds back what is recorded and not yet sent. */
function mayBeSent(state: CoordinatorState, { shard, mandate }: JobRecord): boolean {
  const takeOver = state.takeOvers.get(shard);
  const isOurs = takeOver?.state === "leading" && takeOver.epoch === mandate?.epoch;
  const { level, quarantine } = shardSafety(state.safety, shard);
  const isHalted = state.manualHalt !== undefined || state.brokenInvariant !== undefined;
  return isOurs && !isHalted && level !== "halt" && quarantine === null;
}

/** False when it could not be sent: then the next ones are not tried either, but by the next pass. */
async function dispatch(
  state: CoordinatorState,
  ports: RebalancePorts,
  job: JobRecord,
): Promise<boolean> {
  const setup = state.setups.get(job.shard);
  const queue = ports.queue();
  if (job.mandate === null || job.params === null || job.planId === null) return true;
  if (setup === undefined || queue === undefined) return false;
  try {
    const { chainId, vault } = setup;
    const signature = await ports.signer.signMandate(job.mandate, { chainId, vault });
    const message: RebalanceJob = {
      version: REBALANCE_JOB_VERSION,
      shard: job.shard,
      planId: job.planId,
      step: job.step,
      mandate: job.mandate,
      params: job.params,
      signatures: [signature],
      issuedAtMs: job.times.recordedAtMs,
    };
    const outcome = await queue.send(message);
    if (outcome.sent) markSent(state, ports, job);
    else logTampering(ports.log, job, outcome.reason);
    return true;
  } catch (error) {
    if (error instanceof RetryableError) {
      ports.log.warn("job not sent; it is sent again while its deadline allows", {
        jobId: job.jobId,
        error,
      });
      return false;
    }
    if (!(error instanceof FatalError)) throw error;
    state.brokenInvariant ??= error.message;
    ports.log.error("an invariant is broken; halted", { jobId: job.jobId, error });
    return false;
  }
}

/** Its mandate is signed, so it cannot be misused; it is sent again until its deadline and then expires. */
function logTampering(log: Log, { jobId, shard }: JobRecord, reason: string): void {
  log.error(`the queue has not kept the job: it was ${reason} there`, { jobId, shard });
}

/** The job may have moved on while it was being sent: the newest record counts. */
function markSent(state: CoordinatorState, ports: RebalancePorts, job: JobRecord): void {
  const newest = state.jobs.get(job.jobId) ?? ports.journal.jobs.find(job.jobId) ?? job;
  const nowMs = ports.clock.nowMs();
  const changed = changeJob(state, { jobs: ports.journal.jobs, log: ports.log }, newest, {
    event: { type: "sent" },
    nowMs,
  });
  if (!isUnresolvedJob(changed)) state.jobs.delete(changed.jobId);
}

function logDecision(log: Log, decision: PassOutcome["decision"]): void {
  const { planId, trigger, shadow, blocked, jobIds, transfers } = decision;
  const underlyings = decision.underlyings.map((one) => {
    return {
      underlying: one.underlying,
      action: one.action,
      reason: one.reason,
      tradeUnits: one.tradeUnits,
    };
  });
  const method = decision.plan?.method;
  log.info("decision", {
    planId,
    ...(method === undefined ? {} : { method }),
    trigger,
    shadow,
    underlyings,
    transfers,
    blocked,
    jobs: jobIds.length,
  });
}
