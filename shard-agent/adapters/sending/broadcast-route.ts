import type { Hex } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { BroadcastOutcome } from "#shard-agent/ports/sender.ts";

/** Node messages that mean: these very bytes are here already. */
const ALREADY_THERE = /already (known|imported)|known transaction/i;
/** The nonce is used: by these bytes, or by others. Only the chain can tell. */
const NONCE_USED = /nonce too low/i;

/** Where signed transactions go. */
export type BroadcastRoute = {
  /** Each on its own; empty when there are none. All of them get the bytes. */
  readonly privateNodes: readonly RpcClient[];
  readonly publicNodes: RpcClient;
  /** Whether the public nodes get what no private one took. */
  readonly publicFallback: boolean;
};

/** Sends bytes along a route; the first kind of endpoint that takes them ends it. Never throws. */
export async function broadcastAlong(route: BroadcastRoute, raw: Hex): Promise<BroadcastOutcome> {
  const { privateNodes, publicNodes } = route;
  if (privateNodes.length === 0) return broadcastTo(publicNodes, raw);
  const hidden = bestOf(await Promise.all(privateNodes.map((node) => broadcastTo(node, raw))));
  // Private endpoints do not say whether they had the bytes before.
  if (hidden.outcome === "submitted" || !route.publicFallback) return { ...hidden, isNew: false };
  const shown = await broadcastTo(publicNodes, raw);
  return { ...bestOf([shown, hidden]), detail: `${hidden.detail}; public: ${shown.detail}` };
}

const RANK = { submitted: 2, unknown: 1, not_submitted: 0 } as const;

function bestOf(outcomes: readonly BroadcastOutcome[]): BroadcastOutcome {
  const ranked = outcomes.toSorted((one, other) => RANK[other.outcome] - RANK[one.outcome]);
  return ranked[0] ?? { outcome: "not_submitted", isNew: false, detail: "no endpoint" };
}

async function broadcastTo(node: RpcClient, raw: Hex): Promise<BroadcastOutcome> {
  try {
    const answer = await node.ask("eth_sendRawTransaction", [raw]);
    if (answer.ok) return { outcome: "submitted", isNew: true, detail: "taken" };
    const { message, code } = answer.failure;
    const detail = `${message} (code ${code})`;
    if (ALREADY_THERE.test(message)) return { outcome: "submitted", isNew: false, detail };
    const outcome = NONCE_USED.test(message) ? "unknown" : "not_submitted";
    return { outcome, isNew: false, detail };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { outcome: "unknown", isNew: false, detail };
  }
}
