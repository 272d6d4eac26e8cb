import { type Address, numberToHex, type PublicClient, pad, parseAbi, parseEventLogs } from "viem";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { decodePacket } from "#shared/evm/layerzero-packet.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { SentTransfer } from "#shared/wire/transfer-line.ts";

const ENDPOINT_ABI = parseAbi([
  "function endpoint() view returns (address)",
  "event PacketSent(bytes encodedPayload, bytes options, address sendLibrary)",
]);

/**
 * What the endpoint sent for a transfer of the vault: from the transaction that the vault's own event
 * names, as the token's endpoint told it, with the guid that the vault knows. Undefined when none is there.
 */
export async function sentMessage(
  rpc: PublicClient,
  setup: Pick<ShardSetup, "vault" | "settlement">,
  blockNumber: number,
  guid: Hex,
): Promise<SentTransfer | undefined> {
  const { vault, settlement } = setup;
  const at = { fromBlock: BigInt(blockNumber), toBlock: BigInt(blockNumber) };
  const [event] = await rpc.getContractEvents({
    address: vault,
    abi: shardVaultAbi,
    eventName: "TransferSent",
    args: { guid },
    strict: true,
    ...at,
  });
  if (event === undefined) return undefined;
  const endpoint: Address = await rpc.readContract({
    address: settlement.token,
    abi: ENDPOINT_ABI,
    functionName: "endpoint",
  });
  const { logs } = await rpc.getTransactionReceipt({ hash: event.transactionHash });
  const told = logs.filter((log) => log.address.toLowerCase() === endpoint.toLowerCase());
  const packet = parseEventLogs({ abi: ENDPOINT_ABI, eventName: "PacketSent", logs: told })
    .map((log) => decodePacket(log.args.encodedPayload))
    .find((one) => one.guid === guid && one.sender === pad(settlement.token).toLowerCase());
  if (packet === undefined) return undefined;
  const block = await rpc.request({
    method: "eth_getBlockByNumber",
    params: [numberToHex(blockNumber), false],
  });
  const { srcEid, sender, nonce, payloadHash, dstEid, receiver, message } = packet;
  return {
    side: "source",
    guid,
    srcEid,
    sender,
    nonce: nonce.toString(),
    payloadHash,
    jobId: event.args.jobId,
    dstEid,
    receiver,
    message,
    amountRaw: event.args.amountSent.toString(),
    blockNumber,
    blockHash: event.blockHash,
    blockTimestampMs: Number(block?.timestamp ?? 0) * 1000,
  };
}
