import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encodeFunctionData, parseAbi, parseEther, parseEventLogs, zeroHash } from "viem";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { decodePacket, type Packet } from "#shared/evm/layerzero-packet.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { TransferParams } from "#shared/wire/rebalance-job.ts";
import { encodeCall, thirdParty } from "#test/local/chains/artifacts.ts";
import { openLane } from "#test/local/chains/lane.ts";
import { dvnIdOf, signDvnCall } from "#test/local/layerzero/dvn-attestation.ts";
import { workerConfigSchema } from "#test/local/layerzero/worker-config.ts";
import { workerNodes } from "#test/local/layerzero/worker-node.ts";
import type { World } from "#test/local/world.ts";
import type { AgentSite } from "#test/support/agent/agent-site.ts";
import { plannedJob, vaultCall } from "#test/support/coordinator/planner.ts";

const GAS = 2_000_000n;
const packetSentAbi = parseAbi([
  "event PacketSent(bytes encodedPayload, bytes options, address sendLibrary)",
]);
const governAbi = parseAbi([
  "struct Origin { uint32 srcEid; bytes32 sender; uint64 nonce; }",
  "function nilify(address oapp, uint32 srcEid, bytes32 sender, uint64 nonce, bytes32 payloadHash)",
  "function burn(address oapp, uint32 srcEid, bytes32 sender, uint64 nonce, bytes32 payloadHash)",
  "function skip(address oapp, uint32 srcEid, bytes32 sender, uint64 nonce)",
  "function clear(address oapp, Origin origin, bytes32 guid, bytes message)",
]);
/** What the endpoint keeps for a nonce whose message counts as nothing. */
export const NIL: Hex = `0x${"ff".repeat(32)}`;
const LANE_POLL_MS = 50;
const strangerAbi = parseAbi([
  "struct Origin { uint32 srcEid; bytes32 sender; uint64 nonce; }",
  "function lzReceive(Origin origin, address receiver, bytes32 guid, bytes message, bytes extraData) payable",
  "function lzReceiveAlert(Origin origin, address receiver, bytes32 guid, uint256 gas, uint256 value, bytes message, bytes extraData, bytes reason)",
]);

/** Sends collateral from one vault to its sister, under a mandate of the vault's present epoch. */
export async function sendCollateral(
  world: World,
  { source, target }: { readonly source: AgentSite; readonly target: AgentSite },
  o: { readonly amountRaw: bigint; readonly lzReceiveGas: number },
): Promise<Packet> {
  const planner = world.keys.account("planner");
  const params: TransferParams = {
    kind: "transfer",
    dstEid: target.chain.endpointId,
    dstVault: `0x${target.chain.contracts.vault.slice(2).toLowerCase().padStart(64, "0")}`,
    amountRaw: o.amountRaw.toString(),
    minAmountRaw: o.amountRaw.toString(),
    lzReceiveGas: o.lzReceiveGas,
    minCapitalAfterRaw: "0",
  };
  const epoch = Number(await source.vaultRead("epoch"));
  const signer = planner;
  const job = await plannedJob({
    chain: source.chain,
    params,
    leader: planner.address,
    epoch,
    signer,
  });
  const { logs } = await source.user.send({
    label: "transfer",
    gas: GAS,
    to: source.chain.contracts.vault,
    data: vaultCall(job),
    valueWei: parseEther("0.05"),
  });
  const [sent] = parseEventLogs({ abi: shardVaultAbi, logs, eventName: "TransferSent" });
  const packets = parseEventLogs({ abi: packetSentAbi, logs }).map((event) =>
    decodePacket(event.args.encodedPayload),
  );
  const packet = packets.find((one) => one.guid === sent?.args.guid);
  if (packet === undefined) throw new Error("the transfer sent no packet");
  return packet;
}

/** One DVN of the world attests a packet at its target; nobody commits it. */
export async function attest(
  world: World,
  target: AgentSite,
  packet: Packet,
  dvnIndex: 0 | 1,
): Promise<void> {
  const file = join(world.description.dataDir, "lz-worker.json");
  const config = workerConfigSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const node = workerNodes(config).get(target.chain.endpointId);
  const dvn = node?.dvns[dvnIndex];
  if (node === undefined || dvn === undefined) throw new Error("a DVN of the target expected");
  const confirmations = BigInt(config.confirmations);
  const callData = encodeCall(thirdParty("ReceiveUln302"), "verify", [
    packet.header,
    packet.payloadHash,
    confirmations,
  ]);
  const call = await signDvnCall(dvn.signers, {
    vid: dvnIdOf(target.chain.endpointId),
    target: node.chain.receiveUln,
    callData,
    expiration: BigInt(Math.floor(Date.now() / 1000) + 3_600),
  });
  await dvn.lane.send({
    label: `dvn ${dvnIndex + 1} attests`,
    to: node.chain.dvns[dvnIndex],
    data: encodeCall(thirdParty("DVN"), "execute", [[call]]),
    gas: GAS,
  });
}

/** Attests a packet by both DVNs and commits it, as the workers of the world would. */
export async function verify(world: World, target: AgentSite, packet: Packet): Promise<void> {
  await attest(world, target, packet, 0);
  await attest(world, target, packet, 1);
  const data = encodeCall(thirdParty("ReceiveUln302"), "commitVerification", [
    packet.header,
    packet.payloadHash,
  ]);
  const { receiveUln } = target.chain.contracts;
  await target.user.send({ label: "commit", to: receiveUln, data, gas: GAS });
}

/** What the token's delegate may do to a message that has not been delivered. */
export async function governMessage(
  world: World,
  target: AgentSite,
  packet: Packet,
  action: "nilify" | "burn" | "skip" | "clear",
): Promise<void> {
  const { srcEid, sender, nonce, receiver, guid, message } = packet;
  const path = [receiver, srcEid, sender, nonce] as const;
  const origin = { srcEid, sender, nonce };
  const data = {
    // Before anything is verified the endpoint keeps no hash for the nonce, afterwards that of nothing.
    nilify: () =>
      encodeFunctionData({ abi: governAbi, functionName: "nilify", args: [...path, zeroHash] }),
    burn: () => encodeFunctionData({ abi: governAbi, functionName: "burn", args: [...path, NIL] }),
    skip: () => encodeFunctionData({ abi: governAbi, functionName: "skip", args: path }),
    clear: () =>
      encodeFunctionData({
        abi: governAbi,
        functionName: "clear",
        args: [receiver, origin, guid, message],
      }),
  }[action]();
  const delegate = openLane(target.client, world.keys.account("deployer"), LANE_POLL_MS);
  const { endpoint } = target.chain.contracts;
  await delegate.send({ label: action, to: endpoint, data, gas: GAS });
}

/** A stranger tells the endpoint that a delivery failed: anyone may, whether or not it is true. */
export async function forgeAlert(target: AgentSite, packet: Packet): Promise<void> {
  const { srcEid, sender, nonce, receiver, guid, message } = packet;
  const reason: Hex = "0xdeadbeef";
  const data = encodeFunctionData({
    abi: strangerAbi,
    functionName: "lzReceiveAlert",
    args: [{ srcEid, sender, nonce }, receiver, guid, 1n, 0n, message, "0x", reason],
  });
  const { endpoint } = target.chain.contracts;
  await target.user.send({ label: "forged alert", to: endpoint, data, gas: GAS });
}

/** A stranger delivers a verified message: anyone may. */
export async function deliver(target: AgentSite, packet: Packet): Promise<void> {
  const { srcEid, sender, nonce, receiver, guid, message } = packet;
  const data = encodeFunctionData({
    abi: strangerAbi,
    functionName: "lzReceive",
    args: [{ srcEid, sender, nonce }, receiver, guid, message, "0x"],
  });
  const { endpoint } = target.chain.contracts;
  await target.user.send({ label: "deliver", to: endpoint, data, gas: GAS });
}
