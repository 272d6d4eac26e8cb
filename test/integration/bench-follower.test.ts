import { createPublicClient, type Hex, webSocket } from "viem";
import { expect, test } from "vitest";
import { followBlocks } from "#test/bench/latency/block-follower.ts";
import { jsonRpcSocket } from "#test/support/chain/json-rpc-socket.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

type Fault = "refuse" | "break" | null;

/** A client that follows a node which announces a block whenever one is to be mined, and fails as told. */
async function followed() {
  let fault: Fault = null;
  let hash: Hex = hash32("b1");
  const node = await jsonRpcSocket(({ method }) => {
    if (method === "eth_subscribe") return { result: "0x1" };
    if (method !== "eth_getBlockByNumber") return { result: true };
    if (fault === "break") return "break";
    if (fault === "refuse") return { error: { code: -32_000, message: "header not found" } };
    return { result: { number: "0x5", hash, timestamp: "0x1", transactions: [] } };
  });
  const mine = (): void => {
    const params = { subscription: "0x1", result: { number: "0x5", hash } };
    node.say({ jsonrpc: "2.0", method: "eth_subscription", params });
  };
  const client = createPublicClient({ transport: webSocket(node.url, { reconnect: false }) });
  const miner = { mine, failed: new Promise<never>(() => undefined), close: async () => undefined };
  return {
    follower: await followBlocks(client, miner),
    mine: (of: Hex, as: Fault): void => {
      [hash, fault] = [of, as];
      mine();
    },
  };
}

test("a follower sees a block once the client's own handler was called for it", async () => {
  const { follower, mine } = await followed();
  const seen = follower.saw(hash32("b2"));
  mine(hash32("b2"), null);
  await seen;
  await follower.saw(hash32("b2"));
  follower.stop();
});

test.each<{ what: string; fault: Fault; says: string }>([
  { what: "a block that cannot be read", fault: "refuse", says: "watchBlocks told of no block" },
  { what: "a connection that breaks", fault: "break", says: "watchBlocks" },
])("a follower ends with an error, and does not wait for ever, after $what", async (o) => {
  const { follower, mine } = await followed();
  const seen = expect(follower.saw(hash32("b2"))).rejects.toThrow(o.says);
  mine(hash32("b2"), o.fault);
  await seen;
  await expect(follower.saw(hash32("b3"))).rejects.toThrow(o.says);
  follower.stop();
});
