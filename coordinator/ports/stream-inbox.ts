/** One entry of an agent's stream, as it arrived. */
export type StreamMessage = {
  readonly shard: string;
  readonly agent: string;
  readonly entryId: string;
  readonly body: Uint8Array | undefined;
  readonly signature: Uint8Array | undefined;
};

/**
 * Entries of all agents' streams of one kind, in stream order per agent. Every entry is handed out
 * once per run; after a lost connection reading goes on behind the last one handed out.
 */
export type StreamInbox = {
  /**
   * Waits up to a few seconds; empty when nothing came.
   *
   * @throws {RetryableError} `redis-read-failed`.
   */
  readonly next: () => Promise<readonly StreamMessage[]>;
};
