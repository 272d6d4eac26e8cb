import { type Abi, decodeErrorResult, decodeFunctionData, getAbiItem, type Hex } from "viem";
import { z } from "zod";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { uniswapV3AdapterAbi } from "#shared/evm/abi/uniswap-v3-adapter.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import type { RevertedAttempt } from "#test/local/check/accounts/chain-history.ts";
import { isSameAddress } from "#test/local/check/accounts/chain-history.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

const executionsAbi = [
  getAbiItem({ abi: shardVaultAbi, name: "executeSwap" }),
  getAbiItem({ abi: shardVaultAbi, name: "executeSwapExactOutput" }),
  getAbiItem({ abi: shardVaultAbi, name: "executeTransfer" }),
  getAbiItem({ abi: venueDeskAbi, name: "executeLendMove" }),
  getAbiItem({ abi: venueDeskAbi, name: "executeMarginMove" }),
  getAbiItem({ abi: venueDeskAbi, name: "executePerpChange" }),
  getAbiItem({ abi: venueDeskAbi, name: "executeOptionTrade" }),
] as const;
const errorsAbi: Abi = [...shardVaultAbi, ...venueDeskAbi, ...uniswapV3AdapterAbi].filter(
  (item) => item.type === "error",
);

/** Blocks whose receipts are asked for together. */
const BLOCKS_AT_ONCE = 25;

const receiptSchema = z.object({
  to: z.string().nullable(),
  status: z.string(),
  transactionHash: z.string(),
  gasUsed: z.string(),
  effectiveGasPrice: z.string(),
});
const traceSchema = z.object({ output: z.string().optional() });

/**
 * Every transaction to the vault or its venue desk that reverted: who tried, which job, and the contract's own error.
 * Reverted transactions leave no event, so all receipts of all blocks are looked at.
 *
 * @throws {Error} viem's error when the chain does not answer.
 */
export async function readReverted(
  observed: ObservedChain,
  range: { readonly fromBlock: bigint; readonly toBlock: bigint },
): Promise<RevertedAttempt[]> {
  const attempts: RevertedAttempt[] = [];
  for (let from = range.fromBlock; from <= range.toBlock; from += BigInt(BLOCKS_AT_ONCE)) {
    const count = Math.min(BLOCKS_AT_ONCE, Number(range.toBlock - from) + 1);
    const blocks = Array.from({ length: count }, (_, i) => from + BigInt(i));
    const found = await Promise.all(blocks.map((block) => revertedIn(observed, block)));
    attempts.push(...found.flat());
  }
  return attempts;
}

async function revertedIn(
  observed: ObservedChain,
  blockNumber: bigint,
): Promise<RevertedAttempt[]> {
  const { client, chain } = observed;
  const answer = await client.request<{ Method: string; Parameters: unknown; ReturnType: unknown }>(
    {
      method: "eth_getBlockReceipts",
      params: [`0x${blockNumber.toString(16)}`],
    },
  );
  const receipts = z.array(receiptSchema).parse(answer ?? []);
  const { vault, venueDesk } = chain.contracts;
  const failed = receipts.filter(({ status, to }) => {
    return (
      status === "0x0" &&
      to !== null &&
      [vault, venueDesk].some((one) => isSameAddress(one, to as Hex))
    );
  });
  return Promise.all(failed.map((r) => describe(observed, r, blockNumber)));
}

async function describe(
  observed: ObservedChain,
  receipt: z.infer<typeof receiptSchema>,
  blockNumber: bigint,
): Promise<RevertedAttempt> {
  const hash = receipt.transactionHash as Hex;
  const transaction = await observed.client.getTransaction({ hash });
  return {
    blockNumber: Number(blockNumber),
    transactionHash: hash,
    from: transaction.from,
    jobId: jobIdOfCall(transaction.input),
    reason: await revertReason(observed, hash),
    gasWei: BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice),
  };
}

/** Job id in the calldata of an executed mandate; null for any other call. */
export function jobIdOfCall(input: Hex): Hex | null {
  try {
    const { args } = decodeFunctionData({ abi: executionsAbi, data: input });
    return args[0].jobId;
  } catch {
    return null;
  }
}

/**
 * Name of the custom error in revert data, such as `ShardVault_AlreadyConsumed`, or the text of a plain
 * one, such as Uniswap's `Too little received`; `unknown` when it is none of the vault's.
 */
export function errorName(data: Hex | undefined): string {
  if (data === undefined || data === "0x") return "out of gas or no reason";
  try {
    const { errorName: name, args } = decodeErrorResult({ abi: errorsAbi, data });
    return name === "Error" ? String(args?.[0]) : name;
  } catch {
    return `unknown ${data.slice(0, 10)}`;
  }
}

async function revertReason({ client }: ObservedChain, hash: Hex): Promise<string> {
  try {
    const answer = await client.request<{
      Method: string;
      Parameters: unknown;
      ReturnType: unknown;
    }>({
      method: "debug_traceTransaction",
      params: [hash, { tracer: "callTracer" }],
    });
    return errorName(traceSchema.parse(answer).output as Hex | undefined);
  } catch {
    return "not traceable";
  }
}
