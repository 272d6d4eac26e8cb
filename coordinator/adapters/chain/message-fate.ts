import { hexToBigInt, numberToHex, type PublicClient, parseAbi } from "viem";
import { auditView } from "#coordinator/adapters/audit/audit-view.ts";
import { deliveries } from "#coordinator/adapters/chain/vault-events.ts";
import type { MessageFate, MessagePath } from "#coordinator/records/jobs/message-fate.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

const ENDPOINT_ABI = parseAbi([
  "function endpoint() view returns (address)",
  "function inboundPayloadHash(address receiver, uint32 srcEid, bytes32 sender, uint64 nonce) view returns (bytes32)",
  "function lazyInboundNonce(address receiver, uint32 srcEid, bytes32 sender) view returns (uint64)",
]);

/**
 * What the token's endpoint keeps of a message, and whether the token credited the vault for it, both at one block of
 * the chain as this node has it. Undefined when it does not have the block.
 */
export async function messageFate(
  rpc: PublicClient,
  setup: Pick<ShardSetup, "vault" | "settlement">,
  { guid, srcEid, sender, nonce }: MessagePath,
  o: { readonly blockNumber: number; readonly fromBlock: number },
): Promise<MessageFate | undefined> {
  const params = [numberToHex(o.blockNumber), false] as const;
  const block = await rpc.request({ method: "eth_getBlockByNumber", params: [...params] });
  if (block?.hash == null) return undefined;
  const { view } = auditView(rpc, block.hash);
  const { token } = setup.settlement;
  const endpoint = await view<Address>({ abi: ENDPOINT_ABI, to: token, name: "endpoint" });
  const path = [token, srcEid, sender];
  const ofEndpoint = <T>(name: string, args: readonly unknown[]) =>
    view<T>({ abi: ENDPOINT_ABI, to: endpoint, name, args });
  const range = { fromBlock: o.fromBlock, toBlock: o.blockNumber };
  const [kept, lazyNonce, credits] = await Promise.all([
    ofEndpoint<Hex>("inboundPayloadHash", [...path, BigInt(nonce)]),
    ofEndpoint<bigint>("lazyInboundNonce", path),
    deliveries(rpc, setup, range, guid),
  ]);
  return {
    committedHash: hexToBigInt(kept) === 0n ? null : kept,
    isPast: BigInt(nonce) <= lazyNonce,
    isCredited: credits.length > 0,
  };
}
