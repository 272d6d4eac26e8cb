import type { Hex } from "viem";
import { postRpc } from "#shard-agent/adapters/rpc/post-rpc.ts";
import { RetryableError } from "#shared/errors.ts";

const TIMEOUT_MS = 3000;

/** The node answered, and the answer is an error. */
export type RpcFailure = {
  readonly code: number;
  readonly message: string;
  /** Revert data, when there is any. */
  readonly data: Hex | null;
};

/** Whether it is the contract that refused; every other failure is the node's own. */
export function isRevert({ code, data }: Pick<RpcFailure, "code" | "data">): boolean {
  return data !== null || code === 3;
}

/** One JSON-RPC answer; a node's own error is a value. */
export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly failure: RpcFailure };

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
 * Raw JSON-RPC over HTTP, without caches, batches or retries. Calls go to the node that answered last;
 * when it stops answering, to the next one of the list.
 */
export function rpcClient(urls: readonly string[]): RpcClient {
  const nodes = urls.map((url) => postRpc(url, TIMEOUT_MS));
  let preferred = 0;
  let lastId = 0;
  const ask = async (method: string, params: readonly unknown[]): Promise<RpcAnswer> => {
    lastId += 1;
    const body = JSON.stringify({ jsonrpc: "2.0", id: lastId, method, params });
    // A transaction that is sent twice would be told as known already, not as sent.
    const isRepeatable = !method.startsWith("eth_send");
    let last: unknown;
    for (let attempt = 0; attempt < nodes.length; attempt += 1) {
      const index = (preferred + attempt) % nodes.length;
      try {
        const answer = answerOf(await nodes[index]?.(body, { isRepeatable }));
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

type Answer = {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
};

/** Throws when the text is no JSON-RPC answer. */
function answerOf(text: string | undefined): RpcAnswer {
  const answer = JSON.parse(text ?? "") as Answer | null;
  const error = answer?.error ?? null;
  if (error !== null) {
    const { code, message, data } = error;
    const isHex = typeof data === "string" && /^0x[0-9a-f]*$/i.test(data);
    return {
      ok: false,
      failure: {
        code: typeof code === "number" ? code : 0,
        message: typeof message === "string" ? message : "no message",
        data: isHex ? (data as Hex) : null,
      },
    };
  }
  if (answer?.result === undefined) throw new Error("neither result nor error");
  return { ok: true, result: answer.result };
}

/** Short and without the URL, which may carry a key. */
function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return "not JSON";
  return error instanceof Error ? error.message || error.name : String(error);
}
