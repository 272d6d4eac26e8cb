import type { ExpectedTransfer } from "#shared/wire/transfer-line.ts";

/** Tells a shard's agents which messages to look for. A hint: they read what is true from their chain. */
export type WatchList = {
  /** @throws {RetryableError} `redis-write-unknown`. */
  readonly publish: (shard: string, transfers: readonly ExpectedTransfer[]) => Promise<void>;
};
