import type { Redis } from "ioredis";
import { RetryableError } from "#shared/errors.ts";

/**
 * A refusal is a value: Redis keeps a newer entry already, `lastSeq` or later. Infinity when the key
 * can take no entry at all: its ids are used up, or it holds something that is not a stream.
 */
type AppendOutcome =
  | { readonly written: true }
  | { readonly written: false; readonly reason: "late"; readonly lastSeq: number };

export type StreamWriter = {
  /**
   * Appends one entry with id `<seq>-0`.
   *
   * @throws {RetryableError} `redis-write-unknown`: the entry may or may not be there. Go on with a
   *   higher sequence number.
   */
  readonly append: (
    seq: number,
    fields: Readonly<Record<string, Uint8Array>>,
  ) => Promise<AppendOutcome>;
  /** Removes the stream, whatever it holds, so that it can begin anew at any number. */
  readonly restart: () => Promise<void>;
  /** Newest sequence number ever used on this stream; 0 when there is none. */
  readonly lastSeq: () => Promise<number>;
};

export type StreamWriterOptions = {
  readonly key: string;
  /** About how many entries the stream keeps. */
  readonly lengthMax: number;
};

/** Writer of one stream over a `producer` connection. */
export function streamWriter(redis: Redis, options: StreamWriterOptions): StreamWriter {
  const lastSeq = async (): Promise<number> => lastStreamSeq(redis, options.key);
  return {
    lastSeq,
    restart: async () => {
      try {
        await redis.del(options.key);
      } catch (error) {
        throw new RetryableError("redis-write-unknown", `${options.key}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    append: async (seq, fields) => {
      const flat = Object.entries(fields).flatMap(([name, value]) => [name, bufferOf(value)]);
      try {
        await redis.xadd(options.key, "MAXLEN", "~", options.lengthMax, `${seq}-0`, ...flat);
        return { written: true };
      } catch (error) {
        if (isSpoiledKey(error)) return { written: false, reason: "late", lastSeq: Infinity };
        if (!isLateId(error)) throw unknownOutcome(options.key, seq, error);
        return { written: false, reason: "late", lastSeq: await lastSeq() };
      }
    },
  };
}

/** The same bytes, without copying them. */
function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

async function lastStreamSeq(redis: Redis, key: string): Promise<number> {
  try {
    const info = (await redis.xinfo("STREAM", key)) as unknown[];
    const id = String(info[info.indexOf("last-generated-id") + 1]);
    return Number(id.slice(0, id.indexOf("-")));
  } catch (error) {
    if (error instanceof Error && error.message.includes("no such key")) return 0;
    throw new RetryableError("redis-read-failed", `${key}: ${messageOf(error)}`, { cause: error });
  }
}

function isLateId(error: unknown): boolean {
  return messageOf(error).includes("equal or smaller than the target stream top item");
}

function isSpoiledKey(error: unknown): boolean {
  const message = messageOf(error);
  return message.includes("exhausted the last possible ID") || message.includes("WRONGTYPE");
}

function unknownOutcome(key: string, seq: number, cause: unknown): RetryableError {
  const message = `entry ${seq}-0 of ${key}: ${messageOf(cause)}; it may or may not be written`;
  return new RetryableError("redis-write-unknown", message, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
