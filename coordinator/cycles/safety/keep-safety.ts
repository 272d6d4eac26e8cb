import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JobJournal, Journal } from "#coordinator/ports/journal.ts";
import { jobOutcomeOf, OUTCOMES_MAX } from "#coordinator/records/jobs/job-outcome.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { SafetyInput } from "#coordinator/records/safety/safety-input.ts";
import type { SafetyEvent, SafetyMemory } from "#coordinator/records/safety/safety-memory.ts";
import type { ProvedReport } from "#coordinator/records/safety/shard-trust.ts";
import { countRefusals, youngRefusals } from "#coordinator/stages/safety/count-refusals.ts";
import type { Log } from "#shared/ports/log.ts";

/** What is not an event is written at most this often: figures that only moved a little. */
const SAVE_EVERY_MS = 5_000;
/** Jobs looked back at when the process starts. */
const OUTCOMES_AT_START = 200;

export type SafetyPorts = { readonly journal: Journal; readonly log: Log };

/** What a pass needs to know of the time before it. */
export function safetyInput(state: CoordinatorState, jobs: JobJournal): SafetyInput {
  const { safety: memory, outcomes, sharesRaw, proved } = state;
  const live = [...state.jobs.values()].filter((job) => job.kind === "transfer");
  const departed = Object.keys(memory.ledger.transfers).flatMap((jobId): JobRecord[] => {
    const isLive = live.some((job) => job.jobId === jobId);
    const found = isLive ? undefined : jobs.find(jobId);
    return found === undefined ? [] : [found];
  });
  const messages = [...state.transfers.values()];
  return { memory, outcomes, messages, sharesRaw, proved, transfers: [...live, ...departed] };
}

/**
 * Changes a part of what is remembered of safety. Events are on disk when the call returns; figures that
 * moved without one are within a few seconds.
 */
export function keepSafety(
  state: CoordinatorState,
  { journal, log }: SafetyPorts,
  o: {
    readonly change: Partial<SafetyMemory>;
    readonly events: readonly SafetyEvent[];
    readonly nowMs: number;
    /** True of what a person ordered: it is on disk when the call returns, whatever came of it. */
    readonly isOrdered?: boolean;
  },
): void {
  const memory = { ...state.safety, ...o.change };
  const isDue = Math.abs(o.nowMs - state.safetySavedAtMs) >= SAVE_EVERY_MS;
  if (o.events.length > 0 || isDue || o.isOrdered === true) {
    journal.safety.save(memory, o.events);
    state.safetySavedAtMs = o.nowMs;
  }
  state.safety = memory;
  for (const event of o.events) log.warn(`safety: ${event.type}`, { ...event });
}

/** A proof is written down at most this often, by shard: what it is for bears one that is a little older. */
const PROOF_EVERY_MS = 30_000;

/** Keeps what a chain has proved of its shard, for losses to count from and quarantines to fall back on, over restarts. */
export function keepProof(
  state: CoordinatorState,
  { journal }: Pick<SafetyPorts, "journal">,
  proof: ProvedReport,
  nowMs: number,
): void {
  const { shard } = proof.entry.report;
  state.proved.set(shard, proof.entry);
  state.sharesRaw.set(shard, proof.sharesRaw);
  const savedAtMs = state.proofSavedAtMs.get(shard);
  if (savedAtMs !== undefined && Math.abs(nowMs - savedAtMs) < PROOF_EVERY_MS) return;
  journal.safety.keepProof(proof);
  state.proofSavedAtMs.set(shard, nowMs);
}

/**
 * What a former run remembered of safety. A memory that cannot be read never keeps the process from
 * starting: it halts until a person resumes, because what it would have said is not known.
 */
export function recallSafety(
  state: CoordinatorState,
  { journal, log }: SafetyPorts,
  nowMs: number,
): void {
  const found = journal.safety.load();
  if (found.readable) state.safety = found.memory;
  else {
    const reason = `the memory of breakers, quarantines and orders cannot be read: ${found.reason}`;
    // Written down: what is remembered from here on can be read, and the next start must not run on it.
    if (state.manualHalt === undefined) journal.halts.halt({ reason, atMs: nowMs });
    state.manualHalt ??= { reason, atMs: nowMs };
    log.error("halted at start", { reason });
  }
  for (const { entry, sharesRaw } of journal.safety.proofs()) {
    const { shard } = entry.report;
    if (!state.setups.has(shard)) continue;
    state.proved.set(shard, entry);
    state.sharesRaw.set(shard, sharesRaw);
  }
  for (const [shard, { quarantine }] of Object.entries(state.safety.trust)) {
    if (quarantine?.trusted && state.setups.has(shard)) state.books.set(shard, quarantine.trusted);
  }
  for (const job of journal.jobs.list({ limit: OUTCOMES_AT_START }).reverse()) {
    const atMs = job.times.settledAtMs ?? job.times.recordedAtMs;
    rememberOutcome(state, job, atMs);
    rememberRefusal(state, job, atMs);
  }
  state.safety = { ...state.safety, refusals: { ...youngRefusals(state.safety.refusals, nowMs) } };
}

/** Keeps what became of a job for the breakers that count, oldest first; a job that comes back into flight is taken out. */
export function rememberOutcome(state: CoordinatorState, job: JobRecord, atMs: number): void {
  // Of the newest pass, moments after the trade; before the first it counts as what it is pegged to.
  const settlementUsd = state.view?.snapshot.settlementUsd ?? 1;
  const done = { setup: state.setups.get(job.shard), settlementUsd };
  const outcome = jobOutcomeOf(job, done, atMs);
  const known = state.outcomes.find((one) => one.jobId === job.jobId);
  if (outcome === undefined && known === undefined) return;
  const others = state.outcomes.filter((one) => one.jobId !== job.jobId);
  const kept = outcome === undefined ? [] : [{ ...outcome, atMs: known?.atMs ?? atMs }];
  // A late receipt of an old job must not make it the newest.
  state.outcomes = [...others, ...kept]
    .sort((one, other) => one.atMs - other.atMs)
    .slice(-OUTCOMES_MAX);
}

/**
 * Counts what an agent says that it did not do, and what was done since. What is not saved with the next safety event is
 * counted again from the journal's jobs at the next start.
 */
export function rememberRefusal(state: CoordinatorState, job: JobRecord, atMs: number): void {
  const refusals = countRefusals(youngRefusals(state.safety.refusals, atMs), job, atMs);
  if (refusals === state.safety.refusals) return;
  state.safety = { ...state.safety, refusals: { ...refusals } };
}
