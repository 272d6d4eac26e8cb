import { Options } from "@layerzerolabs/lz-v2-utilities";
import { parseEventLogs, type TransactionReceipt } from "viem";
import { RetryableError } from "#shared/errors.ts";
import { originOf } from "#shared/evm/layerzero-packet.ts";
import { encodeCall, thirdParty } from "#test/local/chains/artifacts.ts";
import { dvnIdOf, signDvnCall } from "#test/local/layerzero/dvn-attestation.ts";
import type { SentPacket } from "#test/local/layerzero/packet-watch.ts";
import type { WorkerNode } from "#test/local/layerzero/worker-node.ts";

/** What one step did; `waiting` asks to be called again later. */
export type DeliveryStep = "attested" | "committed" | "delivered" | "already-delivered" | "waiting";

const VERIFIABLE = { verifying: 0, verifiable: 1, verified: 2 } as const;
const EXECUTABLE = { executable: 2, executed: 3 } as const;
const ATTESTATION_LIFETIME_SECONDS = 3_600;
const STEP_GAS = 400_000n;
const DELIVERY_OVERHEAD_GAS = 250_000n;

/**
 * Takes a packet one step further on its target chain, from what that chain says now. Therefore it may
 * be called again after any failure, also by a worker that was restarted.
 *
 * @throws {RetryableError} If a step was sent and had no effect.
 */
export async function advancePacket(
  target: WorkerNode,
  sent: SentPacket,
  confirmations: number,
): Promise<DeliveryStep> {
  const { packet } = sent;
  const executable = await readState(target, "EndpointV2View", "executable", [
    originOf(packet),
    packet.receiver,
  ]);
  if (executable === EXECUTABLE.executed) return "already-delivered";
  if (executable === EXECUTABLE.executable) return deliver(target, sent);
  const verifiable = await readState(target, "ReceiveUln302View", "verifiable", [
    packet.header,
    packet.payloadHash,
  ]);
  if (verifiable === VERIFIABLE.verifiable) return commit(target, sent);
  if (verifiable === VERIFIABLE.verifying) return attest(target, sent, confirmations);
  return "waiting";
}

/** Both DVNs attest, each with its own signers and its own lane. */
async function attest(
  target: WorkerNode,
  { packet }: SentPacket,
  confirmations: number,
): Promise<DeliveryStep> {
  const callData = encodeCall(thirdParty("ReceiveUln302"), "verify", [
    packet.header,
    packet.payloadHash,
    BigInt(confirmations),
  ]);
  const attestBy = async (dvn: WorkerNode["dvns"][number], index: number): Promise<boolean> => {
    const address = target.chain.dvns[index === 0 ? 0 : 1];
    const [submitted] = (await target.client.readContract({
      address: target.chain.receiveUln,
      abi: thirdParty("ReceiveUln302").abi,
      functionName: "hashLookup",
      args: [packet.headerHash, packet.payloadHash, address],
    })) as [boolean, bigint];
    if (submitted) return false;
    const call = await signDvnCall(dvn.signers, {
      vid: dvnIdOf(target.chain.endpointId),
      target: target.chain.receiveUln,
      callData,
      expiration: BigInt(Math.floor(Date.now() / 1000) + ATTESTATION_LIFETIME_SECONDS),
    });
    const receipt = await dvn.lane.send({
      label: `dvn ${index + 1} attests ${packet.guid}`,
      to: address,
      data: encodeCall(thirdParty("DVN"), "execute", [[call]]),
      gas: STEP_GAS,
    });
    // DVN.execute succeeds also when the signatures are wrong; only the event proves it.
    const proofs = parseEventLogs({
      abi: thirdParty("ReceiveUln302").abi,
      logs: receipt.logs,
      eventName: "PayloadVerified",
    });
    if (proofs.length === 0)
      throw new RetryableError("world-attest", `dvn ${index + 1} did not attest ${packet.guid}`);
    return true;
  };
  const attested = await Promise.all(target.dvns.map(attestBy));
  return attested.includes(true) ? "attested" : "waiting";
}

async function commit(target: WorkerNode, { packet }: SentPacket): Promise<DeliveryStep> {
  await target.committerLane.send({
    label: `commit ${packet.guid}`,
    to: target.chain.receiveUln,
    data: encodeCall(thirdParty("ReceiveUln302"), "commitVerification", [
      packet.header,
      packet.payloadHash,
    ]),
    gas: STEP_GAS,
  });
  return "committed";
}

async function deliver(target: WorkerNode, { packet, options }: SentPacket): Promise<DeliveryStep> {
  const option = Options.fromOptions(options).decodeExecutorLzReceiveOption();
  const gasLimit = option?.gas ?? 200_000n;
  const messageBytes = BigInt((packet.message.length - 2) / 2);
  const receipt = await target.executorLane.send({
    label: `deliver ${packet.guid}`,
    to: target.chain.executor,
    valueWei: option?.value ?? 0n,
    // Explicit: an estimate would find the cheapest call that fails inside and still succeeds outside.
    gas: (gasLimit * 64n) / 63n + DELIVERY_OVERHEAD_GAS + messageBytes * 40n,
    data: encodeCall(thirdParty("Executor"), "execute302", [
      {
        receiver: packet.receiver,
        origin: originOf(packet),
        guid: packet.guid,
        message: packet.message,
        extraData: "0x",
        gasLimit,
      },
    ]),
  });
  if (!isDelivered(receipt, packet.nonce)) {
    throw new RetryableError(
      "world-deliver",
      `${packet.guid}: the receiver did not take the message (gas ${gasLimit})`,
    );
  }
  return "delivered";
}

function isDelivered(receipt: TransactionReceipt, nonce: bigint): boolean {
  const events = parseEventLogs({
    abi: thirdParty("EndpointV2").abi,
    logs: receipt.logs,
    eventName: "PacketDelivered",
  });
  return events.some((event) => {
    const args = (event as unknown as { args: { origin: { nonce: bigint } } }).args;
    return args.origin.nonce === nonce;
  });
}

async function readState(
  target: WorkerNode,
  view: "EndpointV2View" | "ReceiveUln302View",
  functionName: "executable" | "verifiable",
  args: readonly unknown[],
): Promise<number> {
  const address =
    view === "EndpointV2View" ? target.chain.endpointView : target.chain.receiveUlnView;
  const { abi } = thirdParty(view);
  return Number(await target.client.readContract({ address, abi, functionName, args: [...args] }));
}
