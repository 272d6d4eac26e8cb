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
/** A stream that gave nothing for so long may have begun anew below our position. */
const SILENT_MS = 2 * BLOCK_MS;
const COUNT_MAX = 64;

/**
 * Blocking reads over a `stream-reader` connection of its own. Positions are kept in memory. A stream
 * that was lost and began anew is read on where its ids are higher, and from its start where they are
 * lower: otherwise one entry with a far too high id would hide all that come after it.
 */
export function redisStreamInbox(redis: Redis, options: InboxOptions): StreamInbox {
  const byKey = new Map(options.streams.map((stream) => [stream.key, stream]));
  const positions = new Map<string, string>();
  const heardAtMs = new Map<string, number>();
  return {
    next: async () => {
      if (redis.status !== "ready") await untilReady(redis);
      // One by one: a connection that is lost in between must not leave the rest unread for ever.
      for (const { key } of options.streams)
        if (!positions.has(key)) positions.set(key, await startOf(redis, key, options.from));
      const entries = await readStreams(redis, {
        after: positions,
        blockMs: BLOCK_MS,
        countMax: COUNT_MAX,
      });
      for (const { key } of entries) heardAtMs.set(key, performance.now());
      await rewindRestarted(redis, positions, heardAtMs);
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

/** Goes back to the start of every silent stream whose newest id is below the position in it. */
async function rewindRestarted(
  redis: Redis,
  positions: Map<string, string>,
  heardAtMs: Map<string, number>,
): Promise<void> {
  const nowMs = performance.now();
  for (const [key, position] of positions) {
    if (nowMs - (heardAtMs.get(key) ?? 0) < SILENT_MS) continue;
    heardAtMs.set(key, nowMs);
    if (isBefore(await newestId(redis, key), position)) positions.set(key, "0-0");
  }
}

/** `0-0` when there is no such stream. */
async function newestId(redis: Redis, key: string): Promise<string> {
  try {
    const [entry] = await redis.xrevrange(key, "+", "-", "COUNT", 1);
    return entry?.[0] ?? "0-0";
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError("redis-read-failed", `${key}: ${reason}`, { cause: error });
  }
}

function isBefore(left: string, right: string): boolean {
  const [leftMs = 0n, leftCount = 0n] = left.split("-").map(BigInt);
  const [rightMs = 0n, rightCount = 0n] = right.split("-").map(BigInt);
  return leftMs < rightMs || (leftMs === rightMs && leftCount < rightCount);
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
