import { expect, test } from "vitest";
import { chainIdOver } from "#shard-agent/adapters/rpc/kept-socket.ts";
import { jsonRpcSocket } from "#test/support/chain/json-rpc-socket.ts";

test.each<{ name: string; reply: Parameters<typeof jsonRpcSocket>[0]; chainId: number | null }>([
  { name: "is told", reply: () => ({ result: "0x2105" }), chainId: 8453 },
  { name: "is not known when it is not told in time", reply: () => "silent", chainId: null },
  { name: "is not known when the connection breaks", reply: () => "break", chainId: null },
  { name: "is not known from what is no number", reply: () => ({ result: "0x" }), chainId: null },
  {
    name: "is not known from a number beyond all",
    reply: () => ({ result: `0x${"f".repeat(40)}` }),
    chainId: null,
  },
  { name: "is not known from what is no answer", reply: () => ({ whole: [] }), chainId: null },
])("the chain of an endpoint $name", async ({ reply, chainId }) => {
  const { url } = await jsonRpcSocket(reply);
  expect(await chainIdOver(url, 200)).toBe(chainId);
});
