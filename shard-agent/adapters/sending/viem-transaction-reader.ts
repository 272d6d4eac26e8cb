import { type Address, type Hex, hexToBigInt, hexToNumber } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type RawLog, readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { jobEffects } from "#shard-agent/adapters/sending/viem-job-events.ts";
import type { MinedTransaction, TransactionReader } from "#shard-agent/ports/chain.ts";

type RawReceipt = {
  readonly transactionHash: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly status: Hex;
  readonly gasUsed: Hex;
  readonly effectiveGasPrice: Hex;
  readonly logs: RawLog[];
};

/**
 * {@link TransactionReader} of one sender; what a transaction moved comes from the events of `sources`. A receipt counts only when the canonical block at its height
 * has its block hash: nodes may go on serving receipts of a block that a reorganisation removed.
 */
export function viemTransactionReader(
  rpc: RpcClient,
  o: { readonly sender: Address; readonly sources: readonly Address[] },
): TransactionReader {
  return {
    mined: async (hash) => {
      const receipt = (await rpc.request("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
      if (receipt === null) return null;
      const header = await readHeader(rpc, hexToNumber(receipt.blockNumber));
      if (header?.hash !== receipt.blockHash) return null;
      return minedOf(receipt, header.timestampMs, o.sources);
    },
    nonceAt: async ({ hash: blockHash }) => {
      const count = await rpc.request("eth_getTransactionCount", [o.sender, { blockHash }]);
      return hexToNumber(count as Hex);
    },
  };
}

function minedOf(
  receipt: RawReceipt,
  blockTimestampMs: number,
  sources: readonly Address[],
): MinedTransaction {
  const inclusion = {
    transactionHash: receipt.transactionHash,
    blockNumber: hexToNumber(receipt.blockNumber),
    blockHash: receipt.blockHash,
    blockTimestampMs,
    succeeded: receipt.status === "0x1",
    gasCostWei: hexToBigInt(receipt.gasUsed) * hexToBigInt(receipt.effectiveGasPrice),
  };
  const [effect] = jobEffects(receipt.logs.filter((log) => isOneOf(log.address, sources)));
  return {
    inclusion,
    amountInRaw: effect?.amountInRaw ?? 0n,
    amountOutRaw: effect?.amountOutRaw ?? 0n,
    guid: effect?.guid ?? null,
    nativeFeeWei: effect?.nativeFeeWei ?? 0n,
  };
}

function isOneOf(address: Address, known: readonly Address[]): boolean {
  return known.some((one) => one.toLowerCase() === address.toLowerCase());
}
