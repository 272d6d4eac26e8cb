import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import {
  isSignedBy,
  publicKeyHex,
  reporterPrivateKey,
  reporterPublicKey,
  signBytes,
} from "#shared/wire/signed-bytes.ts";
import { aShardReport } from "#test/support/coordinator/shard-report.ts";

// RFC 8032, section 7.1, test 1.
const SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

const privateKey = reporterPrivateKey(SEED);
const publicKey = reporterPublicKey(PUBLIC);
const body = encodeMessage(aShardReport());
const signature = signBytes(body, privateKey);

function withBit(bytes: Uint8Array, index: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7));
  return changed;
}

describe("signed bytes", () => {
  test("a seed gives the public key of RFC 8032", () => {
    expect(publicKeyHex(privateKey)).toBe(PUBLIC);
  });

  test("the signer's signature over these bytes is accepted", () => {
    expect(isSignedBy(body, signature, publicKey)).toBe(true);
  });

  test("one changed bit of the body makes it a forgery", () => {
    fc.assert(
      fc.property(fc.nat(body.length * 8 - 1), (index) => {
        expect(isSignedBy(withBit(body, index), signature, publicKey)).toBe(false);
      }),
    );
  });

  test("one changed bit of the signature makes it a forgery", () => {
    for (let index = 0; index < 512; index += 1) {
      expect(isSignedBy(body, withBit(signature, index), publicKey)).toBe(false);
    }
  });

  test("another key's signature is a forgery", () => {
    const other = generateKeyPairSync("ed25519").privateKey;

    expect(isSignedBy(body, signBytes(body, other), publicKey)).toBe(false);
  });

  test.each([0, 1, 63, 65, 128])(
    "a signature of %i bytes is refused without an error",
    (length) => {
      expect(isSignedBy(body, Buffer.alloc(length), publicKey)).toBe(false);
    },
  );

  test.each(["", "9d61", SEED.toUpperCase(), `0x${SEED}`, `${SEED}00`])(
    "the key %j is refused",
    (hex) => {
      expect(() => reporterPrivateKey(hex)).toThrow(RangeError);
      expect(() => reporterPublicKey(hex)).toThrow(RangeError);
      if (hex !== "") expect(() => reporterPrivateKey(hex)).not.toThrow(hex);
    },
  );
});
