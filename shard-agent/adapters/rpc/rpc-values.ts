import {
  type Abi,
  type Address,
  type ContractFunctionName,
  encodeFunctionData,
  type Hex,
  hexToBigInt,
  hexToNumber,
  numberToHex,
} from "viem";
import { isRevert } from "#shard-agent/adapters/rpc/json-rpc-answer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { type AbiReader, abiReader } from "#shared/evm/abi-reader.ts";

/** A log as the node gives it. */
export type RawLog = {
  readonly address: Address;
  readonly topics: [Hex, ...Hex[]];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly blockTimestamp?: Hex;
};

type RawBlock = {
  readonly number: Hex;
  readonly hash: Hex;
  readonly parentHash: Hex;
  readonly timestamp: Hex;
  readonly baseFeePerGas?: Hex;
};

/**
 * Header by number or tag; null when the node has no such block.
 *
 * @throws {RetryableError} As {@link RpcClient.request}.
 */
export async function readHeader(
  rpc: RpcClient,
  at: number | "latest" | "finalized",
): Promise<BlockHeader | null> {
  const tag = typeof at === "number" ? numberToHex(at) : at;
  const block = (await rpc.request("eth_getBlockByNumber", [tag, false])) as RawBlock | null;
  if (block === null) return null;
  return {
    number: hexToNumber(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestampMs: hexToNumber(block.timestamp) * 1000,
    baseFeeWei: hexToBigInt(block.baseFeePerGas ?? "0x0"),
  };
}

const readers = new WeakMap<Abi, Map<string, AbiReader>>();

/** Making a reader costs as much as reading some dozen words. */
function readerOf(abi: Abi, name: string): AbiReader {
  const ofAbi = readers.get(abi) ?? new Map<string, AbiReader>();
  readers.set(abi, ofAbi);
  const reader = ofAbi.get(name) ?? abiReader(abi, name);
  ofAbi.set(name, reader);
  return reader;
}

/** A block parameter of eth_call: a hash (EIP-1898) or a tag. */
export type BlockParameter = { readonly blockHash: Hex } | "latest" | "pending";

/**
 * Result of one contract view, decoded.
 *
 * @throws {RetryableError} `rpc-failed` also when the call reverts (unless `ifReverts` says what that
 * means) or the contract is not there.
 */
export async function callView<const A extends Abi, N extends ContractFunctionName<A>>(
  rpc: RpcClient,
  call: {
    readonly abi: A;
    readonly to: Address;
    readonly name: N;
    readonly args: readonly unknown[];
    readonly at: BlockParameter;
    /** In whose name; nobody's when left out. */
    readonly from?: Address;
    /** Answer where the contract refuses the call. */
    readonly ifReverts?: { readonly value: unknown };
  },
): Promise<unknown> {
  const { abi, name, args } = call;
  const data = encodeFunctionData({ abi, functionName: name, args } as never);
  return callEncoded(rpc, { ...call, name: String(name), data });
}

/**
 * {@link callView} with call data made before: making them takes longer than some answers.
 *
 * @throws {RetryableError} As {@link callView}.
 */
export async function callEncoded(
  rpc: RpcClient,
  call: {
    readonly abi: Abi;
    readonly to: Address;
    readonly name: string;
    readonly data: Hex;
    readonly at: BlockParameter;
    readonly from?: Address;
    readonly ifReverts?: { readonly value: unknown };
  },
): Promise<unknown> {
  const { abi, to, name, data, at, ifReverts } = call;
  const sender = call.from === undefined ? {} : { from: call.from };
  const answer = await rpc.ask("eth_call", [{ ...sender, to, data }, at]);
  if (!answer.ok) {
    const { message, code } = answer.failure;
    if (ifReverts !== undefined && isRevert(answer.failure)) return ifReverts.value;
    throw new RetryableError("rpc-failed", `eth_call: ${message} (code ${code})`);
  }
  return viewAnswer({ abi, to, name }, answer.result as Hex);
}

/**
 * What a view returned, decoded.
 *
 * @throws {RetryableError} `rpc-failed` when it is not what the ABI says, as from an address without code.
 */
export function viewAnswer(
  { abi, to, name }: { readonly abi: Abi; readonly to: Address; readonly name: string },
  result: Hex,
): unknown {
  try {
    return readerOf(abi, name)(result);
  } catch (error) {
    throw new RetryableError(
      "rpc-failed",
      `${name} of ${to}: cannot decode ${result.length / 2 - 1} bytes`,
      { cause: error },
    );
  }
}
