import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JobQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { paramsHash } from "#shared/evm/mandate-typed-data.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";
import type { NodeView, Rpc } from "#test/simulation/world/rpc.ts";

/** A chain of which every block is final. */
export function plantedFinality(chain: ShardChain, rpc: Rpc, plants: Plants): ShardChain {
  if (!plants.has("coordinator-takes-head-for-final")) return chain;
  const finalBlock = ({ head }: NodeView) => {
    const { number, hash, timestampMs } = head.header;
    return { number, hash, timestampMs };
  };
  return { ...chain, finalBlock: () => rpc.read(finalBlock) };
}

/** A queue that gives a job's id to another job: rightly signed, with another bound. */
export function plantedQueue<Q extends JobQueue>(
  queue: Q,
  o: {
    readonly plants: Plants;
    readonly setups: ReadonlyMap<string, ShardSetup>;
    readonly signer: Pick<MandateSigner, "signMandate">;
  },
): Q {
  if (!o.plants.has("job-id-reused")) return queue;
  return {
    ...queue,
    send: async (job) => {
      const setup = o.setups.get(job.shard);
      if (setup === undefined) return queue.send(job);
      const params = { ...job.params, minCapitalAfterRaw: "0" };
      const mandate = { ...job.mandate, paramsHash: paramsHash(params) };
      const signature = await o.signer.signMandate(mandate, setup);
      return queue.send({ ...job, params, mandate, signatures: [signature] });
    },
  };
}

/** A journal whose coordinator drops what is in flight before the chain has proved it, or forgets what was refused. */
export function plantedDisk(
  disk: Journal,
  plants: Plants,
  stateOf: () => Pick<CoordinatorState, "jobs" | "safety">,
): Journal {
  const isByReceipt = plants.has("settled-by-receipt");
  const isForgetful = plants.has("perpetuals-forgotten-in-flight");
  const isUncounted = plants.has("refusals-forgotten");
  if (!isByReceipt && !isForgetful && !isUncounted) return disk;
  const uncount = (): void =>
    queueMicrotask(() => {
      const state = stateOf();
      Object.assign(state, { safety: { ...state.safety, refusals: {} } });
    });
  // Once the coordinator has put a record into its memory, it is taken out again.
  const forget = (job: JobRecord): void =>
    queueMicrotask(() => void stateOf().jobs.delete(job.jobId));
  const update: Journal["jobs"]["update"] = (job, event, atMs) => {
    disk.jobs.update(job, event, atMs);
    if (isUncounted) uncount();
    if (isForgetful && job.kind === "perp-change") forget(job);
    if (!isByReceipt || event !== "receipt" || job.receipt?.outcome !== "included") return;
    forget(job);
    queueMicrotask(() => disk.jobs.update({ ...job, state: "settled" }, event, atMs));
  };
  return { ...disk, jobs: { ...disk.jobs, update } };
}

/** A solver after whose answer the rest of the pass holds the plan for better that leaves more risk. */
export function plantedSolver(
  solver: Solver,
  o: {
    readonly plants: Plants;
    readonly scheduler: Pick<Scheduler, "after">;
    readonly stateOf: () => Pick<CoordinatorState, "policy">;
  },
): Solver {
  if (!o.plants.has("worse-plan-is-taken")) return solver;
  return {
    ...solver,
    solve: async (program, options) => {
      const outcome = await solver.solve(program, options);
      const state = o.stateOf();
      const { policy } = state;
      Object.assign(state, { policy: turnedRound(policy) });
      // What this step wakes up is the rest of the pass; the next event finds the policy as it was.
      o.scheduler.after(0, () => void Object.assign(state, { policy }));
      return outcome;
    },
  };
}

function turnedRound(policy: Policy): Policy {
  const { planning } = policy;
  return {
    ...policy,
    planning: {
      ...planning,
      riskAversion: -planning.riskAversion,
      bandPenaltyFraction: -planning.bandPenaltyFraction,
      shortfallPenaltyFraction: -planning.shortfallPenaltyFraction,
    },
  };
}
