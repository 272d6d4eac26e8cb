import { z } from "zod";
import {
  addressSchema,
  finiteSchema,
  hash32Schema,
  rawAmountSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/**
 * One option series; `quantity` is the vault's: positive long, negative short. `markUsd` is per option; once
 * expired, what it pays at the settlement price, or at spot until that is known. `venue` is where it was bought or sold: the
 * shard's own option book, or the vault's account at an option market.
 */
export const optionLineSchema = z.strictObject({
  kind: z.literal("option"),
  venue: z.enum(["option-book", "lyra-v1"]).default("option-book"),
  seriesId: hash32Schema,
  underlying: z.string(),
  type: z.enum(["call", "put"]),
  strikeUsd: finiteSchema.positive(),
  expiryMs: unixMsSchema,
  quantity: finiteSchema,
  markUsd: finiteSchema,
});

/**
 * One point of a series' depth: `costE18` USD is paid (buy) or received (sell) for all of `quantityE18`, fees included;
 * 0 when it cannot be filled.
 */
const optionDepthSchema = z.strictObject({
  quantityE18: rawAmountSchema,
  costE18: rawAmountSchema,
});

/** One series of an option market. Greeks are those of one long option as the venue keeps them, in our units. */
const optionSeriesSchema = z.strictObject({
  /** The venue's own number of the strike: what a mandate names. */
  strikeId: rawAmountSchema,
  /** As in the book line of a position in it. */
  seriesId: hash32Schema,
  type: z.enum(["call", "put"]),
  expiryMs: unixMsSchema,
  strikeUsd: finiteSchema.positive(),
  /** What the vault's account is long. */
  heldE18: rawAmountSchema,
  volatility: finiteSchema.min(0),
  premiumUsd: finiteSchema.min(0),
  /**
   * What a mandate may at worst agree to for one option now, by the vault's own desk; null when it was not told. A series
   * that the desk refuses altogether has no depth.
   */
  mostToOpenUsd: finiteSchema.min(0).nullable().default(null),
  leastToCloseUsd: finiteSchema.min(0).nullable().default(null),
  deltaUnits: finiteSchema,
  vegaUsdPerVolPoint: finiteSchema,
  buy: z.array(optionDepthSchema).max(16),
  /** Empty where nothing is held: the account only opens and closes longs. */
  sell: z.array(optionDepthSchema).max(16),
});

/**
 * An option market with an account of the vault. The cash there is also a collateral line of location `venue-margin`,
 * its longs are book lines of the venue. The venue trades on stale figures, so a stale market is one to keep off.
 */
export const optionMarketLineSchema = z.strictObject({
  venue: z.literal("lyra-v1"),
  /** The vault's account: what a mandate names as its venue. */
  adapter: addressSchema,
  market: addressSchema,
  underlying: z.string(),
  /** What the venue is paid in; the account changes the settlement asset into it and back within a trade. */
  quoteToken: addressSchema,
  /** The venue's own price. */
  spotUsd: finiteSchema.min(0),
  isStale: z.boolean(),
  acceptsTrades: z.boolean(),
  gasUnits: z.number().int().min(0),
  /** Settlement asset in the account, its own decimals: the most that trades can spend. */
  cashRaw: rawAmountSchema,
  series: z.array(optionSeriesSchema).max(256),
});

/**
 * Options of somebody else that an agent reads: another protocol's pool. Never the vault's own; `quantity` is the
 * owner's, negative where the pool is short.
 */
export const inventoryLineSchema = z.strictObject({
  /** Names the owner, unique over all shards: venue, chain id and contract. */
  source: z.string().min(1).max(128),
  underlying: z.string(),
  isStale: z.boolean(),
  /** What the owner is worth by its own books, and what of it is not bound by its positions. */
  netAssetValueUsd: finiteSchema,
  freeUsd: finiteSchema.min(0),
  /** Net delta of the owner's hedge, units of the underlying. */
  hedgeUnits: finiteSchema,
  lines: z.array(optionLineSchema).max(1024),
});
