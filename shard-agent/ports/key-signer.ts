import type { Address, Hex } from "#shared/units/ids.ts";

/** A secp256k1 key, wherever it lives. */
export type KeySigner = {
  readonly address: Address;
  /**
   * Signature of keccak256(`preimage`): r, s (low), v (27 or 28), 65 bytes, made by {@link KeySigner.address}.
   *
   * @throws {RetryableError} `signer-unreachable`.
   * @throws {FatalError} `signer-answer` if what came back is not this key's signature.
   */
  readonly sign: (preimage: Hex) => Promise<Hex>;
};
