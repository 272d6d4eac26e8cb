import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";

/** The shards' job queues: a doorbell, never the record. */
export type JobQueue = {
  /** False while Redis cannot be reached: nothing may be issued then. */
  readonly isReady: () => boolean;
  /**
   * Puts a job into its shard's queue. Sending the same job again is harmless and expected.
   *
   * @throws {RetryableError} `queue-add-unknown`: it may or may not be there; send it again.
   * @throws {FatalError} `queue-job-differs`: another job is there under this id.
   */
  readonly send: (job: RebalanceJob) => Promise<void>;
};
