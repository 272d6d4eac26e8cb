import { isRevert, type RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";

/** One endpoint, by a name that is safe to show. */
export type RpcNode = { readonly name: string; readonly rpc: RpcClient };

/** What one endpoint said; `key` is equal for equal answers, null when it said nothing that counts. */
export type Vote = {
  readonly node: RpcNode;
  readonly key: string | null;
  readonly answer: RpcAnswer | null;
};

/** How one request was answered by all endpoints. */
export type Election = {
  /** Resolves once `quorum` endpoints gave the same answer, or all have answered. Null: no quorum. */
  readonly winner: Promise<Vote | null>;
  /** Every vote; waits for the slowest endpoint. */
  readonly all: Promise<readonly Vote[]>;
};

/** Asks every endpoint the same; `keyOf` says which answers are equal. An answer it cannot read says nothing that counts. */
export function hold(o: {
  readonly nodes: readonly RpcNode[];
  readonly quorum: number;
  readonly ask: (node: RpcNode) => Promise<RpcAnswer>;
  readonly keyOf: (answer: RpcAnswer) => string | null;
}): Election {
  const { promise: winner, resolve } = Promise.withResolvers<Vote | null>();
  const tally = new Map<string, number>();
  const cast = async (node: RpcNode): Promise<Vote> => {
    const answer = await o.ask(node).catch(() => null);
    const key = answer === null ? null : readKey(o.keyOf, answer);
    const vote: Vote = { node, key, answer };
    if (key !== null) {
      const count = (tally.get(key) ?? 0) + 1;
      tally.set(key, count);
      if (count >= o.quorum) resolve(vote);
    }
    return vote;
  };
  const all = Promise.all(o.nodes.map(cast));
  void all.then(() => resolve(null));
  return { winner, all };
}

/** What an answer says; null where it is nothing that counts. */
export function readKey(
  keyOf: (answer: RpcAnswer) => string | null,
  answer: RpcAnswer,
): string | null {
  try {
    return keyOf(answer);
  } catch {
    return null;
  }
}

/** Equal results, and equal reverts, are equal; an error of the node itself does not count. */
export function exactKey(answer: RpcAnswer): string | null {
  if (answer.ok) return `result ${canonical(answer.result)}`;
  return isRevert(answer.failure) ? `revert ${answer.failure.data}` : null;
}

/** JSON with sorted keys and lower-case hex: nodes differ in both. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === "string") return one.startsWith("0x") ? one.toLowerCase() : one;
    if (one === null || typeof one !== "object" || Array.isArray(one)) return one;
    const fields = Object.entries(one).sort(([left], [right]) => (left < right ? -1 : 1));
    return Object.fromEntries(fields);
  });
}
