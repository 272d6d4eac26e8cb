import type { Hex } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { BroadcastOutcome } from "#shard-agent/ports/sender.ts";

/** Node messages that mean: these very bytes are here already. */
const ALREADY_THERE = /already (known|imported)|known transaction/i;
/** The nonce is used: by these bytes, or by others. Only the chain can tell. */
const NONCE_USED = /nonce too low/i;

/** How long other endpoints are waited for once one has taken the bytes; they get them however long they take. */
const OTHERS_WAIT_MS = 250;

/** Where signed transactions go: to every endpoint of a kind at once, since one may take them and tell nobody. */
export type BroadcastRoute = {
  /** Each on its own; empty when there are none. */
  readonly privateNodes: readonly RpcClient[];
  readonly publicNodes: readonly RpcClient[];
  /** Whether the public nodes get what no private one took. */
  readonly publicFallback: boolean;
};

/** Sends bytes along a route; the first kind of endpoint that takes them ends it. Never throws. */
export async function broadcastAlong(route: BroadcastRoute, raw: Hex): Promise<BroadcastOutcome> {
  const { privateNodes, publicNodes } = route;
  if (privateNodes.length === 0) return bestOf(await broadcastToAll(publicNodes, raw));
  const hidden = bestOf(await broadcastToAll(privateNodes, raw));
  // Private endpoints do not say whether they had the bytes before.
  if (hidden.outcome === "submitted" || !route.publicFallback) return { ...hidden, isNew: false };
  const shown = bestOf(await broadcastToAll(publicNodes, raw));
  return { ...bestOf([shown, hidden]), detail: `${hidden.detail}; public: ${shown.detail}` };
}

const RANK = { submitted: 2, unknown: 1, not_submitted: 0 } as const;

/** The best answer; new only where no endpoint had the bytes before, or one that drops them would always call them new. */
function bestOf(outcomes: readonly BroadcastOutcome[]): BroadcastOutcome {
  const [best] = outcomes.toSorted((one, other) => RANK[other.outcome] - RANK[one.outcome]);
  if (best === undefined) return { outcome: "not_submitted", isNew: false, detail: "no endpoint" };
  const taken = outcomes.filter(({ outcome }) => outcome === "submitted");
  return { ...best, isNew: taken.length > 0 && taken.every(({ isNew }) => isNew) };
}

/** The answers of all, or of those that came soon after the first endpoint that took the bytes. */
async function broadcastToAll(
  nodes: readonly RpcClient[],
  raw: Hex,
): Promise<readonly BroadcastOutcome[]> {
  const outcomes: BroadcastOutcome[] = [];
  const { promise: inTime, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const all = nodes.map(async (node) => {
    const outcome = await broadcastTo(node, raw);
    outcomes.push(outcome);
    if (outcome.outcome === "submitted") timer ??= setTimeout(resolve, OTHERS_WAIT_MS);
  });
  await Promise.race([Promise.all(all), inTime]);
  clearTimeout(timer);
  return [...outcomes];
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
