import { randomBytes } from "node:crypto";
import type { PrivateKeyAccount } from "viem/accounts";
import type { QuoteSigner } from "#shard-agent/ports/quote-signer.ts";
import { bookDomain, OPTION_QUOTE_TYPES } from "#shared/evm/option-quote-typed-data.ts";
import type { Address } from "#shared/units/ids.ts";

/** {@link QuoteSigner} with a local key. Nonces are random 128-bit numbers: unordered, and never met twice. */
export function viemQuoteSigner(o: {
  readonly account: PrivateKeyAccount;
  readonly chainId: number;
  readonly optionBook: Address;
}): QuoteSigner {
  const domain = bookDomain(o.chainId, o.optionBook);
  return {
    nonce: () => BigInt(`0x${randomBytes(16).toString("hex")}`),
    sign: (quote) =>
      o.account.signTypedData({
        domain,
        types: OPTION_QUOTE_TYPES,
        primaryType: "OptionQuote",
        message: quote,
      }),
  };
}
