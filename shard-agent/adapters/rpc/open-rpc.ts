import {
  type AnnouncedHeadsOptions,
  announcedHeads,
} from "#shard-agent/adapters/rpc/announced-heads.ts";
import { socketName } from "#shard-agent/adapters/rpc/kept-socket.ts";
import { quorumClient } from "#shard-agent/adapters/rpc/quorum-client.ts";
import { type RpcClient, rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type RpcSocket, rpcSocket } from "#shard-agent/adapters/rpc/rpc-socket.ts";
import type { RpcNode } from "#shard-agent/adapters/rpc/rpc-vote.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import { majorityOf } from "#shard-agent/records/endpoint-majority.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";

/** The shard's chain: money reads by quorum, everything else from whichever endpoint answers. */
export type OpenRpc = {
  readonly reads: RpcClient & ReadWatch;
  readonly nodes: readonly RpcNode[];
  /** How many of them must say the same. */
  readonly quorum: number;
  readonly close: () => void;
};

type RpcConfig = {
  readonly chainId: number;
  readonly rpcUrls: readonly string[];
  readonly rpc: {
    readonly readQuorum?: number | undefined;
    readonly headLagMaxBlocks: number;
    readonly wsUrls: readonly string[];
    readonly wsReads: boolean;
  };
};

/** Opens the endpoints of a configuration; over HTTP nothing is asked yet. */
export function openRpc(
  config: RpcConfig,
  o: { readonly clock: Clock; readonly log: Log },
): OpenRpc {
  const { rpcUrls } = config;
  const { headLagMaxBlocks, readQuorum: quorum = majorityOf(rpcUrls.length) } = config.rpc;
  const sockets = rpcUrls.map((url) => socketOf(url, config, o.log));
  const nodes = rpcUrls.map((url, index) => ({
    name: `rpcUrls[${index}] (${new URL(url).host})`,
    rpc: rpcClient([url], [sockets[index] ?? null]),
  }));
  const failover = rpcClient(rpcUrls, sockets);
  const trusting = { ...failover, disagreement: () => null, lagging: () => [] };
  const reads =
    quorum === 1
      ? trusting
      : quorumClient({ nodes, quorum, failover, headLagMaxBlocks, clock: o.clock, log: o.log });
  const close = (): void => {
    for (const socket of sockets) socket?.close();
  };
  return { reads, nodes, quorum, close };
}

/** The connection of an endpoint whose host is also named for WebSocket; null when it has none, or reads stay on HTTP. */
function socketOf(url: string, { chainId, rpc }: RpcConfig, log: Log): RpcSocket | null {
  const { host } = new URL(url);
  const index = rpc.wsUrls.findIndex((one) => new URL(one).host === host);
  const found = rpc.wsUrls[index];
  if (!rpc.wsReads || found === undefined) return null;
  return rpcSocket({ url: found, endpoint: socketName(found, index), chainId, log });
}

/**
 * Announcements of new heads; null where no endpoint makes any: heads are asked for. They are believed where one endpoint
 * is enough for a read, and it is the one that announces.
 */
export function openHeads(
  config: Pick<RpcConfig, "chainId" | "rpcUrls" | "rpc">,
  o: Pick<AnnouncedHeadsOptions, "pause" | "log">,
): ReturnType<typeof announcedHeads> | null {
  const { chainId, rpcUrls } = config;
  const { wsUrls: urls } = config.rpc;
  if (urls.length === 0) return null;
  const [only, ...others] = rpcUrls.map((url) => new URL(url).host);
  const isBelieved = others.length === 0 && urls.every((url) => new URL(url).host === only);
  return announcedHeads({ urls, chainId, isBelieved, ...o });
}
