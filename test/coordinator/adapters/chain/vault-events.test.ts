import { createPublicClient } from "viem";
import { expect, test } from "vitest";
import { batchedTransport } from "#coordinator/adapters/chain/batched-transport.ts";
import { deliveries } from "#coordinator/adapters/chain/vault-events.ts";
import { jsonRpcNode, type RpcReply } from "#test/support/chain/json-rpc-node.ts";
import { aShardSetup } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const GUID = hash32("61");
const CREDITED_IN = 7_777;

type Range = { readonly fromBlock: string; readonly toBlock: string };

/** A node that has one credit and refuses ranges of more blocks than it serves. */
async function nodeServing(blocksMax: number, refusal: { code: number; message: string }) {
  const reply = (range: Range): RpcReply => {
    const [from, to] = [Number(range.fromBlock), Number(range.toBlock)];
    if (to - from + 1 > blocksMax) return { error: refusal };
    const isHere = from <= CREDITED_IN && CREDITED_IN <= to;
    const log = { topics: [hash32("00"), GUID], data: "0x", blockNumber: "0x1e61" };
    return { result: isHere ? [log] : [] };
  };
  const node = await jsonRpcNode(({ params }) => reply(params[0] as Range));
  const transport = batchedTransport(node.url, { timeoutMs: 3_000 });
  return { calls: node.calls, rpc: createPublicClient({ transport }) };
}

const ALL = { fromBlock: 0, toBlock: 25_000 };

test.each([
  { code: -32_602, message: "query exceeds max block range 3000" },
  { code: -32_005, message: "query returned more than 10000 results" },
  { code: -32_000, message: "eth_getLogs is limited to a 3,000 range" },
  { code: -32_600, message: "block range is too large" },
])(
  "a node that refuses a wide range ($message) is asked for narrower ones until it answers",
  async (refusal) => {
    const { rpc, calls } = await nodeServing(3_000, refusal);
    const found = await deliveries(rpc, aShardSetup("ethereum"), ALL, GUID);
    expect(found).toEqual([{ guid: GUID, blockNumber: CREDITED_IN }]);
    expect(calls.length).toBeLessThan(30);
  },
);

test("one that refuses even a narrow range is told of as such, with its words and the blocks", async () => {
  const { rpc } = await nodeServing(10, { code: -32_600, message: "up to a 10 block range" });
  const failed = await deliveries(rpc, aShardSetup("ethereum"), ALL, GUID).catch(String);
  const words = "the node must answer for at least 500; it says: up to a 10 block range";
  expect(failed).toContain(`eth_getLogs of blocks 0 to 312: ${words}`);
  expect(failed).toContain("chain-range-refused");
});

test.each([
  { code: -32_005, message: "rate limit exceeded" },
  { code: 429, message: "too many requests" },
  { code: -32_000, message: "header not found" },
])("any other failure ($message) is no reason to ask more often", async (refusal) => {
  const { rpc, calls } = await nodeServing(10, refusal);
  await expect(deliveries(rpc, aShardSetup("ethereum"), ALL, GUID)).rejects.toThrow();
  expect(calls).toHaveLength(1);
});
