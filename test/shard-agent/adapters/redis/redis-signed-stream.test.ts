import { generateKeyPairSync } from "node:crypto";
import { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { redisSignedStream } from "#shard-agent/adapters/redis/redis-signed-stream.ts";
import { streamWriter } from "#shared/redis/stream-writer.ts";
import { decodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { isSignedBy } from "#shared/wire/signed-bytes.ts";
import { sharedRedisUrl, uniqueName } from "#test/support/runner/redis.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");

type Options = Pick<Parameters<typeof redisSignedStream>[0], "after">;

function site(
  dataDir = temporaryFolder(),
  streamKey = uniqueName("report"),
  options: Options = {},
) {
  const redis = new Redis(sharedRedisUrl());
  const journal = sqliteJournal({ dataDir, agent: "base-1" });
  const time = { nowMs: 1_000 };
  const stream = redisSignedStream({
    streamKey,
    writer: streamWriter(redis, { key: streamKey, lengthMax: 256 }),
    journal,
    clock: { nowMs: () => time.nowMs },
    key: privateKey,
    ...options,
  });
  onTestFinished(() => redis.disconnect());
  return { redis, journal, time, stream, streamKey, dataDir };
}

test("numbers are the time when it has moved on, and one more when it has not", async () => {
  const { stream, time } = site();
  expect(await stream.publish({ a: 1 })).toBe(1_000);
  expect(await stream.publish({ a: 2 })).toBe(1_001);
  time.nowMs = 5_000;
  expect(await stream.publish({ a: 3 })).toBe(5_000);
  time.nowMs = 2_000;
  expect(await stream.publish({ a: 4 })).toBe(5_001);
});

test("the entry's id is the number inside, and the bytes are signed as they travel", async () => {
  const { stream, redis, streamKey } = site();
  await stream.publish({ version: 1 });
  const [entry] = await redis.xrangeBuffer(streamKey, "-", "+");
  const [body, sig] = [entry?.[1][1] ?? Buffer.alloc(0), entry?.[1][3] ?? Buffer.alloc(0)];
  expect(String(entry?.[0])).toBe("1000-0");
  expect(decodeMessage(body)).toEqual({ version: 1, seq: 1_000 });
  expect(isSignedBy(body, sig, publicKey)).toBe(true);
});

test("a restart under a clock that went back goes on above the last number, though Redis is empty", async () => {
  const first = site();
  first.time.nowMs = 9_000;
  await first.stream.publish({});
  first.journal.close();
  await first.redis.del(first.streamKey);
  const second = site(first.dataDir, first.streamKey);
  // Above all that the first had reserved.
  expect(await second.stream.publish({})).toBe(12_001);
});

test("no number is used before the journal has it, and the journal is not written for every number", async () => {
  const { stream, journal, time, streamKey } = site();
  for (let round = 0; round < 300; round += 1) {
    time.nowMs += [0, 1, 40][round % 3] ?? 0;
    const seq = await stream.publish({});
    expect(journal.lastSeq(streamKey)).toBeGreaterThanOrEqual(seq);
    expect(journal.lastSeq(streamKey)).toBeLessThanOrEqual(time.nowMs + 3_000);
  }
});

test("the next numbers are reserved soon after a message, so that none waits for the disk", async () => {
  const { stream, journal, time, streamKey } = site();
  await stream.publish({});
  time.nowMs = 3_500;
  await stream.publish({});
  expect(journal.lastSeq(streamKey)).toBe(4_000);
  await expect.poll(() => journal.lastSeq(streamKey)).toBe(6_500);
});

test("when they are reserved is the caller's to say: nothing of it depends on the machine's time", async () => {
  const waiting: { readonly delayMs: number; readonly run: () => void }[] = [];
  const after = (delayMs: number, run: () => void) => void waiting.push({ delayMs, run });
  const { stream, journal, time, streamKey } = site(temporaryFolder(), uniqueName("report"), {
    after,
  });
  await stream.publish({});
  time.nowMs = 3_500;
  expect(waiting.map((one) => one.delayMs)).toEqual([50]);
  expect(journal.lastSeq(streamKey)).toBe(4_000);
  waiting[0]?.run();
  expect(journal.lastSeq(streamKey)).toBe(6_500);
});

test("a journal that cannot be written gives no number beyond those it has", async () => {
  const { stream, journal, time } = site();
  await stream.publish({});
  journal.close();
  expect(await stream.publish({})).toBe(1_001);
  time.nowMs = 4_001;
  await expect(stream.publish({})).rejects.toThrow();
});

test("a stream that is ahead of a lost journal is overtaken, not repeated", async () => {
  const first = site();
  first.time.nowMs = 9_000;
  await first.stream.publish({});
  const second = site(temporaryFolder(), first.streamKey);
  expect(await second.stream.publish({})).toBe(9_001);
});

describe("a number further ahead than any reader takes", () => {
  test.each(["61001-0", "9007199254740991-0", "18446744073709551615-18446744073709551615"])(
    "as %s, put into the stream by somebody else, is not followed",
    async (id) => {
      const { stream, redis, streamKey, journal } = site();
      await redis.xadd(streamKey, id, "body", "x");
      expect(await stream.publish({})).toBe(1_001);
      expect(await stream.publish({})).toBe(1_002);
      expect(journal.lastSeq(streamKey)).toBe(4_000);
    },
  );

  test("that a wrong clock gave is left behind when the clock is right again, also after a restart", async () => {
    const first = site();
    first.time.nowMs = 9_000_000_000;
    expect(await first.stream.publish({})).toBe(9_000_000_000);
    first.time.nowMs = 2_000;
    expect(await first.stream.publish({})).toBe(2_001);
    first.journal.close();
    const second = site(first.dataDir, first.streamKey);
    second.time.nowMs = 3_000;
    expect(await second.stream.publish({})).toBe(3_000);
  });

  test("is still followed when readers take it: another process may have got there first", async () => {
    const { stream, redis, streamKey } = site();
    await redis.xadd(streamKey, "60000-0", "body", "x");
    expect(await stream.publish({})).toBe(60_001);
  });

  test("does not stop it either when the key holds something else", async () => {
    const { stream, redis, streamKey } = site();
    await redis.set(streamKey, "x");
    expect(await stream.publish({})).toBe(1_001);
  });
});
