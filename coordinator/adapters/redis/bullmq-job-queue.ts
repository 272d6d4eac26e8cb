import { type JobsOptions, Queue } from "bullmq";
import type { Redis } from "ioredis";
import type { JobQueue, RecoveryQueue, SendOutcome } from "#coordinator/ports/job-queue.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { queueJobId, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import { recoveryQueueId } from "#shared/wire/recovery-job.ts";

/** One queue entry: what it is called, its id, and what it carries. */
type Entry = { readonly name: string; readonly id: string; readonly data: object };

const KEPT_SECONDS = 7 * 86_400;
/** For people to look at. Ids are sent again until the job's deadline only, seconds after it was first sent. */
const FAILED_KEPT_SECONDS = 30 * 86_400;

const SEND_TIMEOUT_MS = 5_000;

/** A kept job keeps its id taken, so that sending again never runs it again. */
const JOB_OPTIONS: JobsOptions = {
  attempts: 1,
  removeOnComplete: { age: KEPT_SECONDS },
  removeOnFail: { age: FAILED_KEPT_SECONDS },
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
): JobQueue & RecoveryQueue & { readonly close: () => Promise<void> } {
  const queues = new Map<string, Queue>();
  const add = async ({ shard, ...entry }: Entry & { readonly shard: string }) => {
    if (!shards.includes(shard)) {
      throw new FatalError("queue-unknown-shard", `shard: found ${shard}; no queue for it`);
    }
    if (redis.status !== "ready") {
      throw new RetryableError("queue-add-unknown", `Redis is not connected (${redis.status})`);
    }
    const queue = queues.get(shard) ?? openQueue(redis, shard, log);
    queues.set(shard, queue);
    try {
      return outcomeOf(await inTime(addAndRead(queue, entry)), entry.data);
    } catch (error) {
      // A queue that met an outage in its first moments never recovers; a new one does.
      queues.delete(shard);
      void queue.close().catch(() => undefined);
      throw error;
    }
  };
  return {
    isReady: () => redis.status === "ready",
    send: (job) => {
      const { shard, params, mandate } = job;
      return add({ shard, name: params.kind, id: queueJobId(mandate.jobId), data: job });
    },
    recover: (job) => {
      const { shard, kind, recoveryId } = job;
      return add({ shard, name: kind, id: recoveryQueueId(recoveryId), data: job });
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

function outcomeOf(stored: { readonly data: unknown } | undefined, sent: object): SendOutcome {
  if (stored === undefined) return { sent: false, reason: "removed" };
  const isSame = JSON.stringify(stored.data) === JSON.stringify(sent);
  return isSame ? { sent: true } : { sent: false, reason: "edited" };
}

async function addAndRead(
  queue: Queue,
  { name, id, data }: Entry,
): Promise<{ readonly data: unknown } | undefined> {
  try {
    await queue.add(name, data, { ...JOB_OPTIONS, jobId: id });
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
