import { rebalance } from "#coordinator/cycles/rebalance.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import { anEntry, aPolicy, LEADER, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

/** A policy that plans by the program. A machine under load needs longer to start the solver than a plan may take. */
export const MILP: Policy = aPolicy(
  {},
  { planning: { ...aPolicy().planning, method: "milp", timeLimitMs: 5_000 } },
);

/**
 * A coordinator that leads two shards, one short 60 calls and one long 100, so that hedges are due: the real
 * journal in memory, a queue that keeps what it is sent, a signer that notes its calls.
 */
export function twoShards(policy: Policy = aPolicy(), solver?: Solver) {
  const journal = freshJournal();
  const state = freshState(TWO_SETUPS, { policy });
  for (const shard of TWO_SETUPS.keys()) {
    state.takeOvers.set(shard, { state: "leading", epoch: 1, leader: LEADER });
  }
  state.books.set("ethereum", anEntry({ shard: "ethereum", calls: 60 }));
  state.books.set("base", anEntry({ shard: "base", calls: -100 }));
  /** What was signed and sent, in order. */
  const done: string[] = [];
  const sent: RebalanceJob[] = [];
  const queue = {
    isReady: () => true,
    send: async (job: RebalanceJob) => {
      done.push("sent");
      sent.push(job);
      return { sent: true as const };
    },
  };
  const signer = {
    address: LEADER,
    signMandate: async () => {
      done.push("signed");
      return `0x${"11".repeat(65)}` as const;
    },
    signEpochBump: () => Promise.reject(new Error("nothing is to be bumped")),
  };
  const log = memoryLog();
  const base = { journal, queue: () => queue, clock: { nowMs: () => NOW_MS }, log };
  const ports = solver === undefined ? base : { ...base, solver };
  const pass = () => rebalance(state, { ...ports, signer }, "timer");
  return { state, journal, done, sent, log, ports, pass };
}
