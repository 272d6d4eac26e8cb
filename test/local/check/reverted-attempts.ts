import { type Abi, decodeErrorResult, decodeFunctionData, type Hex } from "viem";
import { z } from "zod";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { RevertedAttempt } from "#test/local/check/chain-history.ts";
import { isSameAddress } from "#test/local/check/chain-history.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";

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
 * Every transaction to the vault that reverted: who tried, which job, and the vault's own error.
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
  const failed = receipts.filter(
    (r) => r.status === "0x0" && r.to !== null && isSameAddress(r.to as Hex, chain.contracts.vault),
  );
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

/** Job id in the calldata of executeSwap or executeTransfer; null for any other call. */
export function jobIdOfCall(input: Hex): Hex | null {
  try {
    const { functionName, args } = decodeFunctionData({ abi: shardVaultAbi, data: input });
    return functionName === "executeSwap" || functionName === "executeTransfer"
      ? args[0].jobId
      : null;
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
    const { errorName: name, args } = decodeErrorResult({ abi: shardVaultAbi as Abi, data });
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
