import { Redis } from "ioredis";
import { expect, onTestFinished, test, vi } from "vitest";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { connectRedis, redisAddress } from "#shared/redis/connect.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { ownRedisUrl, sharedRedisUrl } from "#test/support/runner/redis.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";

function portOf(url: string): number {
  return Number(new URL(url).port);
}

test.each(["producer", "worker", "stream-reader"] as const)(
  "a %s connection is ready",
  async (kind) => {
    const redis = await connectRedis({ url: sharedRedisUrl(), kind, log: memoryLog() });
    onTestFinished(() => redis.disconnect());

    expect(await redis.ping()).toBe("PONG");
  },
);

test("waits for a Redis that is not up yet, and says so once", async () => {
  const proxy = await tcpProxy(portOf(sharedRedisUrl()));
  const log = memoryLog();
  const connecting = connectRedis({
    url: `redis://127.0.0.1:${proxy.port}`,
    kind: "producer",
    log,
  });
  await vi.waitFor(() => expect(log.lines).toHaveLength(1));
  await new Promise((resolve) => setTimeout(resolve, 500));
  await proxy.open();
  const redis = await connecting;
  onTestFinished(() => redis.disconnect());

  expect(await redis.ping()).toBe("PONG");
  expect(log.lines.map((line) => line.message)).toEqual([
    `Redis at redis://127.0.0.1:${proxy.port} is not reachable (ECONNREFUSED); trying again`,
    `Redis at redis://127.0.0.1:${proxy.port} answers again`,
  ]);
});

test("a producer fails fast while Redis is away and works again after", async () => {
  const proxy = await tcpProxy(portOf(sharedRedisUrl()));
  await proxy.open();
  const log = memoryLog();
  const redis = await connectRedis({
    url: `redis://127.0.0.1:${proxy.port}`,
    kind: "producer",
    log,
  });
  onTestFinished(() => redis.disconnect());

  await proxy.cut();
  await vi.waitFor(() => expect(redis.status).not.toBe("ready"));
  // One that waited for Redis would outlast the test.
  await expect(redis.ping()).rejects.toThrow();

  await proxy.open();
  await vi.waitFor(async () => expect(await redis.ping()).toBe("PONG"), { timeout: 5000 });
});

test("refuses a Redis that may evict keys", async () => {
  const url = await ownRedisUrl();
  const admin = new Redis(url);
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  admin.disconnect();

  const connecting = connectRedis({ url, kind: "producer", log: memoryLog() });

  await expect(connecting).rejects.toThrow(FatalError);
  await expect(connecting).rejects.toThrow(/maxmemory-policy allkeys-lru; must be noeviction/);
});

test("stops waiting when the process is told to stop", async () => {
  const proxy = await tcpProxy(1);
  const stop = new AbortController();
  const options = {
    url: `redis://127.0.0.1:${proxy.port}`,
    kind: "producer",
    log: memoryLog(),
  } as const;
  const connecting = connectRedis({ ...options, signal: stop.signal });
  stop.abort();

  await expect(connecting).rejects.toThrow(RetryableError);
});

test("names a Redis without its user, password and database", () => {
  expect(redisAddress("redis://user:hunter22@cache.internal:6380/3")).toBe(
    "redis://cache.internal:6380",
  );
  expect(redisAddress("not a url")).toBe("redis (unreadable URL)");
});
