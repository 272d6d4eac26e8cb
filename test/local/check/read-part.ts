import { setTimeout as sleep } from "node:timers/promises";
import type { Part, Unread } from "#test/local/check/evidence.ts";

/** A node may not answer while it mines, or not yet know the newest block it named. */
const TRIES = 3;
const PAUSE_MS = 1_000;

/** Reads one part of the evidence of one shard or of all. */
export type PartReader = <T>(
  part: Part,
  name: string,
  read: () => Promise<T>,
) => Promise<T | undefined>;

/**
 * Reads parts of the evidence, each tried three times. What still fails is undefined and among `unread` with its reason:
 * the checks that need it then fail, and all others are made.
 */
export function partReader(pauseMs = PAUSE_MS): {
  readonly read: PartReader;
  readonly unread: readonly Unread[];
} {
  const unread: Unread[] = [];
  const read: PartReader = async (part, name, readOnce) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await readOnce();
      } catch (error) {
        if (tries < TRIES) await sleep(pauseMs);
        else {
          unread.push({ part, why: `${name}: ${String(error)}` });
          return undefined;
        }
      }
    }
  };
  return { read, unread };
}
