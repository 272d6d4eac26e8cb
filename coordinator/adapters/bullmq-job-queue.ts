import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { JobQueue } from "#coordinator/ports/job-queue.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { queueJobId, type RebalanceJob, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";

const KEPT_SECONDS = 7 * 86_400;

/** A kept job keeps its id taken, so that sending again never runs it again. */
const JOB_OPTIONS: JobsOptions = {
  attempts: 1,
  removeOnComplete: { age: KEPT_SECONDS },
  removeOnFail: false,
};

/**
 * One BullMQ queue per shard over a `producer` connection. After each add the stored job is read back
 * and compared: BullMQ silently keeps an older job with the same id.
 *
 * @param redis A `producer` connection (shared/redis/connect.ts); its loss makes every call fail at once.
 */
export function bullmqJobQueue(
  redis: Redis,
  shards: readonly string[],
  log: Log,
): JobQueue & { readonly close: () => Promise<void> } {
  const queues = new Map(shards.map((shard) => [shard, openQueue(redis, shard, log)]));
  return {
    isReady: () => redis.status === "ready",
    send: async (job) => {
      const queue = queues.get(job.shard);
      if (queue === undefined)
        throw new FatalError("queue-unknown-shard", `shard: found ${job.shard}; no queue for it`);
      const stored = await addAndRead(queue, job);
      if (JSON.stringify(stored) !== JSON.stringify(job)) {
        throw new FatalError(
          "queue-job-differs",
          `job ${job.mandate.jobId}: the queue keeps another job under this id`,
        );
      }
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function openQueue(redis: Redis, shard: string, log: Log): Queue {
  const queue = new Queue(rebalanceQueueName(shard), { connection: redis });
  let isDown = false;
  queue.on("error", (error) => {
    if (!isDown) log.warn("job queue lost its connection", { shard, error: error.message });
    isDown = true;
  });
  redis.on("ready", () => {
    isDown = false;
  });
  return queue;
}

async function addAndRead(queue: Queue, job: RebalanceJob): Promise<unknown> {
  const id = queueJobId(job.mandate.jobId);
  try {
    await queue.add(job.params.kind, job, { ...JOB_OPTIONS, jobId: id });
    const stored = await queue.getJob(id);
    if (stored !== undefined) return stored.data;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError(
      "queue-add-unknown",
      `job ${id}: ${reason}; it may or may not be queued`,
      { cause: error },
    );
  }
  throw new RetryableError(
    "queue-add-unknown",
    `job ${id}: is not in the queue after it was added`,
  );
}
