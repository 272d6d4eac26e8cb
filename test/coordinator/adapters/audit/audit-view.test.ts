import { createPublicClient, custom, parseAbi } from "viem";
import { expect, test } from "vitest";
import { quoteDepth } from "#coordinator/adapters/audit/audit-pools.ts";
import { auditView } from "#coordinator/adapters/audit/audit-view.ts";
import type { Address } from "#shared/units/ids.ts";

const BLOCK = `0x${"11".repeat(32)}` as const;
const QUOTER: Address = `0x${"aa".repeat(20)}`;
const POOL: Address = `0x${"bb".repeat(20)}`;
const TOKEN: Address = `0x${"cc".repeat(20)}`;

/** A node that answers every call with the same word. */
function readsAnswering(word: `0x${string}`) {
  const request = () => Promise.resolve(word);
  const rpc = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
  return auditView(rpc, BLOCK);
}

test.each([
  ["an address with a wrong checksum", "0xAbcdef0000000000000000000000000000000001" as const],
  ["no address at all", "0x12" as const],
])("%s in a question is no answer, and no end of the audit", async (_, pool) => {
  const abi = parseAbi(["function poolState(address pool) view returns (bool takesTrades)"]);
  const call = { abi, to: POOL, name: "poolState", args: [pool] };
  expect(await readsAnswering(`0x${"0".repeat(63)}1`).tryView(call)).toBeNull();
});

test("a pool whose fee is beyond every fee does not stop the look at the report that names it", async () => {
  const reads = readsAnswering(`0x${"0".repeat(54)}${"f".repeat(10)}`);
  const point = { pool: POOL, assetIn: TOKEN, assetOut: TOKEN, amountInRaw: "1000000" };
  expect(await quoteDepth(reads, QUOTER, point)).toBe(0n);
});
