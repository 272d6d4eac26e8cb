import { expect, test } from "vitest";
import { repeat } from "#coordinator/adapters/repeat.ts";
import { RetryableError } from "#shared/errors.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

test("a step that fails is tried again with growing waits and told of once per outage", async () => {
  const stop = new AbortController();
  const log = memoryLog();
  const callsMs: number[] = [];
  const step = async (): Promise<void> => {
    callsMs.push(performance.now());
    if (callsMs.length <= 2) throw new RetryableError("redis-read-failed", "away");
    if (callsMs.length === 4) stop.abort();
  };
  await repeat(step, { name: "reading", signal: stop.signal, log, everyMs: 10 });
  const waitsMs = callsMs.slice(1).map((atMs, index) => atMs - (callsMs[index] ?? 0));
  expect(waitsMs[0]).toBeGreaterThanOrEqual(249);
  expect(waitsMs[1]).toBeGreaterThanOrEqual(499);
  expect(waitsMs[2]).toBeLessThan(200);
  expect(log.lines.map((line) => [line.level, line.message])).toEqual([
    ["warn", "reading: failed, trying again"],
    ["info", "reading: works again"],
  ]);
});

test("an error that is not retryable is logged each time, and the loop goes on", async () => {
  const stop = new AbortController();
  const log = memoryLog();
  let calls = 0;
  const step = async (): Promise<void> => {
    calls += 1;
    if (calls < 3) throw new TypeError("a mistake");
    stop.abort();
  };
  await repeat(step, { name: "planning", signal: stop.signal, log, everyMs: 0 });
  expect(log.lines.filter((line) => line.level === "error")).toHaveLength(2);
});

test("a stop during a wait ends the loop at once", async () => {
  const stop = new AbortController();
  const startedMs = performance.now();
  setTimeout(() => stop.abort(), 20);
  await repeat(async () => undefined, {
    name: "waiting",
    signal: stop.signal,
    log: memoryLog(),
    everyMs: 60_000,
  });
  expect(performance.now() - startedMs).toBeLessThan(60_000);
});
