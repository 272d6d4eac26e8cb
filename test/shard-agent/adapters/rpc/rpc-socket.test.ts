import { expect, onTestFinished, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type RpcSocket, rpcSocket } from "#shard-agent/adapters/rpc/rpc-socket.ts";
import { jsonRpcNode } from "#test/support/chain/json-rpc-node.ts";
import { jsonRpcSocket } from "#test/support/chain/json-rpc-socket.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

type Reply = Parameters<typeof jsonRpcSocket>[0];

const CHAIN_ID = 31_337;

/** A connection to an endpoint that answers as told, beside what a fallback was asked. */
async function opened(reply: Reply, chainId = "0x7a69") {
  const node = await jsonRpcSocket((call) =>
    call.method === "eth_chainId" ? { result: chainId } : reply(call),
  );
  const log = memoryLog();
  const socket = rpcSocket({ url: node.url, endpoint: "one", chainId: CHAIN_ID, log });
  onTestFinished(socket.close);
  const other = await jsonRpcNode(() => ({ result: "over HTTP" }));
  const rpc = rpcClient([other.url], [socket]);
  return { node, socket, rpc, byHttp: other.calls, lines: log.lines };
}

/** Asks until the connection is there. */
async function untilOpen(socket: RpcSocket): Promise<void> {
  await expect.poll(() => socket.ask("ready", []) !== null).toBe(true);
  await expect.poll(async () => await socket.ask("ready", [])).not.toBeNull();
}

const echo: Reply = ({ method, params }) => ({ result: [method, ...params] });

test("what is asked in one moment goes as one frame, and each call gets its own answer", async () => {
  const { node, socket, rpc, byHttp } = await opened(({ method, params }) =>
    method === "bad"
      ? { error: { code: 3, message: "refused", data: "0x01" } }
      : { result: [method, ...params] },
  );
  await untilOpen(socket);
  const answers = await Promise.all([rpc.ask("a", [1]), rpc.ask("bad", []), rpc.ask("b", [2])]);
  expect(answers).toEqual([
    { ok: true, result: ["a", 1] },
    { ok: false, failure: { code: 3, message: "refused", data: "0x01" } },
    { ok: true, result: ["b", 2] },
  ]);
  expect(node.frames.at(-1)).toEqual(["a", "bad", "b"]);
  expect(byHttp).toEqual([]);
});

test("what is asked while a frame is on its way goes over HTTP, and so does what is sent", async () => {
  const { socket, rpc, byHttp } = await opened(echo);
  await untilOpen(socket);
  const first = rpc.request("a", []);
  await Promise.resolve();
  expect(await rpc.request("b", [])).toBe("over HTTP");
  expect(await first).toEqual(["a"]);
  expect(await rpc.request("eth_sendRawTransaction", [])).toBe("over HTTP");
  expect(byHttp.map(({ method }) => method)).toEqual(["b", "eth_sendRawTransaction"]);
});

test.each<{ name: string; reply: ReturnType<Reply> }>([
  { name: "a connection that breaks", reply: "break" },
  { name: "no answer in time", reply: "silent" },
  { name: "an answer to another call", reply: { whole: { id: 999_999, result: "0x1" } } },
  { name: "neither result nor error", reply: { whole: [{ id: 3 }] } },
  { name: "what is no answer", reply: { whole: "?" } },
])("$name leaves the question to HTTP", async ({ reply }) => {
  const { socket, rpc } = await opened((call) => (call.method === "ready" ? echo(call) : reply));
  await untilOpen(socket);
  expect(await rpc.request("a", [])).toBe("over HTTP");
});

test("an endpoint that refuses several calls in a frame gets one at a time", async () => {
  const refusal = { whole: { id: null, error: { code: -32_600, message: "no batches" } } };
  let isTogether = true;
  const { node, socket, rpc } = await opened((call) =>
    isTogether && call.method !== "ready" ? refusal : echo(call),
  );
  await untilOpen(socket);
  expect(await Promise.all([rpc.request("a", []), rpc.request("b", [])])).toEqual([
    "over HTTP",
    "over HTTP",
  ]);
  isTogether = false;
  expect(await Promise.all([rpc.request("a", []), rpc.request("b", [])])).toEqual([
    ["a"],
    "over HTTP",
  ]);
  expect(node.frames.slice(-2)).toEqual([["a", "b"], ["a"]]);
});

test("a connection that broke is opened anew, which is said once it answers", async () => {
  const { node, socket, lines } = await opened((call) =>
    call.method === "break" ? "break" : echo(call),
  );
  await untilOpen(socket);
  expect(await socket.ask("break", [])).toBeNull();
  expect(socket.ask("a", [])).toBeNull();
  await untilOpen(socket);
  expect(node.connections()).toBe(2);
  expect(lines.map(({ level }) => level)).toEqual(["warn", "info"]);
});

test("an endpoint of another chain is never asked anything else", async () => {
  const { node, socket, lines } = await opened(echo, "0x1");
  await expect.poll(() => node.connections(), { timeout: 5_000 }).toBeGreaterThan(1);
  expect(socket.ask("a", [])).toBeNull();
  expect(new Set(node.frames.flat())).toEqual(new Set(["eth_chainId"]));
  expect(lines.filter(({ level }) => level === "error")).toHaveLength(1);
});
