import { expect, test } from "vitest";
import { rpcClient } from "#shard-agent/adapters/rpc-client.ts";
import { RetryableError } from "#shared/errors.ts";
import { jsonRpcNode } from "#test/support/json-rpc-node.ts";

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
