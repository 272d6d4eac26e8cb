import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { createSupervisor } from "#test/local/processes/supervisor.ts";
import { startRedis } from "#test/local/redis-server.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

test("starts a private Redis that keeps what it is told and never evicts", async () => {
  const { url } = await privateRedis();
  const redis = client(url);
  expect(await redis.config("GET", "appendonly")).toEqual(["appendonly", "yes"]);
  expect(await redis.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
});

test("takes an empty database of a given Redis, leaves the others alone, and empties its own at the end", async () => {
  const { url } = await privateRedis();
  await client(`${url}/0`).set("mine", "1");
  const first = await given(url);
  const second = await given(url);
  expect([first.url, second.url]).toEqual([`${url}/1`, `${url}/2`]);
  await client(first.url).set("job", "1");
  await first.release();
  expect(await client(first.url).dbsize()).toBe(0);
  expect(await client(`${url}/0`).get("mine")).toBe("1");
});

test("refuses a named database that is not empty, and an address where nothing answers", async () => {
  const { url } = await privateRedis();
  await client(`${url}/3`).set("mine", "1");
  await expect(given(`${url}/3`)).rejects.toThrow(/database 3 is not empty/);
  await expect(given("redis://127.0.0.1:1")).rejects.toThrow(/no Redis answers there/);
});

function given(givenUrl: string) {
  return start(givenUrl);
}

function privateRedis() {
  return start(undefined);
}

function start(givenUrl: string | undefined) {
  const folder = temporaryFolder();
  const supervisor = createSupervisor(folder);
  onTestFinished(() => supervisor.stop());
  return startRedis(supervisor, { dataDir: folder, givenUrl, announce: () => undefined });
}

function client(url: string): Redis {
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  return redis;
}
