import { z } from "zod";
import type { Address } from "#shared/units/ids.ts";
import { addressSchema, unixMsSchema } from "#shared/wire/scalars.ts";

/** What a taker asks a price for. */
export const optionRequestSchema = z.strictObject({
  /** The only account that can use the quote. */
  taker: addressSchema,
  /** Ticker, such as `ETH`. */
  underlying: z.string().min(1).max(16),
  type: z.enum(["call", "put"]),
  /** The taker's side. */
  side: z.enum(["buy", "sell"]),
  /** USD, rounded to 8 decimals. */
  strikeUsd: z.number().positive().max(10_000_000),
  /** A whole second. */
  expiryMs: unixMsSchema.refine(
    (ms) => ms % 1000 === 0,
    "must be a whole second (a multiple of 1000)",
  ),
  /** Options; one option is on one unit of the underlying. Rounded to 9 decimals. */
  quantity: z.number().min(1e-9).max(1_000_000),
});

export type OptionRequest = z.infer<typeof optionRequestSchema>;

/** The fields of contracts/src/types/OptionQuote.sol. */
export type OptionQuote = {
  readonly taker: Address;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly vaultSells: boolean;
  readonly expiry: bigint;
  readonly strike: bigint;
  readonly quantity: bigint;
  readonly premium: bigint;
  readonly spotMin: bigint;
  readonly spotMax: bigint;
  readonly nonce: bigint;
  readonly deadline: bigint;
};

/** How the shard prices; from the configuration. */
export type QuoteTerms = {
  readonly halfSpreadVolatility: number;
  readonly lifetimeMs: number;
  readonly quantityMax: number;
  /** How far spot may move, either way, before a quote is dead; a fraction of spot. */
  readonly spotMoveMaxFraction: number;
  /** Smallest premium of one quote in USD: a full book of dust series would keep others out. */
  readonly premiumMinUsd: number;
};

/** Why no price is given; stable codes. */
export type QuoteRefusalCode =
  | "not-ready"
  | "vault-paused"
  | "rpc-disagreement"
  | "report-stale"
  | "feed-stale"
  | "unsupported-underlying"
  | "unsupported-expiry"
  | "unsupported-strike"
  | "expires-too-soon"
  | "quantity-too-large"
  | "call-not-held"
  | "premium-too-small";
