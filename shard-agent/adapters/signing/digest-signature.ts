import { type Address, bytesToHex, type Hex, numberToHex, recoverAddress, size, slice } from "viem";
import { FatalError } from "#shared/errors.ts";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const DER_SEQUENCE = 0x30;
const DER_INTEGER = 0x02;

/**
 * r, s, v of a DER signature: s made low (the chain refuses the other), v found by recovering the signer.
 *
 * @throws {FatalError} `signer-answer` if it is no signature, or not one of `signer` over `digest`.
 */
export async function fromDer(der: Uint8Array, digest: Hex, signer: Address): Promise<Hex> {
  const { r, s } = parseDer(der);
  const low = s > CURVE_ORDER / 2n ? CURVE_ORDER - s : s;
  const body = `${numberToHex(r, { size: 32 })}${numberToHex(low, { size: 32 }).slice(2)}` as const;
  for (const v of ["1b", "1c"]) {
    const signature = `${body}${v}` as Hex;
    if (await isSignedBy(signature, digest, signer)) return signature;
  }
  throw answerError(`a signature that is not ${signer}'s`);
}

/**
 * A signature as it came, once it is known to be the signer's and its s is low.
 *
 * @throws {FatalError} `signer-answer` otherwise.
 */
export async function checkedSignature(signature: Hex, digest: Hex, signer: Address): Promise<Hex> {
  if (size(signature) !== 65) throw answerError(`${size(signature)} bytes; a signature has 65`);
  if (BigInt(slice(signature, 32, 64)) > CURVE_ORDER / 2n)
    throw answerError("a signature with a high s");
  if (!(await isSignedBy(signature, digest, signer)))
    throw answerError(`a signature that is not ${signer}'s`);
  return signature;
}

async function isSignedBy(signature: Hex, hash: Hex, signer: Address): Promise<boolean> {
  try {
    const found = await recoverAddress({ hash, signature });
    return found.toLowerCase() === signer.toLowerCase();
  } catch {
    return false;
  }
}

/** SEQUENCE of two INTEGERs; every length of a secp256k1 signature fits in one byte. */
function parseDer(der: Uint8Array): { r: bigint; s: bigint } {
  const integer = (at: number): { value: bigint; end: number } => {
    const length = der[at + 1] ?? 0;
    const end = at + 2 + length;
    if (der[at] !== DER_INTEGER || length === 0 || length > 33 || end > der.length)
      throw answerError("bytes that are no DER signature");
    return { value: BigInt(bytesToHex(der.subarray(at + 2, end))), end };
  };
  if (der[0] !== DER_SEQUENCE || der[1] !== der.length - 2)
    throw answerError("bytes that are no DER signature");
  const r = integer(2);
  const s = integer(r.end);
  if (s.end !== der.length) throw answerError("a DER signature with bytes after it");
  return { r: r.value, s: s.value };
}

function answerError(what: string): FatalError {
  return new FatalError("signer-answer", `Signer: gave ${what}; nothing is sent`);
}
