import { randomUUID } from "node:crypto";
import path from "node:path";
import { inject, onTestFinished } from "vitest";
import { createSupervisor } from "#test/local/processes/supervisor.ts";
import { startRedis } from "#test/local/redis-server.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

/** URL of the Redis that all unit tests share. */
export function sharedRedisUrl(): string {
  return inject("redisUrl");
}

/** A key, shard or queue name no other test uses: lower-case letters, digits and dashes. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 13)}`;
}

/** URL of a Redis of the running test's own, stopped when the test ends. */
export async function ownRedisUrl(): Promise<string> {
  const folder = temporaryFolder();
  const supervisor = createSupervisor(folder);
  onTestFinished(() => supervisor.stop());
  const redis = await startRedis(supervisor, {
    dataDir: path.join(folder, "data"),
    givenUrl: undefined,
    announce: () => undefined,
  });
  return redis.url;
}
