import { calculateGuid, PacketSerializer } from "@layerzerolabs/lz-v2-utilities";
import { keccak256, pad, slice } from "viem";
import { expect, test } from "vitest";
import {
  decodePacket,
  guidOf,
  headerOf,
  oftRecipient,
  payloadHashOf,
} from "#shared/evm/layerzero-packet.ts";

const GUID = keccak256("0x01");
const ENCODED = PacketSerializer.serialize({
  version: 1,
  nonce: "42",
  srcEid: 30101,
  dstEid: 30110,
  sender: pad("0x1111111111111111111111111111111111111111"),
  receiver: pad("0x2222222222222222222222222222222222222222"),
  guid: GUID,
  message: "0xdeadbeef",
  payload: "",
} as never) as `0x${string}`;

test("reads a packet as LayerZero's own library writes it", () => {
  expect(decodePacket(ENCODED)).toMatchObject({
    nonce: 42n,
    srcEid: 30101,
    dstEid: 30110,
    sender: pad("0x1111111111111111111111111111111111111111"),
    receiver: "0x2222222222222222222222222222222222222222",
    guid: GUID,
    message: "0xdeadbeef",
    header: slice(ENCODED, 0, 81),
    payloadHash: keccak256(slice(ENCODED, 81)),
  });
});

test("refuses a packet that is too short or of another version", () => {
  expect(() => decodePacket(slice(ENCODED, 0, 100))).toThrow(/100 bytes; at least 113/);
  expect(() => decodePacket(`0x02${ENCODED.slice(4)}`)).toThrow(/version 2/);
});

test("guid, header and payload hash follow from path and message, as LayerZero computes them", () => {
  const packet = decodePacket(ENCODED);
  expect(headerOf(packet)).toBe(packet.header);
  expect(payloadHashOf(packet.guid, packet.message)).toBe(packet.payloadHash);
  const { nonce, srcEid, sender, dstEid, receiver } = packet;
  const path = { version: 1, nonce: `${nonce}`, srcEid, sender, dstEid, receiver: pad(receiver) };
  expect(guidOf(packet)).toBe(calculateGuid(path as never));
});

test("only a plain token message has a recipient", () => {
  const vault = pad("0x3333333333333333333333333333333333333333");
  expect(oftRecipient(`${vault}00000000075bcd15`)).toBe(vault);
  expect(oftRecipient(`${vault}00000000075bcd15${"00".repeat(32)}`)).toBeNull();
  expect(oftRecipient("0x")).toBeNull();
});
