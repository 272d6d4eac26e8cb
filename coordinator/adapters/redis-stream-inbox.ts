import type { Redis } from "ioredis";
import type { StreamInbox, StreamMessage } from "#coordinator/ports/stream-inbox.ts";
import { RetryableError } from "#shared/errors.ts";
import { readStreams } from "#shared/redis/stream-reader.ts";

/** One agent's stream. */
type InboxStream = { readonly key: string; readonly shard: string; readonly agent: string };

export type InboxOptions = {
  readonly streams: readonly InboxStream[];
  /** `newest`: begin with the newest entry that is there; `oldest`: with all that is kept. */
  readonly from: "newest" | "oldest";
};

const BLOCK_MS = 2_000;
const COUNT_MAX = 64;

/**
 * Blocking reads over a `stream-reader` connection of its own. Positions are kept in memory; a stream
 * that Redis lost and began anew has higher ids again, so reading simply goes on.
 */
export function redisStreamInbox(redis: Redis, options: InboxOptions): StreamInbox {
  const byKey = new Map(options.streams.map((stream) => [stream.key, stream]));
  const positions = new Map<string, string>();
  return {
    next: async () => {
      if (redis.status !== "ready") await untilReady(redis);
      if (positions.size === 0) {
        for (const { key } of options.streams)
          positions.set(key, await startOf(redis, key, options.from));
      }
      const entries = await readStreams(redis, {
        after: positions,
        blockMs: BLOCK_MS,
        countMax: COUNT_MAX,
      });
      return entries.flatMap((entry): StreamMessage[] => {
        positions.set(entry.key, entry.id);
        const stream = byKey.get(entry.key);
        if (stream === undefined) return [];
        const { shard, agent } = stream;
        const { body, sig } = entry.fields;
        return [{ shard, agent, entryId: entry.id, body, signature: sig }];
      });
    },
  };
}

/** Waits a moment for a lost connection, so that the caller's retries do not spin. */
async function untilReady(redis: Redis): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, BLOCK_MS);
    redis.once("ready", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  if (redis.status !== "ready")
    throw new RetryableError("redis-read-failed", "Redis is not connected");
}

/** Id just before the newest entry, so that exactly that one is read first. */
async function startOf(redis: Redis, key: string, from: InboxOptions["from"]): Promise<string> {
  if (from === "oldest") return "0-0";
  try {
    const newest = await redis.xrevrange(key, "+", "-", "COUNT", 2);
    return newest[1]?.[0] ?? "0-0";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError("redis-read-failed", `${key}: ${reason}`, { cause: error });
  }
}
