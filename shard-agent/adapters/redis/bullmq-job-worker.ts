import { randomUUID } from "node:crypto";
import { type Job, Queue, UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { canaryWatch } from "#shard-agent/adapters/redis/canary-watch.ts";
import { monotonicLease } from "#shard-agent/adapters/sending/monotonic-lease.ts";
import type { Lease } from "#shard-agent/ports/lease.ts";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { rebalanceQueueName } from "#shared/wire/rebalance-job.ts";

const KEEP_COMPLETED_SECONDS = 7 * 86_400;
const CANARY = "canary";

/** What the worker hands over of one queue entry. */
export type QueueEntry = { readonly id: string; readonly data: unknown };

export type JobWorker = {
  /** Takes no new job and waits for the one in hand. */
  readonly close: () => Promise<void>;
};

export type JobWorkerOptions = {
  readonly shard: string;
  /** Opens a connection of the worker's own; a restarted worker gets a new one. */
  readonly connect: () => Redis;
  /** Carries the canaries in, on another connection than the worker's. */
  readonly producer: Redis;
  readonly lockMs: number;
  readonly canaryMs: number;
  readonly log: Log;
  readonly handle: (entry: QueueEntry, lease: Lease) => Promise<object>;
};

/**
 * Takes jobs of one shard one at a time. What `handle` returns is kept with the completed job, so a
 * refusal ends the job; only an exception fails it. Stalled jobs come back as often as needed: the
 * journal and the vault decide whether they run.
 *
 * A canary goes through the queue at every `canaryMs`; a worker that sees none for three of them while
 * Redis takes them is half dead (its connection is gone without a word) and is replaced.
 */
export function bullmqJobWorker(o: JobWorkerOptions): JobWorker {
  const queue = new Queue(rebalanceQueueName(o.shard), { connection: o.producer });
  queue.on("error", () => undefined);
  let running = startWorker(o, () => watch.seen());
  const watch = canaryWatch({
    intervalMs: o.canaryMs,
    send: async () => {
      const jobId = `${CANARY}-${randomUUID()}`;
      await queue.add(CANARY, {}, { jobId, removeOnComplete: true, removeOnFail: true });
    },
    onLost: (silentMs) => {
      o.log.error("the job worker sees no canary; starting another one", { silentMs });
      const old = running;
      running = startWorker(o, () => watch.seen());
      // What it has in hand is judged by the journal and fenced by its lease.
      void old.stop(true);
    },
  });
  return {
    close: async () => {
      watch.stop();
      await running.stop(false);
      await queue.close();
    },
  };
}

type Running = { readonly stop: (isForced: boolean) => Promise<void> };

function startWorker(o: JobWorkerOptions, onCanary: () => void): Running {
  const { shard, log } = o;
  const connection = o.connect();
  // The worker tells of its troubles itself.
  connection.on("error", () => undefined);
  const worker = new Worker(
    rebalanceQueueName(shard),
    async (job, token) => {
      onCanary();
      if (job.name === CANARY) return null;
      try {
        return await o.handle({ id: job.id ?? "", data: job.data }, leaseOf(job, token, o.lockMs));
      } catch (error) {
        if (error instanceof FatalError) throw new UnrecoverableError(error.message);
        throw error;
      }
    },
    {
      connection,
      concurrency: 1,
      lockDuration: o.lockMs,
      stalledInterval: o.lockMs,
      maxStalledCount: 1000,
      maxStartedAttempts: 20,
      removeOnComplete: { age: KEEP_COMPLETED_SECONDS },
    },
  );
  logTroubles(worker, log);
  return {
    stop: async (isForced) => {
      await worker.close(isForced).catch(() => undefined);
      connection.disconnect();
    },
  };
}

function leaseOf(job: Job, token: string | undefined, lockMs: number): Lease {
  return monotonicLease({
    lockMs,
    ageMs: Date.now() - (job.processedOn ?? Date.now()),
    extend: async () => (await job.extendLock(token ?? "", lockMs)) === 1,
    monotonicMs: () => performance.now(),
  });
}

function logTroubles(worker: Worker, log: Log): void {
  let isDown = false;
  worker.on("error", (error) => {
    if (!isDown) log.warn("job queue is not reachable; no jobs are taken until it is", { error });
    isDown = true;
  });
  worker.on("active", () => {
    isDown = false;
  });
  worker.on("failed", (job, error) => log.error("job failed", { queueJobId: job?.id, error }));
}
