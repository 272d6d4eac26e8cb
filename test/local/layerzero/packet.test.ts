import { PacketSerializer } from "@layerzerolabs/lz-v2-utilities";
import { encodePacked, keccak256, pad, recoverMessageAddress, slice } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { expect, test } from "vitest";
import { dvnIdOf, signDvnCall } from "#test/local/layerzero/dvn-attestation.ts";
import { decodePacket } from "#test/local/layerzero/packet.ts";

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

test("a DVN call carries its quorum's signatures in ascending order of signer", async () => {
  const signers = [1, 2, 3].map((n) => privateKeyToAccount(keccak256(`0x0${n}`)));
  const call = {
    vid: dvnIdOf(30110),
    target: signers[0]?.address ?? "0x",
    callData: "0xabcd",
    expiration: 99n,
  } as const;
  const { signatures } = await signDvnCall(signers, call);
  const raw = keccak256(
    encodePacked(["uint32", "address", "uint256", "bytes"], [110, call.target, 99n, "0xabcd"]),
  );
  const recovered = await Promise.all(
    [0, 1, 2].map((n) =>
      recoverMessageAddress({
        message: { raw },
        signature: slice(signatures, 65 * n, 65 * (n + 1)),
      }),
    ),
  );
  const ascending = signers.map((s) => s.address).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  expect(recovered).toEqual(ascending);
});
