import { encodeFunctionResult, parseAbi } from "viem";
import { expect, test } from "vitest";
import { batchedViews } from "#shard-agent/adapters/reads/batched-views.ts";
import type { RpcAnswer } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const LENS = address20("1e");
const abi = parseAbi(["function size() view returns (uint256)"]);
const size = (value: bigint) =>
  encodeFunctionResult({ abi, functionName: "size", result: value as never });
type Call = { readonly to: string; readonly gas?: string };

/** Two views of one moment, and what was asked for them. */
async function twoViews(together: () => RpcAnswer) {
  const asked: Call[] = [];
  const rpc: RpcClient = {
    ask: async (_method, [call]) => {
      asked.push(call as Call);
      if ((call as Call).to === LENS) return together();
      return { ok: true, result: size(7n) };
    },
    request: () => Promise.reject(new Error("not asked here")),
  };
  const view = batchedViews(rpc, {
    lens: LENS,
    at: { blockHash: hash32("b1") },
    code: async () => "0x",
  });
  const of = (byte: string) => view({ abi, to: address20(byte), name: "size", args: [] });
  return { values: await Promise.all([of("01"), of("02")]), asked };
}

test("calls made together are given gas that every node gives, so that honest nodes answer alike", async () => {
  const answers = [1n, 2n].map((value) => ({ ok: true, data: size(value) }));
  const result = encodeFunctionResult({
    abi: shardLensAbi,
    functionName: "tryCalls",
    result: answers,
  });
  const { values, asked } = await twoViews(() => ({ ok: true, result }));
  expect(values).toEqual([1n, 2n]);
  expect(asked.map(({ gas }) => Number(gas))).toEqual([30_000_000]);
});

test.each<[string, () => RpcAnswer]>([
  [
    "refuses them",
    () => ({ ok: false, failure: { code: -32_602, message: "no overrides", data: null } }),
  ],
  [
    "does not answer them alike",
    () => {
      throw new RetryableError("rpc-quorum", "fewer than 2 of 3 RPC endpoints answer alike");
    },
  ],
])("calls are made one by one where a node or a quorum %s together", async (_what, together) => {
  const { values, asked } = await twoViews(together);
  expect(values).toEqual([7n, 7n]);
  expect(asked.map(({ to }) => to)).toEqual([LENS, address20("01"), address20("02")]);
});
