import type { RedisOptions } from "ioredis";

/** What a connection is for; each kind fails differently when Redis goes away. */
export type ConnectionKind = "producer" | "worker" | "stream-reader";

const RECONNECT_DELAY_MAX_MS = 2000;

/** Wait before reconnecting, in milliseconds: 100, 200, 400 ... at most 2000; never gives up. */
function reconnectDelayMs(attempt: number): number {
  return Math.min(RECONNECT_DELAY_MAX_MS, 100 * 2 ** Math.min(attempt - 1, 10));
}

/**
 * Connection options per kind.
 *
 * - `producer` (adds, stream writes, short commands): fails within 3 s instead of queueing, and
 *   never sends a command again by itself. A command that failed may still have taken effect.
 * - `worker` (BullMQ workers): commands wait for ever, the socket is watched, so that a half-open
 *   connection is replaced.
 * - `stream-reader` (blocking reads): as `worker`, with a shorter watch; use blocks below 5 s.
 */
export function connectionOptions(kind: ConnectionKind): RedisOptions {
  const common: RedisOptions = {
    lazyConnect: true,
    connectTimeout: 3000,
    keepAlive: 5000,
    retryStrategy: reconnectDelayMs,
  };
  if (kind === "producer") {
    return {
      ...common,
      enableOfflineQueue: false,
      commandTimeout: 3000,
      maxRetriesPerRequest: 1,
      autoResendUnfulfilledCommands: false,
    };
  }
  return {
    ...common,
    maxRetriesPerRequest: null,
    socketTimeout: kind === "worker" ? 45_000 : 15_000,
  };
}
