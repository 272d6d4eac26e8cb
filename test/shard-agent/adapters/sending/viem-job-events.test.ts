import { encodeAbiParameters, encodeEventTopics, type Hex } from "viem";
import { expect, test } from "vitest";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { jobEffects } from "#shard-agent/adapters/sending/viem-job-events.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const JOB_ID = hash32("0b");
const BLOCK_HASH = hash32("b0");
const VENUE = address20("7c");

function log(topics: unknown, data: Hex): RawLog {
  const place = { blockNumber: "0x7", transactionHash: hash32("0c"), logIndex: "0x0" };
  return { address: address20("0d"), topics, data, blockHash: BLOCK_HASH, ...place } as RawLog;
}

function perpChanged(size: bigint, quoteAmount: bigint): RawLog {
  const args = { jobId: JOB_ID, venue: VENUE };
  const topics = encodeEventTopics({ abi: venueDeskAbi, eventName: "PerpChanged", args });
  const types = [{ type: "address" }, { type: "int256" }, { type: "uint256" }] as const;
  return log(topics, encodeAbiParameters(types, [address20("7d"), size, quoteAmount]));
}

function venueMoved(amount: bigint, gained: bigint): RawLog {
  const args = { jobId: JOB_ID, venue: VENUE };
  const topics = encodeEventTopics({ abi: venueDeskAbi, eventName: "VenueMoved", args });
  const types = [{ type: "address" }, { type: "int256" }, { type: "uint256" }] as const;
  return log(topics, encodeAbiParameters(types, [address20("a0"), amount, gained]));
}

const USD = 10n ** 18n;

test.each([
  {
    name: "a bought perpetual gives USD for units",
    log: perpChanged(5n, 9n * USD),
    amounts: [9n * USD, 5n],
  },
  {
    name: "a sold perpetual gives units for USD",
    log: perpChanged(-5n, 9n * USD),
    amounts: [5n, 9n * USD],
  },
  {
    name: "margin put in gives and gains the asset",
    log: venueMoved(70n, 69n),
    amounts: [70n, 69n],
  },
  {
    name: "margin taken out is told without a sign",
    log: venueMoved(-70n, 70n),
    amounts: [70n, 70n],
  },
])("$name", ({ log: raw, amounts: [amountInRaw, amountOutRaw] }) => {
  const base = { jobId: JOB_ID, blockHash: BLOCK_HASH, guid: null, nativeFeeWei: 0n };
  expect(jobEffects([raw])).toEqual([{ ...base, amountInRaw, amountOutRaw }]);
});
