import type { Redis } from "ioredis";
import { RetryableError } from "#shared/errors.ts";

/** One stream entry; field values are the bytes as written. */
export type StreamEntry = {
  readonly key: string;
  readonly id: string;
  /** The `<seq>` of an id `<seq>-0`; null for any other id. */
  readonly seq: number | null;
  readonly fields: Readonly<Record<string, Buffer>>;
};

export type ReadOptions = {
  /** Stream key to the id after which to read; `0-0` reads from the start. */
  readonly after: ReadonlyMap<string, string>;
  /** How long to wait for an entry; below 5000, see connection-options.ts. */
  readonly blockMs: number;
  /** Most entries per stream in one call. */
  readonly countMax: number;
};

/**
 * Entries after the given ids, in stream order, per stream; empty when none came in time. Needs a
 * `stream-reader` connection of its own: the call blocks it.
 *
 * @throws {RetryableError} `redis-read-failed`.
 */
export async function readStreams(redis: Redis, options: ReadOptions): Promise<StreamEntry[]> {
  const keys = [...options.after.keys()];
  if (keys.length === 0) return [];
  try {
    const reply = await redis.xreadBuffer(
      "COUNT",
      options.countMax,
      "BLOCK",
      options.blockMs,
      "STREAMS",
      ...keys,
      ...options.after.values(),
    );
    return entriesOf(reply);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RetryableError("redis-read-failed", `streams ${keys.join(", ")}: ${reason}`, {
      cause: error,
    });
  }
}

export type FollowOptions = Omit<ReadOptions, "after"> & {
  /** Stream key to the id after which to start. */
  readonly from: ReadonlyMap<string, string>;
  /** Ends the reading within one block time. */
  readonly signal: AbortSignal;
};

/**
 * All entries of several streams as they come, in batches, until `signal` is aborted. The position
 * moves past an entry when the batch that holds it is handed out, so a consumer that throws does
 * not see the batch again unless it starts anew from its own position.
 *
 * @throws {RetryableError} `redis-read-failed`; start again from the last position consumed.
 */
export async function* followStreams(
  redis: Redis,
  options: FollowOptions,
): AsyncGenerator<StreamEntry[]> {
  const after = new Map(options.from);
  while (!options.signal.aborted) {
    const entries = await readStreams(redis, { ...options, after });
    for (const entry of entries) after.set(entry.key, entry.id);
    if (entries.length > 0) yield entries;
  }
}

type RawReply =
  | readonly (readonly [Buffer, readonly (readonly [Buffer, readonly Buffer[]])[]])[]
  | null;

function entriesOf(reply: unknown): StreamEntry[] {
  return ((reply as RawReply) ?? []).flatMap(([key, entries]) => {
    return entries.map(([id, flat]) => {
      const idText = id.toString();
      return { key: key.toString(), id: idText, seq: seqOf(idText), fields: fieldsOf(flat ?? []) };
    });
  });
}

function seqOf(id: string): number | null {
  const seq = Number(/^([0-9]{1,16})-0$/.exec(id)?.[1]);
  return Number.isSafeInteger(seq) ? seq : null;
}

function fieldsOf(flat: readonly Buffer[]): Record<string, Buffer> {
  const pairs: [string, Buffer][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const [name, value] = [flat[i], flat[i + 1]];
    if (name !== undefined && value !== undefined) pairs.push([name.toString(), value]);
  }
  return Object.fromEntries(pairs);
}
