import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits; returns early, without an error, when `signal` is aborted.
 *
 * @returns True after the whole time, false when cut short.
 */
export async function sleep(ms: number, signal?: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch (error) {
    if (signal?.aborted === true) return false;
    throw error;
  }
}
