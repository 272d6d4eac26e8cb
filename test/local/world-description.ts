import { z } from "zod";
import { policySchema } from "#shared/policy/policy-schema.ts";
import { addressSchema, hash32Schema, shardIdSchema, unixMsSchema } from "#shared/wire/scalars.ts";

const url = z.string().url();

/** Every contract of one chain that a program may want to talk to. */
const contractsSchema = z.strictObject({
  /** Ours. */
  vault: addressSchema,
  optionBook: addressSchema,
  venueDesk: addressSchema,
  lens: addressSchema,
  uniswapAdapter: addressSchema,
  volatilityFeed: addressSchema,
  /** Uniswap v3. */
  weth: addressSchema,
  uniswapFactory: addressSchema,
  swapRouter: addressSchema,
  quoterV2: addressSchema,
  positionManager: addressSchema,
  /** LayerZero V2. */
  endpoint: addressSchema,
  sendUln: addressSchema,
  receiveUln: addressSchema,
  treasury: addressSchema,
  priceFeed: addressSchema,
  executor: addressSchema,
  /** Both required by the collateral token's configuration; each has its own signer set. */
  dvns: z.tuple([addressSchema, addressSchema]),
  endpointView: addressSchema,
  receiveUlnView: addressSchema,
});

/** Venues at which the chain's vault may keep positions; null where the venue is not. */
const positionVenuesSchema = z.strictObject({
  aaveV3: z
    .strictObject({
      /** The vault's account: what a mandate names as its venue. */
      adapter: addressSchema,
      pool: addressSchema,
      oracle: addressSchema,
      dataProvider: addressSchema,
    })
    .nullable(),
  curie: z
    .strictObject({
      /** The vault's account: what a mandate names as its venue. */
      adapter: addressSchema,
      clearingHouse: addressSchema,
      accountBalance: addressSchema,
      exchange: addressSchema,
      marginVault: addressSchema,
      insuranceFund: addressSchema,
      /** An account with free margin and no position, in whose name depth is asked. */
      quoteFrom: addressSchema,
      markets: z.array(
        z.strictObject({
          /** Ticker. */
          underlying: z.string(),
          /** Curie's base token: what a mandate names as its market. */
          market: addressSchema,
          /** Uniswap v3 pool of Curie's virtual tokens. */
          pool: addressSchema,
          /** Trading fee in hundredths of a basis point. */
          fee: z.number().int().positive(),
          /** Curie's index; takes a new price of the underlying's feed with `update()`. */
          priceFeed: addressSchema,
        }),
      ),
    })
    .nullable(),
  lyraV1: z
    .strictObject({
      /** The vault's account: what a mandate names as its venue. */
      adapter: addressSchema,
      underlying: z.string(),
      /** In whose name depth is asked. */
      quoteFrom: addressSchema,
      market: addressSchema,
      viewer: addressSchema,
      blackScholes: addressSchema,
      greekCache: addressSchema,
      optionToken: addressSchema,
      liquidityPool: addressSchema,
      poolHedger: addressSchema,
      rates: addressSchema,
      /** What Lyra is paid in, its price feed, and the pool against the settlement asset. */
      quoteToken: addressSchema,
      quoteFeed: addressSchema,
      swapPool: addressSchema,
    })
    .nullable(),
});

const settlementSchema = z.strictObject({
  ticker: z.string(),
  /** The OFT that is also the vaults' asset. */
  token: addressSchema,
  decimals: z.number().int().min(0).max(36),
  feed: addressSchema,
});

const underlyingSchema = z.strictObject({
  ticker: z.string(),
  token: addressSchema,
  decimals: z.number().int().min(0).max(36),
  /** Price feed, 8 decimals. */
  feed: addressSchema,
  /** Uniswap v3 pool against the settlement asset; `fee` in hundredths of a basis point. */
  pool: z.strictObject({ address: addressSchema, fee: z.number().int().positive() }),
});

const chainSchema = z.strictObject({
  /** Key in shared/evm/chain-registry.ts. */
  key: z.string(),
  shard: shardIdSchema,
  chainId: z.number().int().positive(),
  endpointId: z.number().int().positive(),
  rpcUrl: url,
  /** RPC this chain was forked from, without credentials (scheme and host only); null when it started empty. */
  forkedFrom: z.string().nullable(),
  /** First block of this world on the chain: no event of the world is older. */
  deployBlock: z.number().int().min(0),
  blockTimeMs: z.number().int().positive(),
  staleAfterMs: z.number().int().positive(),
  contracts: contractsSchema,
  positionVenues: positionVenuesSchema,
  settlement: settlementSchema,
  underlyings: z.array(underlyingSchema).min(1),
  /** Base URL of the shard's quote server. */
  quotesUrl: url,
  agent: z.strictObject({
    id: shardIdSchema,
    sender: addressSchema,
    quoter: addressSchema,
    reporterPublicKey: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});

/** When the market does what, Unix milliseconds; null when there is no market. */
const marketSchema = z
  .strictObject({
    startsAtMs: unixMsSchema,
    crashAtMs: unixMsSchema,
    /** Expiry of the series that settles during the run. */
    expiryAtMs: unixMsSchema,
    /** Prices and takers stand still from here on; feeds are still refreshed. Null: until Ctrl-C. */
    stopsAtMs: unixMsSchema.nullable(),
    /** Expiries that takers trade, ascending, the one that settles included. */
    expiriesMs: z.array(unixMsSchema).min(1),
    /** Prices in USD at the start, by ticker. */
    startPricesUsd: z.record(z.string(), z.number().positive()),
    source: z.enum(["generator", "history", "none"]),
  })
  .nullable();

/** Content of `.local/world.json`: all another program needs to join a running world. */
export const worldDescriptionSchema = z.strictObject({
  version: z.literal(1),
  seed: z.number().int().min(0),
  startedAtMs: unixMsSchema,
  minutes: z.number().positive().nullable(),
  redisUrl: url,
  adminApi: z.strictObject({ url, key: z.string().min(1) }),
  /** Folder of this run: configurations, keys, journals, logs. */
  dataDir: z.string().min(1),
  coordinator: z.strictObject({
    journal: z.string().min(1),
    policyFile: z.string().min(1),
    plannerAddress: addressSchema,
    shadow: z.boolean(),
  }),
  policy: policySchema,
  chains: z.array(chainSchema).min(2).max(8),
  /** Throw-away private keys of this world by name, such as `taker-1`, `planner`, `market`, `agent-ethereum`. */
  keys: z.record(z.string(), hash32Schema),
  market: marketSchema,
});

export type WorldDescription = z.infer<typeof worldDescriptionSchema>;
export type WorldChain = WorldDescription["chains"][number];
export type WorldContracts = WorldChain["contracts"];
export type WorldPositionVenues = WorldChain["positionVenues"];
export type WorldUnderlying = WorldChain["underlyings"][number];
export type WorldMarket = NonNullable<WorldDescription["market"]>;
