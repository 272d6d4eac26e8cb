import { type Address, isHex, keccak256 } from "viem";
import { checkedSignature } from "#shard-agent/adapters/signing/digest-signature.ts";
import { postJson } from "#shard-agent/adapters/signing/post-json.ts";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import { FatalError } from "#shared/errors.ts";

/**
 * {@link KeySigner} behind Web3Signer's `POST /api/v1/eth1/sign/{identifier}`, which signs the keccak
 * hash of the data it is sent. `identifier` is what the service calls the key, often its public key.
 */
export function web3signer(o: {
  readonly url: string;
  readonly identifier: string;
  readonly address: Address;
}): KeySigner {
  const url = new URL(`/api/v1/eth1/sign/${encodeURIComponent(o.identifier)}`, o.url).href;
  return {
    address: o.address,
    sign: async (preimage) => {
      const answer = await postJson(url, { body: JSON.stringify({ data: preimage }) });
      if (!isHex(answer))
        throw new FatalError("signer-answer", "Signer: gave no signature; nothing is sent");
      return checkedSignature(answer, keccak256(preimage), o.address);
    },
  };
}
