import type { Redis } from "ioredis";
import { describe, expect, onTestFinished, test } from "vitest";
import { RetryableError } from "#shared/errors.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import type { ConnectionKind } from "#shared/redis/connection-options.ts";
import { followStreams, readStreams, type StreamEntry } from "#shared/redis/stream-reader.ts";
import { streamWriter } from "#shared/redis/stream-writer.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { sharedRedisUrl, uniqueName } from "#test/support/runner/redis.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";

async function connect(kind: ConnectionKind): Promise<Redis> {
  const redis = await connectRedis({ url: sharedRedisUrl(), kind, log: memoryLog() });
  onTestFinished(() => redis.disconnect());
  return redis;
}

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe("streamWriter", () => {
  test("appends under the given sequence number", async () => {
    const writer = streamWriter(await connect("producer"), {
      key: uniqueName("report"),
      lengthMax: 10,
    });

    expect(await writer.lastSeq()).toBe(0);
    expect(await writer.append(1_700_000_000_000, { body: ALL_BYTES })).toEqual({ written: true });
    expect(await writer.lastSeq()).toBe(1_700_000_000_000);
  });

  test.each([
    { what: "a repeated", seq: 7 },
    { what: "an older", seq: 6 },
  ])("returns Redis's refusal of $what sequence number as a value", async ({ seq }) => {
    const writer = streamWriter(await connect("producer"), {
      key: uniqueName("report"),
      lengthMax: 10,
    });
    await writer.append(7, { body: ALL_BYTES });

    const outcome = await writer.append(seq, { body: ALL_BYTES });

    expect(outcome).toEqual({ written: false, reason: "late", lastSeq: 7 });
  });

  test("keeps the last sequence number after the stream is trimmed to nothing", async () => {
    const redis = await connect("producer");
    const key = uniqueName("report");
    const writer = streamWriter(redis, { key, lengthMax: 10 });
    await writer.append(9, { body: ALL_BYTES });
    await redis.xtrim(key, "MAXLEN", 0);

    expect(await writer.lastSeq()).toBe(9);
    expect(await writer.append(9, { body: ALL_BYTES })).toMatchObject({
      written: false,
      lastSeq: 9,
    });
  });

  test("bounds the stream's length", async () => {
    const redis = await connect("producer");
    const key = uniqueName("report");
    const writer = streamWriter(redis, { key, lengthMax: 100 });
    for (let seq = 1; seq <= 1000; seq += 1) await writer.append(seq, { body: ALL_BYTES });

    expect(await redis.xlen(key)).toBeLessThan(300);
  });

  test("reports an unknown outcome as retryable", async () => {
    const proxy = await tcpProxy(Number(new URL(sharedRedisUrl()).port));
    await proxy.open();
    const url = `redis://127.0.0.1:${proxy.port}`;
    const redis = await connectRedis({ url, kind: "producer", log: memoryLog() });
    onTestFinished(() => redis.disconnect());
    const writer = streamWriter(redis, { key: uniqueName("report"), lengthMax: 10 });
    await proxy.cut();

    const appending = writer.append(1, { body: ALL_BYTES });

    await expect(appending).rejects.toThrow(RetryableError);
    await expect(appending).rejects.toMatchObject({ code: "redis-write-unknown" });
  });
});

describe("readStreams", () => {
  test("returns bytes exactly as written, from several streams, after the given ids", async () => {
    const [producer, reader] = [await connect("producer"), await connect("stream-reader")];
    const [one, two] = [uniqueName("report"), uniqueName("report")];
    await streamWriter(producer, { key: one, lengthMax: 10 }).append(1, {
      body: Buffer.from("old"),
    });
    await streamWriter(producer, { key: one, lengthMax: 10 }).append(2, {
      body: ALL_BYTES,
      sig: ALL_BYTES,
    });
    await streamWriter(producer, { key: two, lengthMax: 10 }).append(5, { body: Buffer.alloc(0) });

    const after = new Map([
      [one, "1-0"],
      [two, "0-0"],
    ]);
    const entries = await readStreams(reader, { after, blockMs: 100, countMax: 10 });

    expect(entries).toEqual([
      { key: one, id: "2-0", seq: 2, fields: { body: ALL_BYTES, sig: ALL_BYTES } },
      { key: two, id: "5-0", seq: 5, fields: { body: Buffer.alloc(0) } },
    ]);
  });

  test("returns nothing when nothing comes in time", async () => {
    const reader = await connect("stream-reader");
    const after = new Map([[uniqueName("report"), "0-0"]]);

    expect(await readStreams(reader, { after, blockMs: 50, countMax: 10 })).toEqual([]);
  });

  test.each(["5-1", "99999999999999999-0"])(
    "gives no sequence number for the id %s",
    async (id) => {
      const [producer, reader] = [await connect("producer"), await connect("stream-reader")];
      const key = uniqueName("report");
      await producer.xadd(key, id, "body", "x");

      const [entry] = await readStreams(reader, {
        after: new Map([[key, "0-0"]]),
        blockMs: 50,
        countMax: 1,
      });

      expect(entry).toMatchObject({ id, seq: null });
    },
  );
});

describe("followStreams", () => {
  test("hands out every entry once, in order, until it is stopped", async () => {
    const [producer, reader] = [await connect("producer"), await connect("stream-reader")];
    const key = uniqueName("report");
    const writer = streamWriter(producer, { key, lengthMax: 1000 });
    const stop = new AbortController();
    const seen: StreamEntry[] = [];
    const following = (async () => {
      const from = new Map([[key, "0-0"]]);
      const options = { from, blockMs: 100, countMax: 7, signal: stop.signal };
      for await (const batch of followStreams(reader, options)) {
        expect(batch.length).toBeLessThanOrEqual(7);
        seen.push(...batch);
        if (seen.length >= 50) stop.abort();
      }
    })();
    for (let seq = 1; seq <= 50; seq += 1)
      await writer.append(seq, { body: Buffer.from(String(seq)) });
    await following;

    expect(seen.map((entry) => entry.seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
});
