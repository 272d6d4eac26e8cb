import { type Address, type Hex, parseAbi } from "viem";
import { lzReceiveOptions } from "#shard-agent/adapters/reads/messaging-options.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type BlockParameter, callView } from "#shard-agent/adapters/rpc/rpc-values.ts";

const oftAbi = parseAbi([
  "struct SendParam { uint32 dstEid; bytes32 to; uint256 amountLD; uint256 minAmountLD; bytes extraOptions; bytes composeMsg; bytes oftCmd; }",
  "struct MessagingFee { uint256 nativeFee; uint256 lzTokenFee; }",
  "function quoteSend(SendParam sendParam, bool payInLzToken) view returns (MessagingFee msgFee)",
]);

/** A message as the vault sends it: whole amounts, one option, nothing composed. */
export type QuotedMessage = {
  readonly dstEid: number;
  /** Sister vault, left-padded to 32 bytes. */
  readonly to: Hex;
  readonly amountRaw: bigint;
  readonly minAmountRaw: bigint;
  readonly lzReceiveGas: number;
};

/**
 * What the endpoint asks for a message of the OFT, in wei; null when the token's contracts refuse it.
 *
 * @throws {RetryableError} When the node does not answer.
 */
export async function quoteMessage(
  rpc: RpcClient,
  token: Address,
  { message, at }: { readonly message: QuotedMessage; readonly at: BlockParameter },
): Promise<bigint | null> {
  const send = {
    dstEid: message.dstEid,
    to: message.to,
    amountLD: message.amountRaw,
    minAmountLD: message.minAmountRaw,
    extraOptions: lzReceiveOptions(message.lzReceiveGas),
    composeMsg: "0x",
    oftCmd: "0x",
  };
  const fee = await callView(rpc, {
    abi: oftAbi,
    to: token,
    name: "quoteSend",
    args: [send, false],
    at,
    ifReverts: { value: null },
  });
  return fee === null ? null : (fee as { nativeFee: bigint }).nativeFee;
}
