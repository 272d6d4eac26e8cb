import { type ExecutePorts, executeJob, type JobResult } from "#shard-agent/cycles/execute-job.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import { RetryableError } from "#shared/errors.ts";
import { type RebalanceJob, rebalanceJobSchema } from "#shared/wire/rebalance-job.ts";

const RETRY_PAUSE_MS = 200;
/** Jobs whose outcome is remembered, so that the queue and the watch do not both begin one. */
const REMEMBERED_MAX = 512;
/** Whoever competes needs nobody's leave: the vault takes a job once, from whomever. */
const NO_LEASE: Lease = { isHeld: () => true, renew: async () => true };

type Entry = { readonly id: string; readonly data: unknown };

/** Jobs of one shard as they come to one of several agents: from the queue, or seen in it. */
export type JobKeeper = {
  /** A job the queue has given to this agent. */
  readonly take: (entry: Entry, lease: Lease) => Promise<JobResult>;
  /** A job that is in the queue, whoever takes it. Never throws for what is wrong with the job. */
  readonly see: (entry: Entry) => Promise<void>;
};

export type KeeperTerms = {
  /** How long to wait for others before a job that was only seen is done here; 0 is to compete. */
  readonly waitMs: number;
  /** Told after each job that was done here without the queue having given it. */
  readonly onDone: () => void;
};

/**
 * Lets an agent do jobs that another one has taken: at once, or only those that no block holds after a
 * while. The chain decides between them; what the loser pays is bounded by the job's gas cap.
 */
export function jobKeeper(ports: ExecutePorts, terms: KeeperTerms): JobKeeper {
  const inHand = new Map<string, Promise<JobResult>>();
  const once = (entry: Entry, lease: Lease): Promise<JobResult> => {
    const known = inHand.get(entry.id);
    if (known !== undefined) return known;
    const running = executeJob(ports, entry, lease);
    inHand.set(entry.id, running);
    running.catch(() => inHand.delete(entry.id));
    const oldest = inHand.keys().next();
    if (inHand.size > REMEMBERED_MAX && oldest.done !== true) inHand.delete(oldest.value);
    return running;
  };
  return {
    take: once,
    see: async (entry) => {
      const parsed = rebalanceJobSchema.safeParse(entry.data);
      // Whoever has taken it answers for what is wrong with it.
      if (!parsed.success || inHand.has(entry.id)) return;
      if (terms.waitMs > 0 && !(await ports.pause(terms.waitMs))) return;
      if (!(await isOpenStill(ports, parsed.data))) return;
      await once(entry, NO_LEASE);
      terms.onDone();
    },
  };
}

/** False when this agent has it, a block has it, or its deadline has passed. */
async function isOpenStill(ports: ExecutePorts, job: RebalanceJob): Promise<boolean> {
  const { jobId, deadlineSeconds } = job.mandate;
  while (ports.clock.nowMs() <= deadlineSeconds * 1000) {
    if (ports.journal.get(jobId) !== undefined) return false;
    try {
      const { consumed } = await ports.vault.state(jobId, await ports.chain.head());
      const what = consumed ? "a job that was seen is done" : "doing a job another agent may have";
      ports.log.info(what, { jobId });
      return !consumed;
    } catch (error) {
      if (!(error instanceof RetryableError) || !(await ports.pause(RETRY_PAUSE_MS))) throw error;
    }
  }
  return false;
}
