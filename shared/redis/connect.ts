import { Redis } from "ioredis";
import { FatalError, RetryableError } from "#shared/errors.ts";
import type { Log } from "#shared/ports/log.ts";
import { type ConnectionKind, connectionOptions } from "#shared/redis/connection-options.ts";

export type ConnectOptions = {
  readonly url: string;
  readonly kind: ConnectionKind;
  readonly log: Log;
  /** Ends the waiting for Redis. */
  readonly signal?: AbortSignal;
};

/**
 * A connection that is ready. While Redis cannot be reached it keeps trying, at most every 2 s, and
 * says so once per outage; so it does after the connection is lost later.
 *
 * @throws {FatalError} `config-redis-eviction` if Redis may evict keys: queues and streams would lose
 *   entries without an error.
 * @throws {RetryableError} `redis-unreachable` if `signal` is aborted before Redis answers.
 */
export async function connectRedis(options: ConnectOptions): Promise<Redis> {
  const redis = new Redis(options.url, connectionOptions(options.kind));
  logOutages(redis, options);
  try {
    await untilReady(redis, options);
    await refuseEviction(redis, options.url);
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Scheme, host and port of a Redis URL, without user, password and database. */
export function redisAddress(url: string): string {
  try {
    const { protocol, host } = new URL(url);
    return `${protocol}//${host}`;
  } catch {
    return "redis (unreadable URL)";
  }
}

function logOutages(redis: Redis, { log, kind, url }: ConnectOptions): void {
  let isDown = false;
  redis.on("error", (error: Error & { code?: string }) => {
    if (isDown) return;
    isDown = true;
    const reason = error.code ?? error.message;
    log.warn(`Redis at ${redisAddress(url)} is not reachable (${reason}); trying again`, { kind });
  });
  redis.on("ready", () => {
    if (isDown) log.info(`Redis at ${redisAddress(url)} answers again`, { kind });
    isDown = false;
  });
}

function untilReady(redis: Redis, options: ConnectOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void): void => {
      redis.off("ready", onReady);
      options.signal?.removeEventListener("abort", onAbort);
      finish();
    };
    const onReady = (): void => end(resolve);
    const onAbort = (): void => {
      const message = `Redis at ${redisAddress(options.url)} did not answer before the stop`;
      end(() => reject(new RetryableError("redis-unreachable", message)));
    };
    if (options.signal?.aborted === true) return onAbort();
    redis.on("ready", onReady);
    options.signal?.addEventListener("abort", onAbort);
    // Its failure is only the first attempt's; the retry strategy goes on and "ready" tells the end.
    redis.connect().catch(() => undefined);
  });
}

async function refuseEviction(redis: Redis, url: string): Promise<void> {
  const memory = await redis.info("memory");
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? "unknown";
  if (policy === "noeviction") return;
  throw new FatalError(
    "config-redis-eviction",
    `Redis at ${redisAddress(url)} has maxmemory-policy ${policy}; must be noeviction, or jobs vanish silently`,
  );
}
