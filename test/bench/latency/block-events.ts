import { type Hex, hexToBigInt, hexToNumber } from "viem";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";

/** A block as a node announces it, and when the announcement came. */
type BlockEvent = { readonly header: BlockHeader; readonly atMs: number };

/** The announcements of one node. */
export type BlockEvents = {
  /** The next one from now on. */
  readonly next: () => Promise<BlockEvent>;
  readonly close: () => void;
};

type Head = Readonly<Record<"number" | "hash" | "parentHash" | "timestamp" | "baseFeePerGas", Hex>>;
type Notice = { readonly method?: string; readonly params?: { readonly result: Head } };

/** Subscribes to new heads over WebSocket. */
export async function blockEvents(rpcUrl: string): Promise<BlockEvents> {
  const socket = new WebSocket(rpcUrl.replace(/^http/, "ws"));
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  let waiting: ((event: BlockEvent) => void) | undefined;
  const subscribed = Promise.withResolvers<void>();
  socket.onmessage = ({ data }) => {
    const atMs = performance.now();
    const { method, params } = JSON.parse(String(data)) as Notice;
    if (method !== "eth_subscription" || params === undefined) {
      subscribed.resolve();
      return;
    }
    waiting?.({ header: headerOf(params.result), atMs });
    waiting = undefined;
  };
  socket.send(
    JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_subscribe", params: ["newHeads"] }),
  );
  await subscribed.promise;
  return {
    next: () =>
      new Promise((resolve) => {
        waiting = resolve;
      }),
    close: () => socket.close(),
  };
}

function headerOf(head: Head): BlockHeader {
  return {
    number: hexToNumber(head.number),
    hash: head.hash,
    parentHash: head.parentHash,
    timestampMs: hexToNumber(head.timestamp) * 1000,
    baseFeeWei: hexToBigInt(head.baseFeePerGas),
  };
}
