import { type RpcAnswer, rpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import { type KeptSocketOptions, keptSocket } from "#shard-agent/adapters/rpc/kept-socket.ts";

/** An endpoint that has not answered after this long is asked otherwise, and connected anew. */
const ANSWER_WAIT_MS = 1_000;
/** Most requests of one frame: what endpoints take together at least. */
const BATCH_MAX = 16;

/** Requests of one moment over a connection that is open. */
export type RpcSocket = {
  /**
   * The endpoint's answer. Null, at once or later: it did not give one here, ask it otherwise; so only what may be asked
   * twice may be asked here.
   */
  readonly ask: (method: string, params: readonly unknown[]) => Promise<RpcAnswer | null> | null;
  readonly close: () => void;
};

type Waiting = {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly resolve: (answer: RpcAnswer | null) => void;
};

/**
 * {@link RpcSocket} over WebSocket. What is asked in one moment goes as one frame and comes back as one: a round trip, and
 * no answer that waits for the one before it to be acknowledged (Nagle's algorithm: 40 ms, and many nodes have it on). For
 * the same reason only one frame is on its way at a time; what is asked meanwhile is asked otherwise, not later.
 */
export function rpcSocket(
  o: Pick<KeptSocketOptions, "url" | "endpoint" | "chainId" | "log">,
): RpcSocket {
  let isOpen = false;
  let batchMax = BATCH_MAX;
  let lastId = 0;
  let collected: Waiting[] = [];
  let sent: Map<number, Waiting> | null = null;
  let timer: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(timer);
    const left = sent;
    sent = null;
    for (const { resolve } of left?.values() ?? []) resolve(null);
  };
  const socket = keptSocket({
    ...o,
    words: { down: "reads go over HTTP, not WebSocket", up: "reads go over WebSocket again" },
    onOpen: () => {
      isOpen = true;
    },
    onMessage: (message) => {
      if (sent === null) return;
      socket.works();
      if (Array.isArray(message)) for (const one of message) take(one);
      // One answer to many requests: the endpoint does not take them together.
      else if (sent.size > 1) batchMax = 1;
      else take(message);
      settle();
    },
    onDown: () => {
      isOpen = false;
      settle();
    },
  });
  const take = (message: unknown): void => {
    const id = (message as { readonly id?: unknown } | null)?.id;
    const asked = typeof id === "number" ? sent?.get(id) : undefined;
    if (asked === undefined) return;
    sent?.delete(asked.id);
    asked.resolve(rpcAnswer(message));
  };
  const flush = (): void => {
    const all = collected;
    collected = [];
    const calls = all.map(({ id, method, params }) => ({ jsonrpc: "2.0", id, method, params }));
    sent = new Map(all.map((one) => [one.id, one]));
    if (!socket.send(JSON.stringify(calls.length === 1 ? calls[0] : calls))) settle();
    else timer = setTimeout(socket.reopen, ANSWER_WAIT_MS);
  };
  return {
    ask: (method, params) => {
      if (!isOpen || sent !== null || collected.length >= batchMax) return null;
      lastId += 1;
      const { promise, resolve } = Promise.withResolvers<RpcAnswer | null>();
      collected.push({ id: lastId, method, params, resolve });
      if (collected.length === 1) queueMicrotask(flush);
      return promise;
    },
    close: socket.close,
  };
}
