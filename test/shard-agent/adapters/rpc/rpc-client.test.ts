import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { RetryableError } from "#shared/errors.ts";
import { jsonRpcNode } from "#test/support/chain/json-rpc-node.ts";

test("a node's own error is a value with its code, message and revert data", async () => {
  const node = await jsonRpcNode(() => ({
    error: { code: 3, message: "execution reverted", data: "0xdeadbeef" },
  }));
  expect(await rpcClient([node.url]).ask("eth_call", [])).toEqual({
    ok: false,
    failure: { code: 3, message: "execution reverted", data: "0xdeadbeef" },
  });
  await expect(rpcClient([node.url]).request("eth_call", [])).rejects.toThrow(
    "eth_call: execution reverted (code 3)",
  );
});

test("when one node is gone the next one answers, and stays the first to be asked", async () => {
  const dead = await jsonRpcNode(() => "break");
  const alive = await jsonRpcNode(() => ({ result: "0x1" }));
  const rpc = rpcClient([dead.url, alive.url]);
  expect(await rpc.request("eth_chainId", [])).toBe("0x1");
  expect(await rpc.request("eth_chainId", [])).toBe("0x1");
  expect(dead.calls).toHaveLength(1);
  expect(alive.calls).toHaveLength(2);
});

test("when no node answers the error is retryable and does not show the URL", async () => {
  const dead = await jsonRpcNode(() => "break");
  const failure = await rpcClient([dead.url])
    .request("eth_chainId", [])
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RetryableError);
  expect(String(failure)).toContain("none of 1 RPC nodes answers");
  expect(String(failure)).not.toContain("secret-path");
});

test.each([
  { name: "what is no JSON", text: "<html>", status: 200, reason: "not JSON" },
  { name: "an answer without result", text: "{}", status: 200, reason: "neither result nor error" },
  { name: "another status", text: '{"result":1}', status: 502, reason: "HTTP status 502" },
])("$name is no answer", async ({ text, status, reason }) => {
  const url = await server((_request, response) => response.writeHead(status).end(text));
  await expect(rpcClient([url]).request("eth_chainId", [])).rejects.toThrow(reason);
});

test("what a node closed while it was idle is asked again, but no transaction is sent twice", async () => {
  const seen: string[] = [];
  const url = await server((request, response) => {
    const { socket } = request;
    const isSecond = served.has(socket);
    served.add(socket);
    request.on("data", (body: Buffer) => seen.push(JSON.parse(body.toString()).method));
    request.on("end", () => {
      if (isSecond) socket.resetAndDestroy();
      else response.end('{"result":"0x1"}');
    });
  });
  const served = new WeakSet<object>();
  const rpc = rpcClient([url]);
  await rpc.request("eth_chainId", []);
  expect(await rpc.request("eth_blockNumber", [])).toBe("0x1");
  await expect(rpc.request("eth_sendRawTransaction", [])).rejects.toThrow("none of 1 RPC nodes");
  expect(seen).toEqual([
    "eth_chainId",
    "eth_blockNumber",
    "eth_blockNumber",
    "eth_sendRawTransaction",
  ]);
});

async function server(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const listening = createServer(answer);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    listening.closeAllConnections();
    listening.close();
  });
  const address = listening.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
