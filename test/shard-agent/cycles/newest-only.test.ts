import { expect, test } from "vitest";
import { newestOnly } from "#shard-agent/cycles/newest-only.ts";

test("values that come while the task runs replace each other, and the last one is not lost", async () => {
  const seen: number[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const runner = newestOnly<number>(async (value) => {
    seen.push(value);
    if (value === 1) await gate;
  });
  for (const value of [1, 2, 3, 4]) runner.offer(value);
  release();
  await runner.idle();
  runner.offer(5);
  await runner.idle();
  expect(seen).toEqual([1, 4, 5]);
});

test("the task never runs twice at once", async () => {
  let running = 0;
  let most = 0;
  const runner = newestOnly<number>(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  });
  for (let i = 0; i < 50; i += 1) {
    runner.offer(i);
    if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await runner.idle();
  expect(most).toBe(1);
});
