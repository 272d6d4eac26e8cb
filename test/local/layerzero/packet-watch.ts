import { parseEventLogs, toEventSelector } from "viem";
import { decodePacket, type Packet } from "#shared/evm/layerzero-packet.ts";
import type { Hex } from "#shared/units/ids.ts";
import { thirdParty } from "#test/local/chains/artifacts.ts";
import type { WorkerNode } from "#test/local/layerzero/worker-node.ts";

/** A packet with the executor options its sender paid for. */
export type SentPacket = { readonly packet: Packet; readonly options: Hex };

const PACKET_SENT = toEventSelector("PacketSent(bytes,bytes,address)");
const BLOCKS_PER_READ = 500;

/**
 * Packets of the watched apps in blocks that are `confirmations` deep, and where to go on.
 *
 * @param fromBlock First block not read yet.
 */
export async function readPackets(
  node: WorkerNode,
  fromBlock: number,
  confirmations: number,
): Promise<{ packets: SentPacket[]; nextBlock: number }> {
  const head = Number(await node.client.getBlockNumber());
  const toBlock = Math.min(head - confirmations, fromBlock + BLOCKS_PER_READ - 1);
  if (toBlock < fromBlock) return { packets: [], nextBlock: fromBlock };
  const raw = await node.client.request({
    method: "eth_getLogs",
    params: [
      {
        address: node.chain.endpoint,
        topics: [PACKET_SENT],
        fromBlock: `0x${fromBlock.toString(16)}`,
        toBlock: `0x${toBlock.toString(16)}`,
      },
    ],
  });
  const logs = parseEventLogs({
    abi: thirdParty("EndpointV2").abi,
    logs: raw as never,
    eventName: "PacketSent",
  });
  const apps = new Set(node.chain.apps.map((app) => app.toLowerCase()));
  const packets = logs
    .map((log) => {
      const args = (log as unknown as { args: { encodedPayload: Hex; options: Hex } }).args;
      return { packet: decodePacket(args.encodedPayload), options: args.options };
    })
    .filter(({ packet }) => apps.has(`0x${packet.sender.slice(26)}`));
  return { packets, nextBlock: toBlock + 1 };
}
