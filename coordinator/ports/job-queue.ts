import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";

/**
 * Whether a job is in its shard's queue as it was sent. It is not when whoever can write to that queue
 * has edited or removed it: that shard does not execute it then, and no other shard is concerned.
 */
export type SendOutcome =
  | { readonly sent: true }
  | { readonly sent: false; readonly reason: "edited" | "removed" };

/** The shards' job queues: a doorbell, never the record. */
export type JobQueue = {
  /** False while Redis cannot be reached: nothing may be issued then. */
  readonly isReady: () => boolean;
  /**
   * Puts a job into its shard's queue. Sending the same job again is harmless and expected.
   *
   * @throws {RetryableError} `queue-add-unknown`: it may or may not be there; send it again.
   * @throws {FatalError} `queue-unknown-shard`: there is no queue for its shard.
   */
  readonly send: (job: RebalanceJob) => Promise<SendOutcome>;
};

/** The same queues, for the calls that help a message on. */
export type RecoveryQueue = Pick<JobQueue, "isReady"> & {
  /** As {@link JobQueue.send}. */
  readonly recover: (job: RecoveryJob) => Promise<SendOutcome>;
};
