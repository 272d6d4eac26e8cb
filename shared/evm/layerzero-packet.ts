import { encodePacked, keccak256, pad, size, slice } from "viem";
import type { Address, Hex } from "#shared/units/ids.ts";

/** One LayerZero V2 packet, as EndpointV2 puts it into PacketSent. */
export type Packet = {
  readonly nonce: bigint;
  readonly srcEid: number;
  /** Sending app, left-padded to 32 bytes. */
  readonly sender: Hex;
  readonly dstEid: number;
  readonly receiver: Address;
  readonly guid: Hex;
  readonly message: Hex;
  /** What DVNs attest to, with `payloadHash`. */
  readonly header: Hex;
  readonly headerHash: Hex;
  readonly payloadHash: Hex;
};

const PACKET_VERSION = 1;
const OFFSET = {
  version: 0,
  nonce: 1,
  srcEid: 9,
  sender: 13,
  dstEid: 45,
  receiver: 49,
  guid: 81,
  message: 113,
} as const;

/**
 * Fields of an encoded packet.
 *
 * @throws {RangeError} If it is too short or of another version than 1.
 */
export function decodePacket(encoded: Hex): Packet {
  const bytes = (encoded.length - 2) / 2;
  if (bytes < OFFSET.message)
    throw new RangeError(`packet: ${bytes} bytes; at least ${OFFSET.message} expected`);
  const version = Number(slice(encoded, OFFSET.version, OFFSET.nonce));
  if (version !== PACKET_VERSION)
    throw new RangeError(`packet version ${version}; only ${PACKET_VERSION} is known`);
  const header = slice(encoded, 0, OFFSET.guid);
  return {
    nonce: BigInt(slice(encoded, OFFSET.nonce, OFFSET.srcEid)),
    srcEid: Number(slice(encoded, OFFSET.srcEid, OFFSET.sender)),
    sender: slice(encoded, OFFSET.sender, OFFSET.dstEid),
    dstEid: Number(slice(encoded, OFFSET.dstEid, OFFSET.receiver)),
    receiver: slice(encoded, OFFSET.receiver + 12, OFFSET.guid),
    guid: slice(encoded, OFFSET.guid, OFFSET.message),
    message: bytes === OFFSET.message ? "0x" : slice(encoded, OFFSET.message),
    header,
    headerHash: keccak256(header),
    payloadHash: keccak256(slice(encoded, OFFSET.guid)),
  };
}

/** The packet's origin as the receiving endpoint takes it. */
export function originOf(packet: Packet) {
  return { srcEid: packet.srcEid, sender: packet.sender, nonce: packet.nonce };
}

/** What names a message on its path to one receiver. */
export type PacketPath = {
  readonly nonce: bigint;
  readonly srcEid: number;
  readonly sender: Hex;
  readonly dstEid: number;
  readonly receiver: Address;
};

/** The id LayerZero gives the message of a path and nonce. */
export function guidOf({ nonce, srcEid, sender, dstEid, receiver }: PacketPath): Hex {
  return keccak256(
    encodePacked(
      ["uint64", "uint32", "bytes32", "uint32", "bytes32"],
      [nonce, srcEid, sender, dstEid, pad(receiver)],
    ),
  );
}

/** The header DVNs attest to. */
export function headerOf({ nonce, srcEid, sender, dstEid, receiver }: PacketPath): Hex {
  return encodePacked(
    ["uint8", "uint64", "uint32", "bytes32", "uint32", "bytes32"],
    [PACKET_VERSION, nonce, srcEid, sender, dstEid, pad(receiver)],
  );
}

/** The payload hash DVNs attest to. */
export function payloadHashOf(guid: Hex, message: Hex): Hex {
  return keccak256(encodePacked(["bytes32", "bytes"], [guid, message]));
}

const OFT_MESSAGE_BYTES = 40;

/** Account an OFT's message credits, left-padded; null for anything but a plain transfer without a compose part. */
export function oftRecipient(message: Hex): Hex | null {
  return size(message) === OFT_MESSAGE_BYTES ? slice(message, 0, 32) : null;
}
