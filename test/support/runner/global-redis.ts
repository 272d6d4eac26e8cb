import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";
import { createSupervisor } from "#test/local/processes/supervisor.ts";
import { startRedis } from "#test/local/redis-server.ts";

declare module "vitest" {
  // biome-ignore lint/style/useConsistentTypeDefinitions: vitest's own interface is extended.
  export interface ProvidedContext {
    redisUrl: string;
  }
}

/**
 * One private Redis for all unit tests, found or installed as for the local world. Tests share it
 * and tell their keys apart by `uniqueName` (redis.ts). It never uses REDIS_URL: nobody's data is touched.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), "riskshard-redis-"));
  const supervisor = createSupervisor(folder);
  const redis = await startRedis(supervisor, {
    dataDir: path.join(folder, "data"),
    givenUrl: undefined,
    announce: (text) => process.stderr.write(`${text}\n`),
  });
  project.provide("redisUrl", redis.url);
  return async () => {
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
