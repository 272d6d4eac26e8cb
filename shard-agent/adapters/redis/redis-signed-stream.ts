import type { KeyObject } from "node:crypto";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { StreamWriter } from "#shared/redis/stream-writer.ts";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import { signBytes } from "#shared/wire/signed-bytes.ts";

const LATE_RETRIES_MAX = 3;
/** No reader takes a number that is further ahead of its clock (docs/protocol.md). */
const AHEAD_MAX_MS = 60_000;

/** Numbers, signs and appends messages to one stream. */
export type SignedStream = {
  /**
   * Appends a message with the next sequence number: max(last + 1, now in Unix milliseconds). Numbers
   * further ahead than any reader takes, by whoever's clock or hand, are not followed: the stream then
   * begins anew at the present, or one stray entry would silence it for ever.
   *
   * @returns The sequence number.
   * @throws {RetryableError} `redis-write-unknown` when Redis did not confirm, `sequence-late` when
   * another writer of the same stream keeps overtaking.
   */
  readonly publish: (message: object) => Promise<number>;
};

/** How far ahead of the clock numbers are reserved, and how many at least; well below AHEAD_MAX_MS. */
const RESERVED_AHEAD_MS = 3_000;
const RESERVED_MIN = 100;
/** Soon after a message, when nobody waits for it, the numbers of the next ones are reserved. */
const RESERVE_AFTER_MS = 50;

/**
 * A number is reserved in the journal before it is used, so that a restart never uses one twice. Reserving is a write to
 * disk, so it is done ahead of time: after a restart the numbers go on above all that were reserved.
 */
export function redisSignedStream(o: {
  readonly streamKey: string;
  readonly writer: StreamWriter;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly key: KeyObject;
  /** Runs something later, if the process is alive by then; left out, by a timer that keeps no process alive. */
  readonly after?: (delayMs: number, run: () => void) => void;
}): SignedStream {
  const after = o.after ?? byTimer;
  let last = o.journal.lastSeq(o.streamKey);
  let reserved = last;
  const isTooFarAhead = (seq: number): boolean => seq > o.clock.nowMs() + AHEAD_MAX_MS;
  const reserve = (): void => {
    const ahead = Math.max(last + RESERVED_MIN, o.clock.nowMs() + RESERVED_AHEAD_MS);
    o.journal.saveSeq(o.streamKey, ahead);
    reserved = ahead;
  };
  const reserveAhead = (): void => {
    if (reserved > o.clock.nowMs() + RESERVED_AHEAD_MS / 2) return;
    try {
      reserve();
    } catch {
      // The journal that cannot be written now, or is closed, is met again when a number is needed.
    }
  };
  const nextSeq = (): number => {
    const nowMs = o.clock.nowMs();
    last = isTooFarAhead(last + 1) ? nowMs : Math.max(last + 1, nowMs);
    if (last > reserved) reserve();
    return last;
  };
  return {
    publish: async (message) => {
      for (let attempt = 0; attempt <= LATE_RETRIES_MAX; attempt += 1) {
        const seq = nextSeq();
        const body = encodeMessage({ ...message, seq });
        const outcome = await o.writer.append(seq, { body, sig: signBytes(body, o.key) });
        if (outcome.written) {
          after(RESERVE_AFTER_MS, reserveAhead);
          return seq;
        }
        if (isTooFarAhead(outcome.lastSeq + 1)) await o.writer.restart();
        else last = Math.max(last, outcome.lastSeq);
      }
      throw new RetryableError(
        "sequence-late",
        `${o.streamKey}: another writer is ahead of ${last}; is the agent running twice?`,
      );
    },
  };
}

function byTimer(delayMs: number, run: () => void): void {
  setTimeout(run, delayMs).unref();
}
