import { decodeFunctionData } from "viem";
import { expect, test } from "vitest";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import {
  aRebalanceJob,
  LEND_MOVE_PARAMS,
  MARGIN_MOVE_PARAMS,
  OPTION_TRADE_PARAMS,
  PERP_CHANGE_PARAMS,
  SWAP_EXACT_OUTPUT_PARAMS,
  SWAP_PARAMS,
  TRANSFER_PARAMS,
} from "#test/support/agent/rebalance-job.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const CONTRACTS = { vault: address20("01"), venueDesk: address20("0d") };

test.each([
  { params: SWAP_PARAMS, name: "executeSwap", to: CONTRACTS.vault, abi: shardVaultAbi },
  {
    params: SWAP_EXACT_OUTPUT_PARAMS,
    name: "executeSwapExactOutput",
    to: CONTRACTS.vault,
    abi: shardVaultAbi,
  },
  { params: TRANSFER_PARAMS, name: "executeTransfer", to: CONTRACTS.vault, abi: shardVaultAbi },
  { params: LEND_MOVE_PARAMS, name: "executeLendMove", to: CONTRACTS.venueDesk, abi: venueDeskAbi },
  {
    params: MARGIN_MOVE_PARAMS,
    name: "executeMarginMove",
    to: CONTRACTS.venueDesk,
    abi: venueDeskAbi,
  },
  {
    params: PERP_CHANGE_PARAMS,
    name: "executePerpChange",
    to: CONTRACTS.venueDesk,
    abi: venueDeskAbi,
  },
  {
    params: OPTION_TRADE_PARAMS,
    name: "executeOptionTrade",
    to: CONTRACTS.venueDesk,
    abi: venueDeskAbi,
  },
])("$params.kind goes to $name with its mandate and signatures", ({ params, name, to, abi }) => {
  const job = aRebalanceJob(params);
  const call = mandateCall(job, CONTRACTS);
  const { functionName, args } = decodeFunctionData({ abi, data: call.data });
  expect(call.to).toBe(to);
  expect(functionName).toBe(name);
  const [mandate, , signatures] = args as readonly [{ jobId: string }, unknown, unknown];
  expect(mandate.jobId).toBe(job.mandate.jobId);
  expect(signatures).toEqual(job.signatures);
});

test("an action of the desk needs a desk", () => {
  const job = aRebalanceJob(LEND_MOVE_PARAMS);
  expect(() => mandateCall(job, { ...CONTRACTS, venueDesk: null })).toThrow(/no venue desk/);
});
