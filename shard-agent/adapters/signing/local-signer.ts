import { keccak256, serializeSignature } from "viem";
import { privateKeyToAddress, sign } from "viem/accounts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import type { Hex } from "#shared/units/ids.ts";

/** {@link KeySigner} with a key in this process's memory. */
export function localSigner(privateKey: Hex): KeySigner {
  return {
    address: privateKeyToAddress(privateKey),
    sign: async (preimage) =>
      serializeSignature(await sign({ hash: keccak256(preimage), privateKey })),
  };
}
