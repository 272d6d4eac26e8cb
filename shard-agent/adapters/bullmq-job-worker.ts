import { UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { FatalError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { rebalanceQueueName } from "#shared/wire/rebalance-job.ts";

const KEEP_COMPLETED_SECONDS = 7 * 86_400;

/** What the worker hands over of one queue entry. */
export type QueueEntry = { readonly id: string; readonly data: unknown };

export type JobWorker = {
  /** Takes no new job and waits for the one in hand. */
  readonly close: () => Promise<void>;
};

/**
 * Takes jobs of one shard one at a time. What `handle` returns is kept with the completed job, so a
 * refusal ends the job; only an exception fails it. Stalled jobs come back as often as needed: the
 * journal and the vault decide whether they run.
 */
export function bullmqJobWorker(o: {
  readonly shard: string;
  readonly connection: Redis;
  readonly log: Log;
  readonly handle: (entry: QueueEntry) => Promise<object>;
}): JobWorker {
  const { shard, log } = o;
  const worker = new Worker(
    rebalanceQueueName(shard),
    async (job) => {
      try {
        return await o.handle({ id: job.id ?? "", data: job.data });
      } catch (error) {
        if (error instanceof FatalError) throw new UnrecoverableError(error.message);
        throw error;
      }
    },
    {
      connection: o.connection,
      concurrency: 1,
      lockDuration: 30_000,
      stalledInterval: 30_000,
      maxStalledCount: 1000,
      maxStartedAttempts: 20,
      removeOnComplete: { age: KEEP_COMPLETED_SECONDS },
    },
  );
  let isDown = false;
  worker.on("error", (error) => {
    if (!isDown) log.warn("job queue is not reachable; no jobs are taken until it is", { error });
    isDown = true;
  });
  worker.on("active", () => {
    isDown = false;
  });
  worker.on("failed", (job, error) => log.error("job failed", { queueJobId: job?.id, error }));
  return { close: () => worker.close() };
}
