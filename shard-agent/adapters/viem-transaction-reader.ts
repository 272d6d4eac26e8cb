import { type Address, type Hex, hexToBigInt, hexToNumber, parseEventLogs } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc-client.ts";
import { type RawLog, readHeader } from "#shard-agent/adapters/rpc-values.ts";
import type { MinedTransaction, TransactionReader } from "#shard-agent/ports/chain.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";

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
 * {@link TransactionReader} of one sender. A receipt counts only when the canonical block at its height
 * has its block hash: nodes may go on serving receipts of a block that a reorganisation removed.
 */
export function viemTransactionReader(
  rpc: RpcClient,
  o: { readonly sender: Address; readonly vault: Address },
): TransactionReader {
  return {
    mined: async (hash) => {
      const receipt = (await rpc.request("eth_getTransactionReceipt", [hash])) as RawReceipt | null;
      if (receipt === null) return null;
      const header = await readHeader(rpc, hexToNumber(receipt.blockNumber));
      if (header?.hash !== receipt.blockHash) return null;
      return minedOf(receipt, header.timestampMs, o.vault);
    },
    nonceAt: async ({ hash: blockHash }) => {
      const count = await rpc.request("eth_getTransactionCount", [o.sender, { blockHash }]);
      return hexToNumber(count as Hex);
    },
  };
}

function minedOf(receipt: RawReceipt, blockTimestampMs: number, vault: Address): MinedTransaction {
  const inclusion = {
    transactionHash: receipt.transactionHash,
    blockNumber: hexToNumber(receipt.blockNumber),
    blockHash: receipt.blockHash,
    blockTimestampMs,
    succeeded: receipt.status === "0x1",
    gasCostWei: hexToBigInt(receipt.gasUsed) * hexToBigInt(receipt.effectiveGasPrice),
  };
  const logs = receipt.logs.filter((log) => log.address.toLowerCase() === vault.toLowerCase());
  for (const event of parseEventLogs({ abi: shardVaultAbi, logs: logs as never, strict: true })) {
    if (event.eventName === "SwapExecuted") {
      const { amountIn, amountOut } = event.args;
      return {
        inclusion,
        amountInRaw: amountIn,
        amountOutRaw: amountOut,
        guid: null,
        nativeFeeWei: 0n,
      };
    }
    if (event.eventName === "TransferSent") {
      const { amountSent, amountToReceive, guid, nativeFee } = event.args;
      return {
        inclusion,
        amountInRaw: amountSent,
        amountOutRaw: amountToReceive,
        guid,
        nativeFeeWei: nativeFee,
      };
    }
  }
  return { inclusion, amountInRaw: 0n, amountOutRaw: 0n, guid: null, nativeFeeWei: 0n };
}
