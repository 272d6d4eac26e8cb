import {
  createTransport,
  type EIP1193RequestFn,
  http,
  RpcRequestError,
  type Transport,
} from "viem";

/** Calls of one post; more go in further posts beside it. */
const CALLS_MAX = 100;
/** How long calls go one by one after a batch that came to nothing: the node may take none, or was busy. */
const ALONE_MS = 60_000;

type Call = { readonly method: string; readonly params?: unknown };
type Waiting = {
  readonly call: Call;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
};
type Answer = {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
};

/**
 * A transport that posts the calls of one moment as one JSON-RPC batch: an audit makes some hundred, and each by itself
 * costs a busy machine more than the node takes to answer it. What a batch leaves without an answer of its own id, and all
 * where the node takes no batches, is asked by itself.
 */
export function batchedTransport(url: string, o: { readonly timeoutMs: number }): Transport {
  const { timeoutMs: timeout } = o;
  return (config) => {
    const alone = http(url, { timeout, retryCount: 0 })(config).request as (
      call: Call,
    ) => Promise<unknown>;
    const askAlone = (one: Waiting): void => void alone(one.call).then(one.resolve, one.reject);
    let waiting: Waiting[] = [];
    let aloneUntilMs = 0;
    const postTogether = async (calls: readonly Waiting[]): Promise<void> => {
      const answers = await postBatch(url, calls, timeout).catch(() => null);
      if (answers === null) aloneUntilMs = performance.now() + ALONE_MS;
      for (const [id, one] of calls.entries()) {
        const answer = answers?.get(id);
        if (answer === undefined) askAlone(one);
        else if (answer.error === undefined) one.resolve(answer.result);
        else one.reject(new RpcRequestError({ body: one.call, error: answer.error, url }));
      }
    };
    const flush = (): void => {
      const all = waiting;
      waiting = [];
      if (all.length === 1 || performance.now() < aloneUntilMs) {
        for (const one of all) askAlone(one);
        return;
      }
      for (let first = 0; first < all.length; first += CALLS_MAX)
        void postTogether(all.slice(first, first + CALLS_MAX));
    };
    const request = (call: Call): Promise<unknown> => {
      // What sends is asked once: a batch that came to nothing may have sent it.
      if (call.method.startsWith("eth_send")) return alone(call);
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ call, resolve, reject });
      return promise;
    };
    return createTransport({
      key: "batched",
      name: "JSON-RPC batches",
      type: "batched",
      request: request as EIP1193RequestFn,
      retryCount: 0,
    });
  };
}

/** Answers by the place of their call; throws where the node gives no list of answers. */
async function postBatch(
  url: string,
  calls: readonly Waiting[],
  timeoutMs: number,
): Promise<Map<unknown, Answer>> {
  const body = calls.map(({ call: { method, params = [] } }, id) => {
    return { jsonrpc: "2.0", id, method, params };
  });
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answers: unknown = await response.json();
  if (!response.ok || !Array.isArray(answers)) throw new Error("no list of answers");
  return new Map(answers.filter(isAnswer).map((one) => [one.id, one]));
}

function isAnswer(value: unknown): value is Answer {
  if (typeof value !== "object" || value === null) return false;
  return "result" in value || ("error" in value && value.error !== null);
}
