import { connect, createServer, type Socket } from "node:net";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { bullmqJobWorker } from "#shard-agent/adapters/redis/bullmq-job-worker.ts";
import { connectionOptions } from "#shared/redis/connection-options.ts";
import { rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { sharedRedisUrl, uniqueName } from "#test/support/runner/redis.ts";

const CANARY_MS = 200;

test("jobs are handled, canaries are not, and a healthy worker is left alone", async () => {
  const { queue, handled, log } = await workerOn(sharedRedisUrl());
  await queue.add("rebalance", { n: 1 }, { jobId: "j-1" });
  await expect.poll(() => handled).toEqual(["j-1"]);
  await new Promise((resolve) => setTimeout(resolve, 6 * CANARY_MS));
  expect(handled).toEqual(["j-1"]);
  expect(log.lines).toEqual([]);
});

test("a worker whose connection is dead without a word is replaced, and the job is taken", async () => {
  const proxy = await silentProxy();
  const { queue, handled, log } = await workerOn(proxy.url);
  await queue.add("rebalance", {}, { jobId: "j-1" });
  await expect.poll(() => handled).toEqual(["j-1"]);
  proxy.silenceOpenConnections();
  await queue.add("rebalance", {}, { jobId: "j-2" });
  await expect.poll(() => handled, { timeout: 5_000 }).toEqual(["j-1", "j-2"]);
  expect(log.lines[0]?.message).toBe("the job worker sees no canary; starting another one");
});

async function workerOn(workerUrl: string) {
  const shard = uniqueName("shard");
  const producer = new Redis(sharedRedisUrl(), connectionOptions("producer"));
  await producer.connect();
  const handled: string[] = [];
  const log = memoryLog();
  const worker = bullmqJobWorker({
    shard,
    connect: () => new Redis(workerUrl, connectionOptions("worker")),
    producer,
    lockMs: 5_000,
    canaryMs: CANARY_MS,
    log,
    handle: async ({ id }) => {
      handled.push(id);
      return {};
    },
  });
  const queue = new Queue(rebalanceQueueName(shard), { connection: producer });
  onTestFinished(async () => {
    await worker.close();
    await queue.close();
    producer.disconnect();
  });
  return { queue, handled, log };
}

/** A proxy to the shared Redis whose open connections can be made to swallow everything in both directions. */
async function silentProxy(): Promise<{ url: string; silenceOpenConnections: () => void }> {
  const { port } = new URL(sharedRedisUrl());
  const pairs: [Socket, Socket][] = [];
  const server = createServer((client) => {
    const upstream = connect(Number(port), "127.0.0.1");
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => undefined);
    pairs.push([client, upstream]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of pairs.flat()) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `redis://127.0.0.1:${address.port}`,
    silenceOpenConnections: () => {
      for (const [client, upstream] of pairs.splice(0)) {
        client.unpipe(upstream);
        upstream.unpipe(client);
        upstream.destroy();
        client.resume();
      }
    },
  };
}
