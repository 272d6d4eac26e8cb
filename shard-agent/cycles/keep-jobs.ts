import { type ExecutePorts, executeJob } from "#shard-agent/cycles/execute-job.ts";
import { raceBudget } from "#shard-agent/cycles/race-budget.ts";
import { type RecoverPorts, standInForRecovery } from "#shard-agent/cycles/recover-transfer.ts";
import type { JobResult } from "#shard-agent/cycles/refuse-job.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import { RetryableError } from "#shared/errors.ts";
import { type RebalanceJob, rebalanceJobSchema } from "#shared/wire/rebalance-job.ts";
import { RECOVERY_QUEUE_PREFIX } from "#shared/wire/recovery-job.ts";

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
  /** Who competes does a job that was only seen at once, others leave it to others for a while. */
  readonly role: "share" | "compete" | "standby";
  /** How long a job that was only seen is left to others, and a recovery always; nobody competes for one. */
  readonly standbyMs: number;
  /** What lost races may cost within 24 hours, in wei; from there on one that competes stands by. */
  readonly lostRacesMaxWeiPerDay: string;
  /** Told after each job that was done here without the queue having given it. */
  readonly onDone: () => void;
};

/**
 * Lets an agent do jobs that another one has taken: at once, or only those that no block holds after a
 * while. The chain decides between them; what the loser pays is bounded by the job's gas cap.
 */
export function jobKeeper(ports: ExecutePorts & RecoverPorts, terms: KeeperTerms): JobKeeper {
  /** Jobs begun here without the queue's leave. */
  const seen = new Map<string, Promise<JobResult>>();
  const taken = new Set<string>();
  const budget = raceBudget(ports, BigInt(terms.lostRacesMaxWeiPerDay));
  const begin = (entry: Entry): Promise<JobResult> => {
    const running = executeJob(ports, entry, NO_LEASE);
    seen.set(entry.id, running);
    running.catch(() => seen.delete(entry.id));
    const oldest = seen.keys().next();
    if (seen.size > REMEMBERED_MAX && oldest.done !== true) seen.delete(oldest.value);
    return running;
  };
  return {
    take: async (entry, lease) => {
      const begun = seen.get(entry.id);
      if (begun !== undefined) return begun;
      // A job that comes again, after a lost lock, is looked at again: with the lease of now.
      taken.add(entry.id);
      const parsed = rebalanceJobSchema.safeParse(entry.data);
      const isRace =
        terms.role === "compete" &&
        parsed.success &&
        ports.journal.get(parsed.data.mandate.jobId) === undefined;
      const race = isRace ? budget.enter(parsed.data) : null;
      try {
        // Others first; but before those that stand by, so that no two of them wait for the same moment.
        if (isRace && race === null) await ports.pause(terms.standbyMs / 2);
        return await executeJob(ports, entry, lease);
      } finally {
        race?.leave();
        taken.delete(entry.id);
      }
    },
    see: async (entry) => {
      if (entry.id.startsWith(RECOVERY_QUEUE_PREFIX)) {
        const result = await standInForRecovery(ports, entry, terms.standbyMs);
        if (result !== undefined) terms.onDone();
        return;
      }
      const parsed = rebalanceJobSchema.safeParse(entry.data);
      // Whoever has taken it answers for what is wrong with it.
      if (!parsed.success) return;
      const { data: job } = parsed;
      const race = terms.role === "compete" ? budget.enter(job) : null;
      try {
        if (race === null && !(await ports.pause(terms.standbyMs))) return;
        const isHere = () =>
          seen.has(entry.id) ||
          taken.has(entry.id) ||
          ports.journal.get(job.mandate.jobId) !== undefined;
        if (isHere() || !(await isOpenStill(ports, job)) || isHere()) return;
        await begin(entry);
      } finally {
        race?.leave();
      }
      terms.onDone();
    },
  };
}

/** False when a block has it, or its deadline has passed. */
async function isOpenStill(ports: ExecutePorts, job: RebalanceJob): Promise<boolean> {
  const { jobId, deadlineSeconds } = job.mandate;
  while (ports.clock.nowMs() <= deadlineSeconds * 1000) {
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
