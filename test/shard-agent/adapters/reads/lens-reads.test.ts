import { encodeFunctionResult, type Hex } from "viem";
import { expect, test } from "vitest";
import { lensReads } from "#shard-agent/adapters/reads/lens-reads.ts";
import { rpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";
import { aSnapshot } from "#test/support/agent/agent-snapshot.ts";
import { jsonRpcNode } from "#test/support/chain/json-rpc-node.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const { block } = aSnapshot();
const SECONDS = BigInt(block.timestampMs / 1000);

/** A node that makes the call in a block of this time. */
async function bookAt(timestamp: bigint) {
  const result: Hex = encodeFunctionResult({
    abi: shardLensAbi,
    functionName: "readBook",
    result: { timestamp, revision: 7n, capital: 5n, liabilities: 3n, series: [] },
  });
  const { url } = await jsonRpcNode(() => ({ result }));
  const one = address20("01");
  const names = ["vault", "optionBook", "lens", "volatilityFeed", "quoterV2", "uniswapAdapter"];
  const contracts = Object.fromEntries(names.map((name) => [name, one])) as never;
  return lensReads(rpcClient([url]), { contracts, pools: [], sender: one }).book(block);
}

test("what is read in the block that was asked for is taken", async () => {
  expect(await bookAt(SECONDS)).toMatchObject({ revision: 7n, capital: 5n });
});

test.each([1n, -1n, 12n])("what a node reads in a block %d s away is refused", async (seconds) => {
  await expect(bookAt(SECONDS + seconds)).rejects.toMatchObject({
    code: "rpc-failed",
    message: expect.stringContaining(`answered at ${Number(SECONDS + seconds) * 1000} ms`),
  });
});
