import { Queue } from "bullmq";
import { expect, onTestFinished, test } from "vitest";
import { bullmqJobQueue } from "#coordinator/adapters/redis/bullmq-job-queue.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { connectRedis } from "#shared/redis/connect.ts";
import { queueJobId, type RebalanceJob, rebalanceQueueName } from "#shared/wire/rebalance-job.ts";
import { aRebalanceJob } from "#test/support/agent/rebalance-job.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { sharedRedisUrl, uniqueName } from "#test/support/runner/redis.ts";
import { tcpProxy } from "#test/support/runner/tcp-proxy.ts";

async function opened(url: string, shard: string) {
  const redis = await connectRedis({ url, kind: "producer", log: memoryLog() });
  const queue = bullmqJobQueue(redis, [shard], memoryLog());
  onTestFinished(async () => {
    await queue.close().catch(() => undefined);
    redis.disconnect();
  });
  return queue;
}

async function stored(shard: string) {
  const redis = await connectRedis({ url: sharedRedisUrl(), kind: "producer", log: memoryLog() });
  const queue = new Queue(rebalanceQueueName(shard), { connection: redis });
  onTestFinished(async () => {
    await queue.close();
    redis.disconnect();
  });
  return {
    count: () => queue.getJobCounts("wait", "active", "completed", "failed"),
    find: (id: string) => queue.getJob(id),
  };
}

test("a job waits in its shard's queue under its own id, once, however often it is sent", async () => {
  const shard = uniqueName("q");
  const queue = await opened(sharedRedisUrl(), shard);
  const job: RebalanceJob = { ...aRebalanceJob(), shard };
  await queue.send(job);
  await queue.send(job);
  const { count, find } = await stored(shard);
  expect(await count()).toMatchObject({ wait: 1 });
  const found = await find(queueJobId(job.mandate.jobId));
  expect(found?.data).toEqual(job);
  expect(found?.opts).toMatchObject({
    attempts: 1,
    removeOnFail: { age: 30 * 86_400 },
    removeOnComplete: { age: 604_800 },
  });
});

test("a job that was edited or removed in its queue is told of, and breaks nothing", async () => {
  const shard = uniqueName("q");
  const queue = await opened(sharedRedisUrl(), shard);
  const job: RebalanceJob = { ...aRebalanceJob(), shard };
  expect(await queue.send(job)).toEqual({ sent: true });
  const { find } = await stored(shard);
  const waiting = await find(queueJobId(job.mandate.jobId));
  await waiting?.updateData({ ...job, signatures: [] });
  expect(await queue.send(job)).toEqual({ sent: false, reason: "edited" });
  await waiting?.updateData(job);
  expect(await queue.send(job)).toEqual({ sent: true });
  await expect(queue.send({ ...job, shard: "nowhere" })).rejects.toThrow(FatalError);
});

test("while Redis is away a send fails at once, and works again afterwards", async () => {
  const shard = uniqueName("q");
  const proxy = await tcpProxy(Number(new URL(sharedRedisUrl()).port));
  await proxy.open();
  const queue = await opened(`redis://127.0.0.1:${proxy.port}`, shard);
  const job: RebalanceJob = { ...aRebalanceJob(), shard };
  expect(queue.isReady()).toBe(true);
  await proxy.cut();
  await expect.poll(() => queue.isReady()).toBe(false);
  // One that waited for Redis would outlast the test.
  await expect(queue.send(job)).rejects.toThrow(RetryableError);
  await proxy.open();
  await expect.poll(() => queue.isReady(), { timeout: 5000 }).toBe(true);
  await queue.send(job);
  expect(await (await stored(shard)).count()).toMatchObject({ wait: 1 });
});
