import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { JobQueue, SendOutcome } from "#coordinator/ports/job-queue.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { queueJobId, type RebalanceJob, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";

const KEPT_SECONDS = 7 * 86_400;

const SEND_TIMEOUT_MS = 5_000;

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
  const queues = new Map<string, Queue>();
  return {
    isReady: () => redis.status === "ready",
    send: async (job) => {
      if (!shards.includes(job.shard)) {
        throw new FatalError("queue-unknown-shard", `shard: found ${job.shard}; no queue for it`);
      }
      if (redis.status !== "ready") {
        throw new RetryableError("queue-add-unknown", `Redis is not connected (${redis.status})`);
      }
      const queue = queues.get(job.shard) ?? openQueue(redis, job.shard, log);
      queues.set(job.shard, queue);
      try {
        return outcomeOf(await inTime(addAndRead(queue, job)), job);
      } catch (error) {
        // A queue that met an outage in its first moments never recovers; a new one does.
        queues.delete(job.shard);
        void queue.close().catch(() => undefined);
        throw error;
      }
    },
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}

function openQueue(redis: Redis, shard: string, log: Log): Queue {
  const queue = new Queue(rebalanceQueueName(shard), { connection: redis });
  queue.on("error", (error) => log.debug("job queue", { shard, error: error.message }));
  return queue;
}

/** BullMQ waits for a connection that is lost while a queue is being opened, without a limit. */
async function inTime<T>(adding: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new RetryableError("queue-add-unknown", `no answer within ${SEND_TIMEOUT_MS} ms`));
    }, SEND_TIMEOUT_MS);
  });
  adding.catch(() => undefined);
  try {
    return await Promise.race([adding, late]);
  } finally {
    clearTimeout(timer);
  }
}

function outcomeOf(stored: { readonly data: unknown } | undefined, job: RebalanceJob): SendOutcome {
  if (stored === undefined) return { sent: false, reason: "removed" };
  const isSame = JSON.stringify(stored.data) === JSON.stringify(job);
  return isSame ? { sent: true } : { sent: false, reason: "edited" };
}

async function addAndRead(
  queue: Queue,
  job: RebalanceJob,
): Promise<{ readonly data: unknown } | undefined> {
  const id = queueJobId(job.mandate.jobId);
  try {
    await queue.add(job.params.kind, job, { ...JOB_OPTIONS, jobId: id });
    return await queue.getJob(id);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError(
      "queue-add-unknown",
      `job ${id}: ${reason}; it may or may not be queued`,
      { cause: error },
    );
  }
}
