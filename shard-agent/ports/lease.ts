/** The agent's own view of its right to act on a job: never longer than the queue's lock. */
export type Lease = {
  /** By a clock that does not jump and goes on while the process is stopped. */
  readonly isHeld: () => boolean;
  /** Asks the queue for more time; false when the job is somebody else's by now. */
  readonly renew: () => Promise<boolean>;
};
