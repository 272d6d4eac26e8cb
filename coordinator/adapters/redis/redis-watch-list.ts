import type { Redis } from "ioredis";
import type { WatchList } from "#coordinator/ports/watch-list.ts";
import { RetryableError } from "#shared/errors.ts";
import { expectedTransfersKey, expectedTransfersSchema } from "#shared/wire/transfer-line.ts";

/** {@link WatchList} under one Redis key per shard, over a `producer` connection. */
export function redisWatchList(redis: Redis): WatchList {
  return {
    publish: async (shard, transfers) => {
      const list = expectedTransfersSchema.parse({ version: 1, transfers });
      try {
        await redis.set(expectedTransfersKey(shard), JSON.stringify(list));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new RetryableError(
          "redis-write-unknown",
          `expected transfers of ${shard}: ${reason}`,
        );
      }
    },
  };
}
