import { Queue, QueueEvents } from "bullmq";
import type { Redis } from "ioredis";
import type { Log } from "#shared/ports/log.ts";
import { rebalanceQueueName } from "#shared/wire/rebalance-job.ts";

/** Jobs looked at when the watch begins or its connection comes back. */
const BACKLOG_MAX = 100;
/** Ids of mandates' jobs, and of calls that help messages on; a queue also carries canaries. */
const JOB_ID = /^[jr]-[0-9a-f]{64}$/;

/** What the watch hands over of one queue entry. */
export type SeenEntry = { readonly id: string; readonly data: unknown };

export type JobWatch = { readonly close: () => Promise<void> };

/**
 * Sees every job of a shard's queue without taking any: those that wait or are in hand when it begins,
 * then each as it is added. A job may be seen twice.
 */
export function bullmqJobWatch(o: {
  readonly shard: string;
  /** Opens a connection of the watch's own, for blocking reads. */
  readonly connect: () => Redis;
  readonly producer: Redis;
  readonly log: Log;
  readonly onJob: (entry: SeenEntry) => void;
}): JobWatch {
  const name = rebalanceQueueName(o.shard);
  const queue = new Queue(name, { connection: o.producer });
  queue.on("error", () => undefined);
  const connection = o.connect();
  const events = new QueueEvents(name, { connection });
  let isDown = false;
  events.on("error", (error) => {
    if (!isDown) o.log.warn("job queue cannot be watched; trying again", { error });
    isDown = true;
  });
  const tell = (job: { id?: string | undefined; data: unknown } | undefined) => {
    if (job?.id !== undefined && JOB_ID.test(job.id)) o.onJob({ id: job.id, data: job.data });
  };
  const fetchJob = (id: string) => {
    queue.getJob(id).then(tell, (error) => o.log.warn("job cannot be read", { id, error }));
  };
  events.on("added", ({ jobId }) => {
    isDown = false;
    if (JOB_ID.test(jobId)) fetchJob(jobId);
  });
  const lookBack = () => {
    queue.getJobs(["waiting", "active"], 0, BACKLOG_MAX).then(
      (jobs) => jobs.forEach(tell),
      (error) => o.log.warn("the queue's jobs cannot be listed", { error }),
    );
  };
  connection.on("ready", lookBack);
  lookBack();
  return {
    close: async () => {
      await events.close().catch(() => undefined);
      await queue.close();
      connection.disconnect();
    },
  };
}
