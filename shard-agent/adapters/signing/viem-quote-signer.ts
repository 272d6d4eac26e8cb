import { randomBytes } from "node:crypto";
import { concat, domainSeparator, hashStruct } from "viem";
import type { KeySigner } from "#shard-agent/ports/key-signer.ts";
import type { QuoteSigner } from "#shard-agent/ports/quote-signer.ts";
import { bookDomain, OPTION_QUOTE_TYPES } from "#shared/evm/option-quote-typed-data.ts";
import type { Address } from "#shared/units/ids.ts";

/** {@link QuoteSigner} with any key. Nonces are random 128-bit numbers: unordered, and never met twice. */
export function viemQuoteSigner(o: {
  readonly key: KeySigner;
  readonly chainId: number;
  readonly optionBook: Address;
}): QuoteSigner {
  const domain = bookDomain(o.chainId, o.optionBook);
  const separator = domainSeparator({ domain });
  return {
    nonce: () => BigInt(`0x${randomBytes(16).toString("hex")}`),
    sign: (quote) => {
      const content = hashStruct({
        data: quote,
        primaryType: "OptionQuote",
        types: OPTION_QUOTE_TYPES,
      });
      // EIP-712: the signature is over the hash of these bytes.
      return o.key.sign(concat(["0x1901", separator, content]));
    },
  };
}
