import type { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { redisStreamInbox } from "#coordinator/adapters/redis/redis-stream-inbox.ts";
import { RetryableError } from "#shared/errors.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { sharedRedisUrl, uniqueName } from "#test/support/runner/redis.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";

async function connection(
  kind: "producer" | "stream-reader",
  url = sharedRedisUrl(),
): Promise<Redis> {
  const redis = await connectRedis({ url, kind, log: memoryLog() });
  onTestFinished(() => redis.disconnect());
  return redis;
}

function streams(...agents: readonly string[]) {
  return agents.map((agent) => ({ key: `test:${agent}`, shard: "base", agent }));
}

function append(redis: Redis, agent: string, seq: number, fields: Record<string, Buffer>) {
  return redis.xadd(`test:${agent}`, `${seq}-0`, ...Object.entries(fields).flat());
}

const BODY = Buffer.from([0xff, 0x00, 0x80, 0x0a]);
const SIG = Buffer.alloc(64, 7);

test("begins with the newest entry of each stream, then hands out all that come, as bytes", async () => {
  const [one, two] = [uniqueName("a"), uniqueName("a")];
  const writer = await connection("producer");
  for (const seq of [1, 2, 3]) await append(writer, one, seq, { body: BODY, sig: SIG });
  const inbox = redisStreamInbox(await connection("stream-reader"), {
    streams: streams(one, two),
    from: "newest",
  });
  const first = await inbox.next();
  expect(first).toEqual([
    { shard: "base", agent: one, entryId: "3-0", body: BODY, signature: SIG },
  ]);
  const waiting = inbox.next();
  await append(writer, two, 9, { body: BODY });
  expect(await waiting).toEqual([
    { shard: "base", agent: two, entryId: "9-0", body: BODY, signature: undefined },
  ]);
});

test("reads all that is kept when told to begin with the oldest, in order", async () => {
  const agent = uniqueName("a");
  const writer = await connection("producer");
  for (const seq of [5, 6, 9]) await append(writer, agent, seq, { body: BODY, sig: SIG });
  const inbox = redisStreamInbox(await connection("stream-reader"), {
    streams: streams(agent),
    from: "oldest",
  });
  expect((await inbox.next()).map((message) => message.entryId)).toEqual(["5-0", "6-0", "9-0"]);
});

test("goes on behind the last entry after the connection was lost, and after the stream was", async () => {
  const agent = uniqueName("a");
  const writer = await connection("producer");
  const proxy = await tcpProxy(Number(new URL(sharedRedisUrl()).port));
  await proxy.open();
  const reader = await connection("stream-reader", `redis://127.0.0.1:${proxy.port}`);
  const inbox = redisStreamInbox(reader, { streams: streams(agent), from: "newest" });
  await append(writer, agent, 1, { body: BODY, sig: SIG });
  expect(await inbox.next()).toHaveLength(1);
  await proxy.cut();
  await append(writer, agent, 2, { body: BODY, sig: SIG });
  await expect.poll(() => reader.status, { timeout: 5000 }).not.toBe("ready");
  await expect(inbox.next()).rejects.toThrow(RetryableError);
  await proxy.open();
  await expect.poll(() => reader.status, { timeout: 5000 }).toBe("ready");
  expect((await inbox.next()).map((message) => message.entryId)).toEqual(["2-0"]);
  await writer.del(`test:${agent}`);
  await append(writer, agent, 7, { body: BODY, sig: SIG });
  expect((await inbox.next()).map((message) => message.entryId)).toEqual(["7-0"]);
});

test("goes on when a stream begins anew below an id that was far too high", async () => {
  const [poisoned, busy] = [uniqueName("a"), uniqueName("a")];
  const writer = await connection("producer");
  const inbox = redisStreamInbox(await connection("stream-reader"), {
    streams: streams(poisoned, busy),
    from: "newest",
  });
  await append(writer, poisoned, 9_007_199_254_740_000, { body: BODY });
  expect(await inbox.next()).toHaveLength(1);
  await writer.del(`test:${poisoned}`);
  await append(writer, poisoned, 7, { body: BODY, sig: SIG });
  const seen: string[] = [];
  let seq = 1;
  const read = async (): Promise<string[]> => {
    // The other stream goes on all the time: the silent one must not wait for a silence of all.
    await append(writer, busy, seq++, { body: BODY, sig: SIG });
    for (const message of await inbox.next())
      if (message.agent === poisoned) seen.push(message.entryId);
    return seen;
  };
  await expect.poll(read, { timeout: 15_000, interval: 200 }).toEqual(["7-0"]);
}, 20_000);

test("asks a stream that is merely silent for nothing twice", async () => {
  const agent = uniqueName("a");
  const writer = await connection("producer");
  const inbox = redisStreamInbox(await connection("stream-reader"), {
    streams: streams(agent),
    from: "newest",
  });
  await append(writer, agent, 5, { body: BODY, sig: SIG });
  expect(await inbox.next()).toHaveLength(1);
  for (let silent = 0; silent < 3; silent += 1) expect(await inbox.next()).toEqual([]);
}, 20_000);

test("reads every stream in the end, although the first look at one of them failed", async () => {
  const [one, two] = [uniqueName("a"), uniqueName("a")];
  const writer = await connection("producer");
  await writer.set(`test:${two}`, "no stream");
  const inbox = redisStreamInbox(await connection("stream-reader"), {
    streams: streams(one, two),
    from: "newest",
  });
  await expect(inbox.next()).rejects.toThrow(RetryableError);
  await writer.del(`test:${two}`);
  await append(writer, two, 7, { body: BODY, sig: SIG });
  expect((await inbox.next()).map((message) => message.entryId)).toEqual(["7-0"]);
});
