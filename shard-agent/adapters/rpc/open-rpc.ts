import { quorumClient } from "#shard-agent/adapters/rpc/quorum-client.ts";
import { type RpcClient, rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { RpcNode } from "#shard-agent/adapters/rpc/rpc-vote.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

/** The shard's chain: money reads by quorum, everything else from whichever endpoint answers. */
export type OpenRpc = {
  readonly reads: RpcClient & ReadWatch;
  readonly nodes: readonly RpcNode[];
};

/** How many endpoints must agree: as configured, else a majority. */
function effectiveQuorum(urls: readonly string[], configured: number | undefined): number {
  return configured ?? Math.floor(urls.length / 2) + 1;
}

/** Opens the endpoints of a configuration; nothing is asked yet. */
export function openRpc(
  config: {
    readonly rpcUrls: readonly string[];
    readonly rpc: { readonly readQuorum?: number | undefined; readonly headLagMaxBlocks: number };
  },
  o: { readonly clock: Clock; readonly log: Log },
): OpenRpc {
  const { rpcUrls } = config;
  const { headLagMaxBlocks, readQuorum } = config.rpc;
  const nodes = rpcUrls.map((url, index) => ({
    name: `rpcUrls[${index}] (${new URL(url).host})`,
    rpc: rpcClient([url]),
  }));
  const failover = rpcClient(rpcUrls);
  const quorum = effectiveQuorum(rpcUrls, readQuorum);
  const trusting = { ...failover, disagreement: () => null, lagging: () => [] };
  const reads =
    quorum === 1
      ? trusting
      : quorumClient({ nodes, quorum, failover, headLagMaxBlocks, clock: o.clock, log: o.log });
  return { reads, nodes };
}
