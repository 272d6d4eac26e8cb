import type { StreamInbox, StreamMessage } from "#coordinator/ports/stream-inbox.ts";
import { RetryableError } from "#shared/errors.ts";
import type { StreamWriter } from "#shared/redis/stream-writer.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { Scheduler } from "#test/simulation/engine/scheduler.ts";

type Entry = { readonly seq: number; readonly body: Uint8Array; readonly sig: Uint8Array };
type Stream = { readonly shard: string; readonly agent: string; entries: Entry[]; lastSeq: number };

/** Redis streams of one kind, one for each agent. */
export type Streams = {
  readonly open: (shard: string, agent: string) => void;
  readonly writer: (process: SimProcess, agent: string) => StreamWriter;
  readonly inbox: (process: SimProcess, from: "newest" | "oldest") => StreamInbox;
  /** Trims and loses; called every second. */
  readonly misbehave: () => void;
  readonly setDown: (isDown: boolean) => void;
  readonly isDown: () => boolean;
};

const LENGTH_MAX = 256;
const POLL_MS = 100;
const BLOCK_MS = 2_000;
const BATCH_MAX = 64;

export function newStreams(scheduler: Scheduler, faults: Faults): Streams {
  const streams = new Map<string, Stream>();
  let isDown = false;
  const append = (agent: string, entry: Entry) => {
    const stream = streams.get(agent);
    if (stream === undefined)
      throw new RetryableError("redis-write-unknown", `${agent}: no stream`);
    if (entry.seq <= stream.lastSeq)
      return { written: false, reason: "late", lastSeq: stream.lastSeq } as const;
    stream.lastSeq = entry.seq;
    stream.entries.push(entry);
    if (stream.entries.length > LENGTH_MAX) stream.entries.shift();
    return { written: true } as const;
  };
  return {
    open: (shard, agent) => void streams.set(agent, { shard, agent, entries: [], lastSeq: 0 }),
    writer: (process, agent) => ({
      restart: async () => {
        await process.ask(2, () => {
          const stream = streams.get(agent);
          if (stream !== undefined) Object.assign(stream, { entries: [], lastSeq: 0 });
        });
      },
      lastSeq: () => process.ask(2, () => streams.get(agent)?.lastSeq ?? 0),
      append: async (seq, fields) => {
        const { body, sig } = fields;
        const lost = () => new RetryableError("redis-write-unknown", `entry ${seq}-0 of ${agent}`);
        if (isDown || body === undefined || sig === undefined) {
          await process.ask(50, () => undefined);
          throw lost();
        }
        if (faults.roll("stream-lost-write", 0.02)) {
          faults.bit("stream-lost-write");
          await process.ask(3_000, () => undefined);
          throw lost();
        }
        const entry = { seq, body: Uint8Array.from(body), sig: Uint8Array.from(sig) };
        const delayMs = faults.random.between(1, 15);
        const outcome = await process.ask(delayMs, () => append(agent, entry));
        if (!faults.roll("stream-lost-reply", 0.02)) return outcome;
        faults.bit("stream-lost-reply");
        throw lost();
      },
    }),
    inbox: (process, from) =>
      newInbox({ streams, process, faults, scheduler, isDown: () => isDown }, from),
    misbehave: () => {
      for (const stream of streams.values()) {
        if (stream.entries.length > 1 && faults.roll("stream-trimmed", 0.01)) {
          stream.entries = stream.entries.slice(-1);
          faults.bit("stream-trimmed");
        }
        if (stream.lastSeq > 0 && faults.roll("stream-flush", 0.005)) {
          Object.assign(stream, { entries: [], lastSeq: 0 });
          faults.bit("stream-flush");
        }
      }
    },
    setDown: (down) => {
      isDown = down;
    },
    isDown: () => isDown,
  };
}

type InboxParts = {
  readonly streams: ReadonlyMap<string, Stream>;
  readonly process: SimProcess;
  readonly faults: Faults;
  readonly scheduler: Scheduler;
  readonly isDown: () => boolean;
};

function newInbox(parts: InboxParts, from: "newest" | "oldest"): StreamInbox {
  const { streams, process, faults, scheduler } = parts;
  const positions = new Map<string, number>();
  const take = (): StreamMessage[] =>
    [...streams.values()].flatMap((stream) => {
      const start = from === "oldest" ? 0 : (stream.entries.at(-2)?.seq ?? 0);
      const after = positions.get(stream.agent) ?? start;
      // Asked for all the time, and mostly there is nothing new.
      const last = stream.entries.findLastIndex((entry) => entry.seq <= after);
      const fresh = stream.entries.slice(last + 1, last + 1 + BATCH_MAX);
      positions.set(stream.agent, fresh.at(-1)?.seq ?? after);
      const { shard, agent } = stream;
      return fresh.map(({ seq, body, sig }) => ({
        shard,
        agent,
        entryId: `${seq}-0`,
        body,
        signature: sig,
      }));
    });
  let before: StreamMessage[] = [];
  return {
    next: async () => {
      const untilMs = scheduler.nowMs() + BLOCK_MS;
      if (faults.roll("inbox-delay", 0.01)) {
        faults.bit("inbox-delay");
        await process.wait(faults.random.between(500, 6_000));
      }
      while (scheduler.nowMs() < untilMs) {
        if (parts.isDown()) {
          await process.wait(BLOCK_MS);
          throw new RetryableError("redis-read-failed", "Redis is not connected");
        }
        const messages = take();
        if (messages.length > 0) {
          const handed = disturb(messages, before, faults);
          before = messages;
          return handed;
        }
        await process.wait(POLL_MS);
      }
      return [];
    },
  };
}

function disturb(
  messages: StreamMessage[],
  before: readonly StreamMessage[],
  faults: Faults,
): StreamMessage[] {
  if (before.length > 0 && faults.roll("inbox-duplicate", 0.02)) {
    faults.bit("inbox-duplicate");
    return [...messages, ...before];
  }
  if (messages.length > 1 && faults.roll("inbox-reorder", 0.1)) {
    faults.bit("inbox-reorder");
    return [...messages].reverse();
  }
  return messages;
}
