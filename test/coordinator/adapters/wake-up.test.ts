import { afterEach, expect, test, vi } from "vitest";
import { wakeUp } from "#coordinator/adapters/wake-up.ts";

afterEach(() => void vi.useRealTimers());

async function at<T>(ms: number, promise: Promise<T>): Promise<T | "waiting"> {
  await vi.advanceTimersByTimeAsync(ms);
  return Promise.race([promise, Promise.resolve("waiting" as const)]);
}

test("the timer runs when nobody wakes it, and a wake-up brings it forward", async () => {
  vi.useFakeTimers();
  const { wake, next } = wakeUp(1000, new AbortController().signal);
  const timer = next();
  expect(await at(999, timer)).toBe("waiting");
  expect(await at(1, timer)).toBe("timer");
  const woken = next();
  wake(200);
  expect(await at(199, woken)).toBe("waiting");
  wake(200);
  expect(await at(1, woken)).toBe("woken");
});

test("many wake-ups before a run are one run, also those that came in between", async () => {
  vi.useFakeTimers();
  const { wake, next } = wakeUp(1000, new AbortController().signal);
  for (let count = 0; count < 5; count += 1) wake(0);
  expect(await at(0, next())).toBe("woken");
  expect(await at(999, next())).toBe("waiting");
});

test("a second, sooner wake-up wins", async () => {
  vi.useFakeTimers();
  const { wake, next } = wakeUp(1000, new AbortController().signal);
  const woken = next();
  wake(200);
  wake(0);
  expect(await at(0, woken)).toBe("woken");
});

test("a stop ends the waiting at once, and every later one", async () => {
  const stop = new AbortController();
  const { next } = wakeUp(60_000, stop.signal);
  const waiting = next();
  stop.abort();
  expect(await waiting).toBe("stopped");
  expect(await next()).toBe("stopped");
});
