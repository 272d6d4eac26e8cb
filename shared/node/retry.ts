import { RetryableError } from "#shared/errors.ts";
import { sleep } from "#shared/node/sleep.ts";

export type RetryOptions = {
  /** Calls at most, the first included. `Infinity` only together with `signal`. */
  readonly attemptsMax: number;
  /** Mean wait before the second call; doubles with every further one. */
  readonly delayFirstMs: number;
  /** Longest mean wait. */
  readonly delayMaxMs: number;
  /** Ends the waiting; the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Called before each wait. */
  readonly onRetry?: (error: RetryableError, attempt: number, delayMs: number) => void;
  /** Uniform in [0, 1); `Math.random` when left out. */
  readonly random?: () => number;
};

/**
 * Calls `run` until it succeeds. Only a {@link RetryableError} is tried again, after
 * min(delayMaxMs, delayFirstMs x 2^n) x a factor drawn from [0.5, 1.5).
 *
 * @throws Whatever `run` throws that is not retryable, or its last error when attempts are used up
 *   or the signal is aborted.
 */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const random = options.random ?? Math.random;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run(attempt);
    } catch (error) {
      if (!(error instanceof RetryableError) || attempt >= options.attemptsMax) throw error;
      const mean = Math.min(options.delayMaxMs, options.delayFirstMs * 2 ** (attempt - 1));
      const delayMs = Math.round(mean * (0.5 + random()));
      if (options.signal?.aborted === true) throw error;
      options.onRetry?.(error, attempt, delayMs);
      if (!(await sleep(delayMs, options.signal))) throw error;
    }
  }
}
