import type { OptionQuote } from "#shard-agent/records/option-request.ts";
import type { Hex } from "#shared/units/ids.ts";

/** The shard's quoter key. */
export type QuoteSigner = {
  /** A number never given before. */
  readonly nonce: () => bigint;
  /** EIP-712 signature for the shard's option book. */
  readonly sign: (quote: OptionQuote) => Promise<Hex>;
};
