import { expect, test } from "vitest";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { retry } from "#shared/node/retry.ts";

function failing(times: number, error: Error): { calls: number; run: () => Promise<string> } {
  const state = {
    calls: 0,
    run: async (): Promise<string> => {
      state.calls += 1;
      if (state.calls <= times) throw error;
      return "done";
    },
  };
  return state;
}

const quick = { attemptsMax: 5, delayFirstMs: 1, delayMaxMs: 4 };
const retryable = new RetryableError("peer-down", "the peer is down");

test("tries a retryable failure again until it succeeds", async () => {
  const work = failing(3, retryable);

  expect(await retry(work.run, quick)).toBe("done");
  expect(work.calls).toBe(4);
});

test("throws the last error when the attempts are used up", async () => {
  const work = failing(9, retryable);

  await expect(retry(work.run, quick)).rejects.toBe(retryable);
  expect(work.calls).toBe(5);
});

test.each([new FatalError("bad-input", "bad"), new TypeError("bug")])(
  "never repeats $name",
  async (error) => {
    const work = failing(1, error);

    await expect(retry(work.run, quick)).rejects.toBe(error);
    expect(work.calls).toBe(1);
  },
);

test("doubles the mean wait up to its limit, with jitter of half to one and a half", async () => {
  const waits: number[] = [];
  const draws = [0, 0.5, 0.999, 0];
  const work = failing(4, retryable);
  await retry(work.run, {
    attemptsMax: 5,
    delayFirstMs: 4,
    delayMaxMs: 10,
    random: () => draws.shift() ?? 0,
    onRetry: (_error, _attempt, delayMs) => waits.push(delayMs),
  });

  expect(waits).toEqual([2, 8, 15, 5]);
});

test("ends at once when the signal is aborted while waiting", async () => {
  const stop = new AbortController();
  const work = failing(9, retryable);
  const startedAtMs = Date.now();
  const running = retry(work.run, {
    attemptsMax: 9,
    delayFirstMs: 60_000,
    delayMaxMs: 60_000,
    signal: stop.signal,
  });
  setTimeout(() => stop.abort(), 20);

  await expect(running).rejects.toBe(retryable);
  expect(Date.now() - startedAtMs).toBeLessThan(60_000);
  expect(work.calls).toBe(1);
});
