import type { Hex } from "viem";

/** The node answered, and the answer is an error. */
export type RpcFailure = {
  readonly code: number;
  readonly message: string;
  /** Revert data, when there is any. */
  readonly data: Hex | null;
};

/** One JSON-RPC answer; a node's own error is a value. */
export type RpcAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly failure: RpcFailure };

/** Whether it is the contract that refused; every other failure is the node's own. */
export function isRevert({ code, data }: Pick<RpcFailure, "code" | "data">): boolean {
  return data !== null || code === 3;
}

type Said = {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
};

/** What a message of a node answers; null when it is no JSON-RPC answer. */
export function rpcAnswer(message: unknown): RpcAnswer | null {
  const answer = message as Said | null;
  const error = answer?.error ?? null;
  if (error !== null) {
    const { code, message: text, data } = error;
    const isHex = typeof data === "string" && /^0x[0-9a-f]*$/i.test(data);
    return {
      ok: false,
      failure: {
        code: typeof code === "number" ? code : 0,
        message: typeof text === "string" ? text : "no message",
        data: isHex ? (data as Hex) : null,
      },
    };
  }
  return answer?.result === undefined ? null : { ok: true, result: answer.result };
}
