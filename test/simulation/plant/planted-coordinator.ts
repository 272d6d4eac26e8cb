import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JobQueue } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MandateSigner } from "#coordinator/ports/mandate-signer.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { JobRecord } from "#coordinator/records/job-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { paramsHash } from "#shared/evm/mandate-typed-data.ts";
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

/** A journal whose coordinator drops what is in flight before the chain has proved it. */
export function plantedDisk(
  disk: Journal,
  plants: Plants,
  stateOf: () => Pick<CoordinatorState, "jobs">,
): Journal {
  const isByReceipt = plants.has("settled-by-receipt");
  const isForgetful = plants.has("perpetuals-forgotten-in-flight");
  if (!isByReceipt && !isForgetful) return disk;
  // Once the coordinator has put a record into its memory, it is taken out again.
  const forget = (job: JobRecord): void =>
    queueMicrotask(() => void stateOf().jobs.delete(job.jobId));
  const update: Journal["jobs"]["update"] = (job, event, atMs) => {
    disk.jobs.update(job, event, atMs);
    if (isForgetful && job.kind === "perp-change") forget(job);
    if (!isByReceipt || event !== "receipt" || job.receipt?.outcome !== "included") return;
    forget(job);
    queueMicrotask(() => disk.jobs.update({ ...job, state: "settled" }, event, atMs));
  };
  return { ...disk, jobs: { ...disk.jobs, update } };
}
