import {
  type Abi,
  decodeErrorResult,
  encodePacked,
  type Hex,
  keccak256,
  numberToHex,
  parseSignature,
  parseTransaction,
  serializeTransaction,
} from "viem";
import type { RpcFailure } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import {
  type BroadcastRoute,
  broadcastAlong,
} from "#shard-agent/adapters/sending/broadcast-route.ts";
import { type Estimators, estimateGas } from "#shard-agent/adapters/sending/gas-estimate.ts";
import type { GuardedSigner } from "#shard-agent/adapters/signing/signing-guard.ts";
import type { ContractCall, PreparedCall, Sender } from "#shard-agent/ports/sender.ts";
import { gasLimitFor } from "#shard-agent/records/gas-fees.ts";
import { FatalError, RetryableError } from "#shared/errors.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { uniswapV3AdapterAbi } from "#shared/evm/abi/uniswap-v3-adapter.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";

const KNOWN_ERRORS: Abi = [
  ...shardVaultAbi,
  ...venueDeskAbi,
  ...optionBookAbi,
  ...uniswapV3AdapterAbi,
].filter((one) => one.type === "error");

/** {@link Sender} with a guarded key. The gas limit is the simulations' gas x 1.5. */
export function viemSender(
  rpc: RpcClient,
  o: {
    readonly signer: GuardedSigner;
    readonly chainId: number;
    readonly route?: BroadcastRoute;
    /** Who simulates calls; `rpc` alone when left out. */
    readonly estimators?: Estimators;
  },
): Sender {
  const { signer, chainId } = o;
  const estimators = o.estimators ?? { nodes: [rpc], quorum: 1 };
  const route = o.route ?? { privateNodes: [], publicNodes: [rpc], publicFallback: false };
  const sign: Sender["sign"] = async (call, fees) => {
    const { nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei, intent } = fees;
    const transaction = {
      type: "eip1559",
      chainId,
      nonce,
      gas: gasLimit,
      to: call.to,
      data: call.data,
      value: call.valueWei,
      maxFeePerGas: maxFeePerGasWei,
      maxPriorityFeePerGas: maxPriorityFeePerGasWei,
    } as const;
    const signature = await signer.sign(serializeTransaction(transaction), intent);
    const raw = serializeTransaction(transaction, parseSignature(signature));
    const hash = keccak256(raw);
    const callHash = keccak256(
      encodePacked(["address", "uint256", "bytes"], [call.to, call.valueWei, call.data]),
    );
    return { hash, raw, nonce, gasLimit, callHash, maxFeePerGasWei, maxPriorityFeePerGasWei };
  };
  return {
    address: signer.address,
    prepare: (call) => prepare(rpc, estimators, { call, from: signer.address }),
    sign,
    signAgain: (raw, fees, intent) => {
      const { to, data, value, nonce, gas } = parseTransaction(raw);
      if (to === undefined || to === null || nonce === undefined || gas === undefined)
        throw new FatalError(
          "journal-bytes",
          `Transaction ${keccak256(raw)}: not a call with a nonce`,
        );
      const call = { to, data: data ?? "0x", valueWei: value ?? 0n };
      return sign(call, { ...fees, nonce, gasLimit: gas, intent });
    },
    broadcast: (raw) => broadcastAlong(route, raw),
  };
}

async function prepare(
  rpc: RpcClient,
  estimators: Estimators,
  { call, from }: { readonly call: ContractCall; readonly from: Hex },
): Promise<PreparedCall> {
  const transaction = { from, to: call.to, data: call.data, value: numberToHex(call.valueWei) };
  const [estimate, head] = await Promise.all([
    estimateGas(estimators, transaction),
    readHeader(rpc, "latest"),
  ]);
  if (estimate.kind !== "gas") {
    const { kind, failure } = estimate;
    if (kind === "reverted") return { reverts: true, detail: revertDetail(failure) };
    const pays = `${call.valueWei} wei and gas`;
    throw new RetryableError(
      "sender-unfunded",
      `sender ${from}: cannot pay ${pays} (${failure.message})`,
    );
  }
  if (head === null)
    throw new RetryableError("rpc-failed", "eth_getBlockByNumber: no latest block");
  return {
    reverts: false,
    gasLimit: gasLimitFor(estimate.gas),
    baseFeeWei: head.baseFeeWei,
    headTimestampMs: head.timestampMs,
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
