import { RetryableError } from "#shared/errors.ts";
import { sleep } from "#shared/node/sleep.ts";
import type { Log } from "#shared/ports/log.ts";

export type RepeatOptions = {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Wait after a success; 0 goes on at once. */
  readonly everyMs: number;
};

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/**
 * Runs `step` again and again until `signal` is aborted. A failure is logged once per outage and tried
 * again with growing waits; an error that is not retryable is a bug, logged each time it comes. The
 * loop never ends and never spins.
 */
export async function repeat(step: () => Promise<void>, options: RepeatOptions): Promise<void> {
  let failures = 0;
  while (!options.signal.aborted) {
    try {
      await step();
      if (failures > 0) options.log.info(`${options.name}: works again`, { failures });
      failures = 0;
      if (options.everyMs > 0) await sleep(options.everyMs, options.signal);
    } catch (error) {
      if (options.signal.aborted) return;
      failures += 1;
      if (!(error instanceof RetryableError))
        options.log.error(`${options.name}: failed`, { error });
      else if (failures === 1) options.log.warn(`${options.name}: failed, trying again`, { error });
      await sleep(
        Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 6)),
        options.signal,
      );
    }
  }
}
