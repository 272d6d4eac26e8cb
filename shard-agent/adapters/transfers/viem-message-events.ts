import { hexToNumber, numberToHex, pad, parseEventLogs, toEventSelector } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { RawLog } from "#shard-agent/adapters/rpc/rpc-values.ts";
import {
  type ArrivalContracts,
  isGone,
  type KeptMessage,
} from "#shard-agent/adapters/transfers/kept-message.ts";
import { endpointAbi, oftEventsAbi } from "#shard-agent/adapters/transfers/layerzero-abi.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { DeliveryAlert, TransferEvidence } from "#shard-agent/records/transfer-evidence.ts";
import { guidOf, payloadHashOf } from "#shared/evm/layerzero-packet.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

const [OFT_RECEIVED] = oftEventsAbi.map((event) => toEventSelector(event)) as [Hex];
const ALERT = selectorOf("LzReceiveAlert");
/** None of these has an indexed field: they are searched only for a message that is gone and was not credited. */
const ENDINGS = ["PacketDelivered", "PacketBurnt", "InboundNonceSkipped"].map(selectorOf);

function selectorOf(name: string): Hex {
  const event = endpointAbi.find((one) => one.type === "event" && one.name === name);
  return toEventSelector(event as never);
}

type Events = Pick<TransferEvidence, "delivered" | "burntInBlock" | "skippedInBlock" | "alerts">;
const NOTHING: Events = { delivered: null, burntInBlock: null, skippedInBlock: null, alerts: [] };

/** What the events of the last blocks say of each message; asks only for what the endpoint's state leaves open. */
export async function messageEvents(
  rpc: RpcClient,
  o: ArrivalContracts,
  kept: readonly KeptMessage[],
  at: BlockHeader,
): Promise<(one: KeptMessage) => Events> {
  const gone = kept.filter(isGone);
  const waiting = kept.filter((one) => one.committedHash === one.expected.payloadHash);
  const [credits, alerts] = await Promise.all([
    gone.length === 0 ? new Map<Hex, number>() : readCredits(rpc, o, gone, at),
    waiting.length === 0 ? new Map<Hex, DeliveryAlert[]>() : readAlerts(rpc, o, at),
  ]);
  const isCredited = (one: KeptMessage): boolean => credits.has(one.guid);
  const endings = gone.every(isCredited) ? new Map<Hex, Events>() : await readEndings(rpc, o, at);
  return (one) => {
    const blockNumber = credits.get(one.guid);
    if (blockNumber !== undefined)
      return { ...NOTHING, delivered: { blockNumber, isCredited: true } };
    const ending = isGone(one) ? endings.get(one.guid) : undefined;
    return { ...(ending ?? NOTHING), alerts: alerts.get(one.guid) ?? [] };
  };
}

async function logsOf(
  rpc: RpcClient,
  o: ArrivalContracts,
  at: BlockHeader,
  filter: { readonly address: Address; readonly topics: readonly unknown[] },
): Promise<RawLog[]> {
  const fromBlock = numberToHex(Math.max(0, at.number - o.layerZero.lookbackBlocks));
  const range = { fromBlock, toBlock: numberToHex(at.number) };
  return (await rpc.request("eth_getLogs", [{ ...filter, ...range }])) as RawLog[];
}

/** Blocks in which the token credited the vault, by guid. */
async function readCredits(
  rpc: RpcClient,
  o: ArrivalContracts,
  gone: readonly KeptMessage[],
  at: BlockHeader,
): Promise<Map<Hex, number>> {
  const topics = [OFT_RECEIVED, gone.map((one) => one.guid), pad(o.vault)];
  const logs = await logsOf(rpc, o, at, { address: o.token, topics });
  return new Map(logs.map((log) => [log.topics[1] as Hex, hexToNumber(log.blockNumber)]));
}

/** Failed deliveries that our executor reported of this token, by guid, oldest first. */
async function readAlerts(
  rpc: RpcClient,
  o: ArrivalContracts,
  at: BlockHeader,
): Promise<Map<Hex, DeliveryAlert[]>> {
  const topics = [ALERT, pad(o.token), pad(o.layerZero.executor)];
  const logs = await logsOf(rpc, o, at, { address: o.endpoint, topics });
  const alerts = new Map<Hex, DeliveryAlert[]>();
  const events = parseEventLogs({
    abi: endpointAbi,
    eventName: "LzReceiveAlert",
    logs: logs as never,
    strict: true,
  });
  for (const event of events) {
    const { guid, executor, message, reason } = event.args;
    const blockNumber = hexToNumber((event as unknown as RawLog).blockNumber);
    const alert = { blockNumber, executor, payloadHash: payloadHashOf(guid, message), reason };
    alerts.set(guid, [...(alerts.get(guid) ?? []), alert]);
  }
  return alerts;
}

/** How messages to this token ended without a credit, by guid. */
async function readEndings(
  rpc: RpcClient,
  o: ArrivalContracts,
  at: BlockHeader,
): Promise<Map<Hex, Events>> {
  const logs = await logsOf(rpc, o, at, { address: o.endpoint, topics: [ENDINGS] });
  const endings = new Map<Hex, Events>();
  for (const event of parseEventLogs({ abi: endpointAbi, logs: logs as never, strict: true })) {
    const blockNumber = hexToNumber((event as unknown as RawLog).blockNumber);
    if (event.eventName === "PacketDelivered") {
      const { origin, receiver } = event.args;
      note(endings, o, { ...origin, receiver }, { delivered: { blockNumber, isCredited: false } });
    } else if (event.eventName === "PacketBurnt")
      note(endings, o, event.args, { burntInBlock: blockNumber });
    else if (event.eventName === "InboundNonceSkipped")
      note(endings, o, event.args, { skippedInBlock: blockNumber });
  }
  return endings;
}

type Named = {
  readonly srcEid: number;
  readonly sender: Hex;
  readonly nonce: bigint;
  readonly receiver: Address;
};

function note(
  endings: Map<Hex, Events>,
  o: ArrivalContracts,
  { srcEid, sender, nonce, receiver }: Named,
  found: Partial<Events>,
): void {
  if (receiver.toLowerCase() !== o.token.toLowerCase()) return;
  const guid = guidOf({ srcEid, sender, nonce, receiver, dstEid: o.endpointId });
  endings.set(guid, { ...(endings.get(guid) ?? NOTHING), ...found });
}
