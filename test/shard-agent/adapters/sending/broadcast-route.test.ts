import { expect, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { broadcastAlong } from "#shard-agent/adapters/sending/broadcast-route.ts";
import { jsonRpcNode, type RpcReply } from "#test/support/chain/json-rpc-node.ts";

const TAKES: RpcReply = { result: "0xaa" };
const REFUSES: RpcReply = { error: { code: -32000, message: "fee too low" } };

async function route(replies: readonly RpcReply[], publicFallback: boolean) {
  const hidden = await Promise.all(replies.map((reply) => jsonRpcNode(() => reply)));
  const open = await jsonRpcNode(() => TAKES);
  const privateNodes = hidden.map((node) => rpcClient([node.url]));
  return {
    route: { privateNodes, publicNodes: [rpcClient([open.url])], publicFallback },
    hidden,
    open,
  };
}

test("without private endpoints the public ones get the bytes", async () => {
  const { route: along, open } = await route([], false);
  expect(await broadcastAlong(along, "0xf00d")).toMatchObject({
    outcome: "submitted",
    isNew: true,
  });
  expect(open.calls).toHaveLength(1);
});

test("all private endpoints get the bytes, and the public ones none, when one of them takes them", async () => {
  const { route: along, hidden, open } = await route([REFUSES, TAKES], true);
  expect(await broadcastAlong(along, "0xf00d")).toMatchObject({ outcome: "submitted" });
  expect(hidden.map((node) => node.calls.length)).toEqual([1, 1]);
  expect(open.calls).toHaveLength(0);
});

test("the public endpoints get what no private one took, only where that is allowed", async () => {
  const allowed = await route([REFUSES, "break"], true);
  expect(await broadcastAlong(allowed.route, "0xf00d")).toMatchObject({ outcome: "submitted" });
  const hidden = await route([REFUSES, "break"], false);
  expect(await broadcastAlong(hidden.route, "0xf00d")).toMatchObject({ outcome: "unknown" });
  expect(hidden.open.calls).toHaveLength(0);
});

test("every public endpoint gets the same bytes, also when the first of them takes them", async () => {
  const nodes = await Promise.all([TAKES, TAKES, REFUSES].map((reply) => jsonRpcNode(() => reply)));
  const publicNodes = nodes.map((node) => rpcClient([node.url]));
  const along = { privateNodes: [], publicNodes, publicFallback: false };
  expect(await broadcastAlong(along, "0xf00d")).toMatchObject({ outcome: "submitted" });
  for (const { calls } of nodes) expect(calls.map(({ params }) => params)).toEqual([["0xf00d"]]);
});

test("an endpoint that takes the same bytes again and again as new hides nothing: another one had them", async () => {
  const had: RpcReply = { error: { code: -32000, message: "already known" } };
  const nodes = await Promise.all([TAKES, had].map((reply) => jsonRpcNode(() => reply)));
  const publicNodes = nodes.map((node) => rpcClient([node.url]));
  const along = { privateNodes: [], publicNodes, publicFallback: false };
  expect(await broadcastAlong(along, "0xf00d")).toMatchObject({
    outcome: "submitted",
    isNew: false,
  });
});
