import { type RpcAnswer, rpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import { postRpc } from "#shard-agent/adapters/rpc/post-rpc.ts";
import type { RpcSocket } from "#shard-agent/adapters/rpc/rpc-socket.ts";
import { RetryableError } from "#shared/errors.ts";

const TIMEOUT_MS = 3000;

export type RpcClient = {
  /**
   * The node's answer, error or not.
   *
   * @throws {RetryableError} `rpc-unreachable` if none of the nodes answers in 3 s.
   */
  readonly ask: (method: string, params: readonly unknown[]) => Promise<RpcAnswer>;
  /**
   * The result.
   *
   * @throws {RetryableError} `rpc-unreachable`, or `rpc-failed` if the node answers with an error.
   */
  readonly request: (method: string, params: readonly unknown[]) => Promise<unknown>;
};

/**
 * Raw JSON-RPC without caches or retries. Calls go to the node that answered last; when it stops answering, to the next
 * one of the list.
 *
 * @param sockets Of the nodes in their order: what may be asked twice goes over it while it is free, all else by HTTP.
 */
export function rpcClient(
  urls: readonly string[],
  sockets: readonly (Pick<RpcSocket, "ask"> | null)[] = [],
): RpcClient {
  const nodes = urls.map((url) => postRpc(url, TIMEOUT_MS));
  let preferred = 0;
  let lastId = 0;
  const post = async (index: number, call: RpcCall, isRepeatable: boolean): Promise<RpcAnswer> => {
    lastId += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: lastId, ...call });
    return answerOf(await nodes[index]?.(body, { isRepeatable }));
  };
  const ask = async (method: string, params: readonly unknown[]): Promise<RpcAnswer> => {
    // A transaction that is sent twice would be told as known already, not as sent.
    const isRepeatable = !method.startsWith("eth_send");
    let last: unknown;
    for (let attempt = 0; attempt < nodes.length; attempt += 1) {
      const index = (preferred + attempt) % nodes.length;
      try {
        const spoken = isRepeatable ? (sockets[index]?.ask(method, params) ?? null) : null;
        const told = spoken === null ? null : await spoken;
        const answer = told ?? (await post(index, { method, params }, isRepeatable));
        preferred = index;
        return answer;
      } catch (error) {
        last = error;
      }
    }
    throw new RetryableError(
      "rpc-unreachable",
      `${method}: none of ${nodes.length} RPC nodes answers (${reasonOf(last)})`,
      { cause: last },
    );
  };
  const request = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const answer = await ask(method, params);
    if (answer.ok) return answer.result;
    throw new RetryableError(
      "rpc-failed",
      `${method}: ${answer.failure.message} (code ${answer.failure.code})`,
    );
  };
  return { ask, request };
}

type RpcCall = { readonly method: string; readonly params: readonly unknown[] };

/** Throws when the text is no JSON-RPC answer. */
function answerOf(text: string | undefined): RpcAnswer {
  const answer = rpcAnswer(JSON.parse(text ?? ""));
  if (answer === null) throw new Error("neither result nor error");
  return answer;
}

/** Short and without the URL, which may carry a key. */
function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "not JSON";
  return error instanceof Error ? error.message || error.name : String(error);
}
