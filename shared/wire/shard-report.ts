import { z } from "zod";
import { gasTermsSchema } from "#shared/wire/gas-terms.ts";
import {
  inventoryLineSchema,
  optionLineSchema,
  optionMarketLineSchema,
} from "#shared/wire/option-lines.ts";
import { capsSchema } from "#shared/wire/report-caps.ts";
import { routeLineSchema } from "#shared/wire/route-line.ts";
import {
  addressSchema,
  endpointIdSchema,
  finiteSchema,
  hash32Schema,
  rawAmountSchema,
  shardIdSchema,
  signedRawAmountSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";
import { transferLineSchema } from "#shared/wire/transfer-line.ts";

/** Version of the report's schema; the first field of every payload. */
export const SHARD_REPORT_VERSION = 1;

const blockSchema = z.strictObject({
  number: z.number().int().min(0),
  hash: hash32Schema,
  timestampMs: unixMsSchema,
  /** Newest final block when the report was made; at most `number`. */
  finalizedNumber: z.number().int().min(0),
});

/** One raw SVI slice (shared/risk/volatility/svi-slice.ts), with the time its feed last set it. */
const volatilitySliceSchema = z.strictObject({
  expiryMs: unixMsSchema,
  a: finiteSchema,
  b: finiteSchema,
  rho: finiteSchema,
  m: finiteSchema,
  sigma: finiteSchema,
  updatedAtMs: unixMsSchema,
});

/** What the shard's chain says about one underlying. `source` names the feed, unique over all shards. */
const marketLineSchema = z.strictObject({
  underlying: z.string(),
  source: z.string(),
  spotUsd: finiteSchema.positive(),
  spotUpdatedAtMs: unixMsSchema,
  volatility: z.array(volatilitySliceSchema).max(64),
});

/** `underlying` is null for the settlement asset, else the ticker whose delta this line carries (a held hedge). */
const collateralLineSchema = z.strictObject({
  asset: z.string(),
  token: addressSchema,
  underlying: z.string().nullable(),
  amountRaw: rawAmountSchema,
  decimals: z.number().int().min(0).max(36),
  location: z.enum(["vault", "venue-margin", "lending", "in-transit"]),
  priceUsd: finiteSchema.positive(),
  priceUpdatedAtMs: unixMsSchema,
});

/** The agent's own Greeks, units as in shared/risk/pricing/greeks.ts. `expiryMs` is null for spot. */
const greeksLineSchema = z.strictObject({
  underlying: z.string(),
  expiryMs: unixMsSchema.nullable(),
  deltaUnits: finiteSchema,
  gammaUnitsPerUsd: finiteSchema,
  vegaUsdPerVolPoint: finiteSchema,
  thetaUsdPerDay: finiteSchema,
  rhoUsdPerRatePoint: finiteSchema,
  vannaUnitsPerVolPoint: finiteSchema,
  volgaUsdPerVolPointSquared: finiteSchema,
});

/** One point of a venue's depth: swapping `amountInRaw` now would give `amountOutRaw`; 0 when it cannot be filled. */
const depthPointSchema = z.strictObject({
  amountInRaw: rawAmountSchema,
  amountOutRaw: rawAmountSchema,
});

/**
 * A pool's price against its own mean over a window, which the venue's contract holds swaps to. Fractions are of
 * the underlying's price; `spotOverMeanFraction` is positive above the mean, null while the pool cannot say its mean.
 */
const meanPriceSchema = z.strictObject({
  windowSeconds: z.number().int().positive(),
  limitFraction: finiteSchema.positive(),
  spotOverMeanFraction: finiteSchema.min(-1).nullable(),
});

/** `buy` spends the settlement asset for the underlying; both curves ascend by `amountInRaw`. */
const capacityLineSchema = z.strictObject({
  venue: z.literal("uniswap-v3"),
  adapter: addressSchema,
  pool: addressSchema,
  underlying: z.string(),
  token: addressSchema,
  feeFraction: finiteSchema.min(0).max(1),
  gasUnits: z.number().int().min(0),
  /** False while the venue's contract would refuse a trade. */
  acceptsTrades: z.boolean().default(true),
  /** Null where the venue has no such guard. */
  meanPrice: meanPriceSchema.nullable().default(null),
  buy: z.array(depthPointSchema).max(32),
  sell: z.array(depthPointSchema).max(32),
});

/**
 * One asset at a lending venue. What is supplied is also a collateral line of location `lending`. Rates are
 * simple, per year of 365 days. The venue itself never looks at the age of its oracle.
 */
const lendingLineSchema = z.strictObject({
  venue: z.literal("aave-v3"),
  /** The vault's account: what a mandate names as its venue. */
  adapter: addressSchema,
  asset: z.string(),
  token: addressSchema,
  decimals: z.number().int().min(0).max(36),
  suppliedRaw: rawAmountSchema,
  /** Of the whole account: 1 is where liquidation begins; null without debt. */
  healthFactor: finiteSchema.min(0).nullable(),
  supplyRatePerYear: finiteSchema.min(0),
  /** What the venue could pay out now. */
  availableRaw: rawAmountSchema,
  /** What it still takes; null when it has no cap. */
  supplyRoomRaw: rawAmountSchema.nullable(),
  acceptsSupply: z.boolean(),
  allowsWithdrawal: z.boolean(),
  gasUnits: z.number().int().min(0),
  oracleUpdatedAtMs: unixMsSchema,
});

/** One point of a perpetual's depth: trading `sizeE18` now would cost, or bring, `quoteE18`; 0 when it cannot be filled. */
const perpDepthPointSchema = z.strictObject({
  sizeE18: rawAmountSchema,
  /** USD with 18 decimals, fee included: paid for a buy, received for a sale. */
  quoteE18: rawAmountSchema,
});

/**
 * One perpetual market at a venue, with the vault's account there. A "USD" of the venue is one unit of its
 * margin asset. Account value, free margin and margin ratio are the whole account's: an account with several
 * markets says them on each line. What of the margin is free is also a collateral line of location
 * `venue-margin`.
 */
const perpLineSchema = z.strictObject({
  venue: z.literal("curie"),
  /** The vault's account: what a mandate names as its venue. */
  adapter: addressSchema,
  /** Market as the venue names it: what a mandate names as its market. */
  market: addressSchema,
  underlying: z.string(),
  marginToken: addressSchema,
  marginDecimals: z.number().int().min(0).max(18),
  /** Position in units of the underlying, 18 decimals, positive long: the delta it carries. */
  sizeE18: signedRawAmountSchema,
  /** Signed cost of the position: what a long paid (positive), a short received (negative). */
  openNotionalUsd: finiteSchema,
  markUsd: finiteSchema.positive(),
  indexUsd: finiteSchema.positive(),
  /** Margin, unrealised profit and pending funding together, as the venue counts them; may be negative. */
  accountValueUsd: finiteSchema,
  /** What could be taken out now, in the margin asset's decimals. */
  freeMarginRaw: rawAmountSchema,
  /** Account value over the absolute value of all positions; null without a position. */
  marginRatio: finiteSchema.nullable(),
  /** A trade that leaves less than this much of its value in margin reverts. */
  initialMarginFraction: finiteSchema.min(0),
  /** Below this margin ratio anybody may liquidate. */
  maintenanceMarginFraction: finiteSchema.min(0),
  /** Least margin ratio that the vault's desk lets a mandate ask for where it makes the account weaker. */
  marginRatioFloor: finiteSchema.min(0).default(0),
  /** What a long pays a short per day at the moment, as a fraction of size times index; negative: shorts pay. */
  fundingFractionPerDay: finiteSchema,
  /** Of this market, positive: this account will pay; part of the account value already. */
  pendingFundingUsd: finiteSchema,
  feeFraction: finiteSchema.min(0).max(1),
  gasUnits: z.number().int().min(0),
  marginGasUnits: z.number().int().min(0),
  /** False when the market is paused or closed, or the venue stands still. */
  acceptsTrades: z.boolean(),
  /** The venue's own judgement of its index. */
  isIndexTimedOut: z.boolean(),
  indexUpdatedAtMs: unixMsSchema,
  /** Both curves ascend by `sizeE18`. */
  buy: z.array(perpDepthPointSchema).max(32),
  sell: z.array(perpDepthPointSchema).max(32),
});

/** A mandate the vault consumed in a canonical block. Amounts are zero where the action has none. */
const consumedJobSchema = z.strictObject({
  jobId: hash32Schema,
  action: z.number().int(),
  blockNumber: z.number().int().min(0),
  blockHash: hash32Schema,
  blockTimestampMs: unixMsSchema,
  transactionHash: hash32Schema,
  amountInRaw: rawAmountSchema,
  amountOutRaw: rawAmountSchema,
  guid: hash32Schema.nullable(),
});

/** A cross-chain transfer credited to this vault (OFTReceived). */
const deliveredTransferSchema = z.strictObject({
  guid: hash32Schema,
  srcEid: endpointIdSchema,
  amountRaw: rawAmountSchema,
  blockNumber: z.number().int().min(0),
  blockHash: hash32Schema,
});

const chainStateSchema = z.strictObject({
  epoch: z.number().int().min(0),
  leader: addressSchema,
  paused: z.boolean(),
  capitalRaw: signedRawAmountSchema,
  liabilitiesRaw: rawAmountSchema,
  baseFeeWei: rawAmountSchema,
});

const senderSchema = z.strictObject({ address: addressSchema, balanceWei: rawAmountSchema });

/** Codes of `health.reasons`: why the agent starts no jobs. */
export const HEALTH_REASONS = [
  "gas-below-floor",
  "feed-stale",
  "vault-paused",
  "journal-unwritable",
  "rpc-disagreement",
] as const;

const healthSchema = z.strictObject({
  acceptsJobs: z.boolean(),
  reasons: z.array(z.enum(HEALTH_REASONS)),
});

/** What one agent says of its shard at one block. Travels as msgpack, see shared/wire/report-codec.ts. */
export const shardReportSchema = z.strictObject({
  version: z.literal(SHARD_REPORT_VERSION),
  shard: shardIdSchema,
  agent: shardIdSchema,
  chainId: z.number().int().positive(),
  /** max(last + 1, Unix milliseconds): grows for ever, also over restarts. */
  seq: z.number().int().positive(),
  block: blockSchema,
  market: z.array(marketLineSchema).max(64),
  collateral: z.array(collateralLineSchema).max(64),
  book: z.array(optionLineSchema).max(1024),
  greeks: z.array(greeksLineSchema).max(2048),
  /** P&L in USD on the standard grid of shared/risk/scenarios/standard-grid.ts, same order. */
  scenarioPnlUsd: z.array(finiteSchema).max(1024),
  capacity: z.array(capacityLineSchema).max(64),
  lending: z.array(lendingLineSchema).max(64).default([]),
  perps: z.array(perpLineSchema).max(64).default([]),
  optionMarkets: z.array(optionMarketLineSchema).max(16).default([]),
  inventories: z.array(inventoryLineSchema).max(16).default([]),
  consumedJobs: z.array(consumedJobSchema).max(4096),
  deliveredTransfers: z.array(deliveredTransferSchema).max(4096),
  /** Messages this vault has sent, and how far those it expects have come. */
  transfers: z.array(transferLineSchema).max(512).default([]),
  /** Ways to the sister vaults, and what they cost. */
  routes: z.array(routeLineSchema).max(64).default([]),
  /** Null where the vault has no desk to ask. */
  caps: capsSchema.nullable().default(null),
  /** Null from an agent of before these were told. */
  gasTerms: gasTermsSchema.nullable().default(null),
  chain: chainStateSchema,
  senders: z.array(senderSchema).max(16),
  health: healthSchema,
});

export type ShardReport = z.infer<typeof shardReportSchema>;
export type MarketLine = ShardReport["market"][number];
export type CollateralLine = ShardReport["collateral"][number];
export type OptionLine = ShardReport["book"][number];
export type GreeksLine = ShardReport["greeks"][number];
export type CapacityLine = ShardReport["capacity"][number];
export type LendingLine = ShardReport["lending"][number];
export type PerpLine = ShardReport["perps"][number];
export type OptionMarketLine = ShardReport["optionMarkets"][number];
export type OptionSeries = OptionMarketLine["series"][number];
export type InventoryLine = ShardReport["inventories"][number];
export type ConsumedJob = ShardReport["consumedJobs"][number];
export type DeliveredTransfer = ShardReport["deliveredTransfers"][number];
