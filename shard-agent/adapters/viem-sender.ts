import { type Abi, decodeErrorResult, type Hex, hexToBigInt, keccak256, numberToHex } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import type { RpcClient, RpcFailure } from "#shard-agent/adapters/rpc-client.ts";
import { readHeader } from "#shard-agent/adapters/rpc-values.ts";
import type {
  BroadcastOutcome,
  ContractCall,
  PreparedCall,
  Sender,
} from "#shard-agent/ports/sender.ts";
import { RetryableError } from "#shared/errors.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { uniswapV3AdapterAbi } from "#shared/evm/abi/uniswap-v3-adapter.ts";

const KNOWN_ERRORS: Abi = [...shardVaultAbi, ...optionBookAbi, ...uniswapV3AdapterAbi].filter(
  (one) => one.type === "error",
);
const PRIORITY_FEE_WEI = 1_000_000_000n;
/** Node messages that mean: these very bytes are here already. */
const ALREADY_THERE = /already (known|imported)|known transaction/i;
/** The nonce is used: by these bytes, or by others. Only the chain can tell. */
const NONCE_USED = /nonce too low/i;
/** Answers that say something of the call, not of the node's health. */
const CALL_FAILED = /revert|insufficient|exceeds|gas required|out of gas/i;

/** {@link Sender} with a local key. Gas is the simulation's x 1.5, the fee twice the base fee plus a tip of 1 gwei. */
export function viemSender(
  rpc: RpcClient,
  o: { readonly account: PrivateKeyAccount; readonly chainId: number },
): Sender {
  const { account, chainId } = o;
  return {
    address: account.address,
    prepare: (call) => prepare(rpc, call, account.address),
    sign: async (call, { nonce, gas, maxFeePerGasWei, maxPriorityFeePerGasWei }) => {
      const raw = await account.signTransaction({
        type: "eip1559",
        chainId,
        nonce,
        gas,
        to: call.to,
        data: call.data,
        value: call.valueWei,
        maxFeePerGas: maxFeePerGasWei,
        maxPriorityFeePerGas: maxPriorityFeePerGasWei,
      });
      return { hash: keccak256(raw), raw, nonce, maxFeePerGasWei };
    },
    broadcast: (raw) => broadcast(rpc, raw),
  };
}

async function prepare(rpc: RpcClient, call: ContractCall, from: Hex): Promise<PreparedCall> {
  const transaction = { from, to: call.to, data: call.data, value: numberToHex(call.valueWei) };
  const [estimate, head] = await Promise.all([
    rpc.ask("eth_estimateGas", [transaction, "pending"]),
    readHeader(rpc, "latest"),
  ]);
  if (!estimate.ok) {
    const { failure } = estimate;
    if (failure.data === null && failure.code !== 3 && !CALL_FAILED.test(failure.message)) {
      throw new RetryableError(
        "rpc-failed",
        `eth_estimateGas: ${failure.message} (code ${failure.code})`,
      );
    }
    return { reverts: true, detail: revertDetail(failure) };
  }
  const baseFeeWei = head?.baseFeeWei ?? 0n;
  return {
    reverts: false,
    gas: (hexToBigInt(estimate.result as Hex) * 3n) / 2n,
    maxFeePerGasWei: baseFeeWei * 2n + PRIORITY_FEE_WEI,
    maxPriorityFeePerGasWei: PRIORITY_FEE_WEI,
  };
}

/** Name and values of a known custom error, else what the node said. */
function revertDetail(failure: RpcFailure): string {
  if (failure.data !== null && failure.data !== "0x") {
    try {
      const { errorName, args } = decodeErrorResult({ abi: KNOWN_ERRORS, data: failure.data });
      return `${errorName}(${(args ?? []).map(String).join(", ")})`;
    } catch {
      return `${failure.message} (data ${failure.data.slice(0, 138)})`;
    }
  }
  return failure.message;
}

async function broadcast(rpc: RpcClient, raw: Hex): Promise<BroadcastOutcome> {
  try {
    const answer = await rpc.ask("eth_sendRawTransaction", [raw]);
    if (answer.ok) return { outcome: "submitted", detail: "" };
    const detail = `${answer.failure.message} (code ${answer.failure.code})`;
    if (ALREADY_THERE.test(answer.failure.message)) return { outcome: "submitted", detail };
    return {
      outcome: NONCE_USED.test(answer.failure.message) ? "unknown" : "not_submitted",
      detail,
    };
  } catch (error) {
    return { outcome: "unknown", detail: error instanceof Error ? error.message : String(error) };
  }
}
