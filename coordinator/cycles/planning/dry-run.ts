import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { type PlanPorts, planWith } from "#coordinator/cycles/rebalance.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { DryRunOutcome } from "#coordinator/ports/operator.ts";
import { type ShardSetup, staleAfterMs } from "#coordinator/records/shard-setup.ts";
import { policyProblems } from "#coordinator/stages/plans/check-policy.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Log } from "#shared/ports/log.ts";

/**
 * What a pass would do now, by the very code of one: nothing is recorded, signed or sent, and nothing of the coordinator
 * changes. It plans on a copy of the state, at one instant, and with a solver of its own, so that no real pass waits.
 *
 * @param policy Instead of the coordinator's own.
 */
export function dryRuns(
  state: CoordinatorState,
  ports: Omit<PlanPorts, "log">,
): (policy?: Policy) => Promise<DryRunOutcome> {
  let isOn = false;
  return async (policy) => {
    const problems = policy === undefined ? [] : problemsOf(state, policy);
    if (problems.length > 0) return { ran: false, problem: "invalid-policy", reasons: problems };
    if (isOn) return { ran: false, problem: "busy", reasons: ["another dry run is on"] };
    isOn = true;
    try {
      return await runDry(policy === undefined ? state : underPolicy(state, policy), ports);
    } finally {
      isOn = false;
    }
  };
}

async function runDry(
  state: CoordinatorState,
  ports: Omit<PlanPorts, "log">,
): Promise<DryRunOutcome> {
  const nowMs = ports.clock.nowMs();
  const { books, jobs: all, absences } = state;
  const copies = { books: new Map(books), jobs: new Map(all), absences: new Map(absences) };
  const copy = { ...state, ...copies };
  const still = {
    ...ports,
    journal: unwritten(ports.journal),
    clock: { nowMs: () => nowMs },
    log: SILENT,
  };
  // What a pass does first: what the books show already is no longer in flight.
  releaseJobs(copy, { jobs: still.journal.jobs, log: SILENT }, nowMs);
  const { decision, jobs } = await planWith(copy, still, "operator");
  return { ran: true, decision, jobs };
}

/** Reads go through, writes go nowhere. */
function unwritten(journal: Journal): Journal {
  return {
    decisions: { ...journal.decisions, record: nowhere },
    jobs: { ...journal.jobs, update: nowhere },
    messages: { ...journal.messages, keep: nowhere },
    transfers: { ...journal.transfers, update: nowhere },
    halts: { ...journal.halts, halt: nowhere, resume: nowhere },
    safety: { ...journal.safety, save: nowhere },
  };
}

function nowhere(): void {}

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

function problemsOf({ setups }: CoordinatorState, policy: Policy): string[] {
  const shards = [...setups.values()].map(({ shard, underlyings }) => ({ id: shard, underlyings }));
  return policyProblems(shards, policy);
}

function underPolicy(state: CoordinatorState, policy: Policy): CoordinatorState {
  const { reportFloorMs } = policy.staleness;
  const setups = [...state.setups].map(([shard, setup]): [string, ShardSetup] => {
    return [shard, { ...setup, staleAfterMs: staleAfterMs(reportFloorMs, setup.blockTimeMs) }];
  });
  return { ...state, policy, setups: new Map(setups) };
}
