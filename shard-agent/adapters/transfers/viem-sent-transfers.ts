import { type Address, hexToNumber, pad, parseEventLogs } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { endpointAbi } from "#shard-agent/adapters/transfers/layerzero-abi.ts";
import type { TransferReader } from "#shard-agent/ports/transfer-reader.ts";
import { decodePacket } from "#shared/evm/layerzero-packet.ts";
import type { ConsumedJob } from "#shared/wire/shard-report.ts";
import type { SentTransfer } from "#shared/wire/transfer-line.ts";

const CACHE_MAX = 1024;

/**
 * What the endpoint sent for consumed transfers. The packet is taken from the transaction that consumed
 * the mandate and must carry the guid that the vault told: a transaction may send others beside it.
 * A block hash never changes what is in it, so each transfer is read once.
 */
export function sentTransferReader(
  rpc: RpcClient,
  o: { readonly endpoint: Address; readonly endpointId: number; readonly token: Address },
): TransferReader["sent"] {
  const known = new Map<string, SentTransfer>();
  return async (jobs) => {
    const found: SentTransfer[] = [];
    for (const job of jobs) {
      if (job.guid === null) continue;
      const key = `${job.blockHash} ${job.guid}`;
      const sent = known.get(key) ?? (await readSent(rpc, o, { ...job, guid: job.guid }));
      if (sent === undefined) continue;
      if (known.size >= CACHE_MAX) known.clear();
      known.set(key, sent);
      found.push(sent);
    }
    return found;
  };
}

async function readSent(
  rpc: RpcClient,
  o: { readonly endpoint: Address; readonly endpointId: number; readonly token: Address },
  job: ConsumedJob & { readonly guid: `0x${string}` },
): Promise<SentTransfer | undefined> {
  const receipt = (await rpc.request("eth_getTransactionReceipt", [job.transactionHash])) as {
    readonly blockNumber: `0x${string}`;
    readonly blockHash: string;
    readonly logs: RawLog[];
  } | null;
  // Of another block after a reorganisation: the next report says where the job is now.
  if (receipt?.blockHash !== job.blockHash) return undefined;
  const logs = receipt.logs.filter((log) => isSame(log.address, o.endpoint));
  const packets = parseEventLogs({
    abi: endpointAbi,
    eventName: "PacketSent",
    logs: logs as never,
    strict: true,
  }).map((event) => decodePacket(event.args.encodedPayload));
  const packet = packets.find((one) => one.guid === job.guid && one.sender === padded(o.token));
  if (packet === undefined) return undefined;
  return {
    side: "source",
    guid: packet.guid,
    srcEid: packet.srcEid,
    sender: packet.sender,
    nonce: packet.nonce.toString(),
    payloadHash: packet.payloadHash,
    jobId: job.jobId,
    dstEid: packet.dstEid,
    receiver: packet.receiver,
    message: packet.message,
    amountRaw: job.amountInRaw,
    blockNumber: hexToNumber(receipt.blockNumber),
    blockHash: job.blockHash,
    blockTimestampMs: job.blockTimestampMs,
  };
}

function padded(address: Address): string {
  return pad(address).toLowerCase();
}

function isSame(one: Address, other: Address): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
