import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { dryRuns } from "#coordinator/cycles/planning/dry-run.ts";
import { operateSafety } from "#coordinator/cycles/safety/operate-safety.ts";
import {
  operateTransfers,
  transferCounts,
} from "#coordinator/cycles/transfers/operate-transfers.ts";
import { riskView } from "#coordinator/cycles/view-risk.ts";
import { shardView } from "#coordinator/cycles/view-shard.ts";
import type { JobQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { CountersView, Operator } from "#coordinator/ports/operator.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

export type OperatePorts = {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly isRedisReady: () => boolean;
  /** Undefined until Redis has answered for the first time. */
  readonly queue: () => JobQueue | undefined;
  /** For dry runs alone; left out, they plan greedily. */
  readonly solver?: Solver;
};

/** What people see and order, over the shared state and the journal. */
export function operate(state: CoordinatorState, ports: OperatePorts): Operator {
  const { journal, clock, log } = ports;
  return {
    risk: () => riskView(state),
    shards: () => [...state.setups.values()].map((setup) => shardView(state, setup, clock.nowMs())),
    jobs: (query) => journal.jobs.list(query),
    ...operateTransfers(state, ports),
    decisions: (limit) => journal.decisions.list(limit),
    plan: (planId) => journal.decisions.find(planId),
    dryRun: dryRuns(state, ports),
    refusedMessages: (limit) => journal.messages.refused(limit),
    counters: () => counters(state, journal, clock.nowMs()),
    notReady: () => notReady(state, ports),
    halt: (reason) => {
      const halt = { reason, atMs: clock.nowMs() };
      journal.halts.halt(halt);
      state.manualHalt = halt;
      log.warn("halted by an operator", { reason });
      return "halt";
    },
    ...operateSafety(state, ports),
  };
}

function counters(state: CoordinatorState, journal: Journal, nowMs: number): CountersView {
  const refused: Record<string, number> = {};
  let accepted = 0;
  for (const count of state.reports.values()) {
    accepted += count.accepted;
    for (const [reason, number] of count.refused) refused[reason] = (refused[reason] ?? 0) + number;
  }
  return {
    reports: { accepted, refused },
    passes: state.passes,
    decisions: journal.decisions.count(),
    jobs: journal.jobs.countByState(),
    receipts: Object.fromEntries(state.receipts),
    lostRaces: Object.fromEntries(
      [...state.lostRaces].map(([agent, { count, gasCostWei }]) => {
        return [agent, { count, gasCostWei: gasCostWei.toString() }];
      }),
    ),
    transfers: { ...journal.transfers.countByState(), ...transferCounts(state, nowMs) },
  };
}

function notReady(state: CoordinatorState, ports: OperatePorts): string[] {
  const redis = ports.isRedisReady() ? [] : ["Redis is not reachable"];
  const fences = [...state.takeOvers].flatMap(([shard, takeOver]) => {
    return takeOver.state === "waiting" && takeOver.isReachable
      ? [`${shard}: ${takeOver.reason}`]
      : [];
  });
  const silent = [...state.reports].flatMap(([shard, count]) => {
    return count.accepted === 0 ? [`${shard}: no report accepted yet`] : [];
  });
  return [...redis, ...fences, ...lostFences(state), ...silent];
}

/**
 * Vaults that another coordinator has taken over since. This one does not take them back by itself, or
 * two that run at once would bump for ever; a restart does.
 */
function lostFences(state: CoordinatorState): string[] {
  return [...state.takeOvers].flatMap(([shard, takeOver]) => {
    const chain = state.books.get(shard)?.report.chain;
    if (takeOver.state !== "leading" || chain === undefined || chain.epoch < takeOver.epoch)
      return [];
    const isOurs = chain.leader.toLowerCase() === takeOver.leader.toLowerCase();
    if (chain.epoch === takeOver.epoch && isOurs) return [];
    return [
      `${shard}: ${chain.leader} leads since epoch ${chain.epoch}; ours was ${takeOver.epoch}`,
    ];
  });
}
