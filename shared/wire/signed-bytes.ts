import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from "node:crypto";

/**
 * Ed25519 over SHA-256 of the bytes as they travel: the receiver verifies what it received before it
 * decodes anything. Keys are hex: 32-byte seed (private), 32-byte point (public), no 0x.
 */

const PKCS8_ED25519_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_ED25519_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** @throws {RangeError} If the seed is not 64 hex digits. */
export function reporterPrivateKey(seedHex: string): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([PKCS8_ED25519_PREFIX, bytes32(seedHex, "reporter seed")]),
    format: "der",
    type: "pkcs8",
  });
}

/** Public keys made so far: making one costs a third of verifying with it, and there is one per agent. */
const publicKeys = new Map<string, KeyObject>();
const PUBLIC_KEYS_MAX = 1024;

/** @throws {RangeError} If the public key is not 64 hex digits. */
export function reporterPublicKey(publicHex: string): KeyObject {
  const known = publicKeys.get(publicHex);
  if (known !== undefined) return known;
  const key = createPublicKey({
    key: Buffer.concat([SPKI_ED25519_PREFIX, bytes32(publicHex, "reporter public key")]),
    format: "der",
    type: "spki",
  });
  if (publicKeys.size >= PUBLIC_KEYS_MAX) publicKeys.clear();
  publicKeys.set(publicHex, key);
  return key;
}

/** Public key of a private one, as 64 hex digits. */
export function publicKeyHex(privateKey: KeyObject): string {
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return spki.subarray(SPKI_ED25519_PREFIX.length).toString("hex");
}

/** 64-byte signature of `body`. */
export function signBytes(body: Uint8Array, privateKey: KeyObject): Buffer {
  return sign(null, hash("sha256", body, "buffer"), privateKey);
}

/** True when `signature` is the key's over exactly these bytes. */
export function isSignedBy(body: Uint8Array, signature: Uint8Array, publicKey: KeyObject): boolean {
  if (signature.length !== 64) return false;
  return verify(null, hash("sha256", body, "buffer"), publicKey, signature);
}

function bytes32(hex: string, what: string): Buffer {
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new RangeError(`${what}: must be 64 lower-case hex digits`);
  return Buffer.from(hex, "hex");
}
