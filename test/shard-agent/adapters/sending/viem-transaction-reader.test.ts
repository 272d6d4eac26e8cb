import { expect, test } from "vitest";
import { viemTransactionReader } from "#shard-agent/adapters/sending/viem-transaction-reader.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const RECEIPT = {
  transactionHash: hash32("aa"),
  blockNumber: "0x65",
  blockHash: hash32("b1"),
  status: "0x1",
  gasUsed: "0x5208",
  effectiveGasPrice: "0x2",
  logs: [],
};

/** A node that has the receipt still, and this block at its height; null when it has none there. */
function readerOf(canonicalHash: string | null, receipt: object | null = RECEIPT) {
  const block = {
    number: "0x65",
    hash: canonicalHash,
    parentHash: hash32("b0"),
    timestamp: "0x64",
    baseFeePerGas: "0x1",
  };
  const request = async (method: string) => {
    if (method === "eth_getTransactionReceipt") return receipt;
    return canonicalHash === null ? null : block;
  };
  const rpc = { request, ask: () => Promise.reject(new Error("not used")) };
  return viemTransactionReader(rpc, { sender: address20("5a"), sources: [address20("01")] });
}

test("a receipt counts with its block on the canonical chain, with what its gas cost", async () => {
  expect(await readerOf(hash32("b1")).mined(hash32("aa"))).toMatchObject({
    inclusion: {
      blockNumber: 101,
      blockHash: hash32("b1"),
      blockTimestampMs: 100_000,
      succeeded: true,
      gasCostWei: 42_000n,
    },
    guid: null,
  });
});

test("a receipt of a block that a reorganisation removed is none, nor is one of a height that is gone", async () => {
  expect(await readerOf(hash32("b2")).mined(hash32("aa"))).toBeNull();
  expect(await readerOf(null).mined(hash32("aa"))).toBeNull();
  expect(await readerOf(hash32("b1"), null).mined(hash32("aa"))).toBeNull();
});
