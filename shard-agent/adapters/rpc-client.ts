import { BaseError, createClient, type Hex, http, RpcRequestError } from "viem";
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
  const nodes = urls.map((url) =>
    createClient({
      transport: http(url, { retryCount: 0, timeout: TIMEOUT_MS, batch: false }),
      cacheTime: 0,
    }),
  );
  let preferred = 0;
  const ask = async (method: string, params: readonly unknown[]): Promise<RpcAnswer> => {
    let last: unknown;
    for (let attempt = 0; attempt < nodes.length; attempt += 1) {
      const index = (preferred + attempt) % nodes.length;
      try {
        const result: unknown = await nodes[index]?.request({ method, params } as never);
        preferred = index;
        return { ok: true, result };
      } catch (error) {
        const failure = failureOf(error);
        if (failure !== null) return { ok: false, failure };
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

function failureOf(error: unknown): RpcFailure | null {
  if (!(error instanceof BaseError)) return null;
  const rpc = error.walk((one) => one instanceof RpcRequestError);
  if (!(rpc instanceof RpcRequestError)) return null;
  const data: unknown = rpc.data;
  const isHex = typeof data === "string" && /^0x[0-9a-f]*$/i.test(data);
  return { code: rpc.code, message: rpc.details, data: isHex ? (data as Hex) : null };
}

/** Short and without the URL, which may carry a key. */
function reasonOf(error: unknown): string {
  return error instanceof BaseError
    ? error.details || error.shortMessage
    : error instanceof Error
      ? error.message
      : String(error);
}
