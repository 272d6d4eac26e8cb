import { z } from "zod";
import { majorityOf } from "#shard-agent/records/endpoint-majority.ts";
import {
  addressSchema,
  hash32Schema,
  rawAmountSchema,
  shardIdSchema,
} from "#shared/wire/scalars.ts";

const url = z.string().url();
/** `${env:NAME}` or `file:path`; resolved by shared/node/read-secret.ts, never logged. */
const secretRef = z
  .string()
  .regex(/^(\$\{env:[A-Z0-9_]+\}|file:.+)$/, "must be ${env:NAME} or file:path");

const poolSchema = z.strictObject({
  address: addressSchema,
  /** Uniswap fee in hundredths of a basis point: 500 is 0.05 %. */
  fee: z.number().int().positive(),
  /** Sizes in USD at which depth is quoted on both sides. */
  depthUsd: z.array(z.number().positive()).min(1).max(16),
});

const curieSchema = z.strictObject({
  /** The vault's account. */
  adapter: addressSchema,
  clearingHouse: addressSchema,
  /** Depth is asked in the name of this account: any with free margin there. Nothing is sent from it. */
  quoteFrom: addressSchema,
  markets: z
    .array(
      z.strictObject({
        /** Curie's base token. */
        market: addressSchema,
        /** Ticker of the underlying it follows. */
        underlying: z.string(),
        /** Sizes in USD at which depth is asked on both sides. */
        depthUsd: z.array(z.number().positive()).min(1).max(16),
      }),
    )
    .min(1)
    .max(16),
});

/** The vault's accounts at venues where it keeps positions. */
const positionVenuesSchema = z.strictObject({
  /** Acts on the accounts under mandates; must be the vault's. */
  desk: addressSchema,
  aaveV3: z
    .strictObject({
      /** The vault's account. */
      adapter: addressSchema,
      /** Aave's pool and its price oracle. */
      pool: addressSchema,
      oracle: addressSchema,
    })
    .nullable()
    .default(null),
  curie: curieSchema.nullable().default(null),
  lyraV1: z
    .strictObject({
      /** The vault's account. */
      adapter: addressSchema,
      /** Lyra's OptionMarket, and the OptionMarketViewer that lists it. */
      market: addressSchema,
      viewer: addressSchema,
      /** Ticker of the underlying the market is about. */
      underlying: z.string(),
      /** Uniswap v3 pool of the settlement asset against what Lyra is paid in: the account's own. */
      swapPool: addressSchema,
      /** In whose name depth is asked: any account with enough of that token, approved to the market. */
      quoteFrom: addressSchema,
      /** Sizes in options at which both sides are quoted. */
      depthOptions: z.array(z.number().positive()).min(1).max(8).default([5, 25]),
    })
    .nullable()
    .default(null),
});

/** What is needed to see, at the target, how far a message has come, and to help it on. */
const layerZeroSchema = z.strictObject({
  /** The receiving verification library of the settlement token's path. */
  receiveUln: addressSchema,
  /** The executor that delivers to this chain; nobody else is believed when a delivery failed. */
  executor: addressSchema,
  /** How far back events of one message are searched for. */
  lookbackBlocks: z.number().int().min(64).max(100_000).default(5_000),
});

const underlyingSchema = z.strictObject({
  ticker: z.string(),
  token: addressSchema,
  decimals: z.number().int().min(0).max(36),
  /** Name of the price source, unique over all shards, such as `ethereum-eth-usd`. */
  source: z.string(),
  /** Price feed of the underlying: the one the option book settles from. */
  feed: addressSchema,
  pools: z.array(poolSchema),
});

/**
 * Where a secp256k1 key lives: a raw key behind a secret reference (development), an encrypted keystore
 * file of version 3 (development), AWS KMS or what has its interface, or a Web3Signer.
 */
const keySourceSchema = z.union([
  secretRef,
  z.strictObject({ keystore: z.string().min(1), password: secretRef }),
  z.strictObject({
    kms: z.strictObject({
      endpoint: url,
      region: z.string().min(1),
      keyId: z.string().min(1),
      accessKeyId: secretRef,
      secretAccessKey: secretRef,
    }),
  }),
  z.strictObject({
    web3signer: z.strictObject({ url, identifier: z.string().min(1), address: addressSchema }),
  }),
]);

/** What gas may cost; cross-checked against the underlyings below. */
const gasFeesSchema = z.strictObject({
  /** Largest share of a job's notional that the gas of one of its transactions may cost. */
  maxGasFeeFractionOfNotional: z.number().positive().max(1).default(0.01),
  /** Largest cost of any one transaction's gas. */
  maxGasFeeWei: rawAmountSchema.default("50000000000000000"),
  /** Most that one unit of gas may cost: above it nothing is sent, and nothing signed. */
  maxFeePerGasWei: rawAmountSchema.default("10000000000000"),
  /** Ticker of the underlying that is the chain's native coin; null when there is none: only the absolute cap holds. */
  nativeUnderlying: z.string().nullable().default("ETH"),
});

/** What the sender's key signs at most, whatever it is asked, beside what gas may cost. */
const signingSchema = z.strictObject({
  maxGasLimit: z.number().int().min(21_000).default(30_000_000),
  /** Most coins that one transaction may carry: LayerZero fees. */
  maxValueWei: rawAmountSchema.default("10000000000000000000"),
  /**
   * Most that all transactions of 24 hours may cost together, gas and coins; left out: 100 times `gasFees.maxGasFeeWei` and
   * `maxValueWei` together; null: no such limit.
   */
  maxWeiPerDay: rawAmountSchema.nullable().optional(),
});

/** How jobs are taken. */
const queueSchema = z.strictObject({
  /**
   * `share`: the queue gives each job to one agent. `compete`: also does at once what others were given.
   * `standby`: takes nothing from the queue and does what no block holds after `standbyMs`.
   */
  role: z.enum(["share", "compete", "standby"]).default("share"),
  /** A few blocks, and less than mandates live. */
  standbyMs: z.number().int().min(100).default(3_000),
  /** What lost races may cost within 24 hours; one that competes stands by from there on. */
  lostRacesMaxWeiPerDay: rawAmountSchema.default("500000000000000000"),
  /** After this long without renewal a job goes to another agent; an agent signs within half of it. */
  lockMs: z.number().int().min(2000).default(30_000),
  /** How often a canary goes through the queue; a worker that misses three is replaced. */
  canaryMs: z.number().int().min(100).default(30_000),
});

/** How the endpoints are used. */
const rpcSchema = z.strictObject({
  /** Endpoints that keep transactions out of the public mempool; tried before `rpcUrls`. */
  privateUrls: z.array(url).max(8).default([]),
  /** Whether a transaction may go to `rpcUrls` when no private endpoint took it. */
  publicFallback: z.boolean().default(false),
  /**
   * WebSocket endpoints that announce new heads; without one the head is asked for every 150 ms. Where one of
   * `rpcUrls` is enough for a read, and it is the only one and on the same host, its announcements are believed as its answers are.
   */
  wsUrls: z.array(url).max(8).default([]),
  /** Whether reads of an endpoint of `rpcUrls` go over the WebSocket of the same host, where one is named; else over HTTP. */
  wsReads: z.boolean().default(true),
  /** How many of `rpcUrls` must give the same answer to a money read: at least a majority, which it is when left out. */
  readQuorum: z.number().int().min(1).optional(),
  /** An endpoint further behind the quorum's head than this is named in log and health. */
  headLagMaxBlocks: z.number().int().min(1).default(5),
});

const agentFieldsSchema = z.strictObject({
  shard: shardIdSchema,
  agent: shardIdSchema,
  /** Key in shared/evm/chain-registry.ts, such as `ethereum`. */
  chain: z.string(),
  chainId: z.number().int().positive(),
  endpointId: z.number().int().positive(),
  rpcUrls: z.array(url).min(1),
  blockTimeMs: z.number().int().positive(),
  redisUrl: url,
  dataDir: z.string().min(1),
  journal: z
    .strictObject({
      /** Days for which the journal keeps what is over. */
      keepDays: z.number().int().min(1).max(3_650).default(90),
      /** Hash of the block that people have accepted in the place of a final one (`finality-broken`). */
      acceptReplacedBlock: hash32Schema.nullable().default(null),
    })
    .prefault({}),
  queue: queueSchema.prefault({}),
  /** Ed25519 seed (64 hex digits) that signs reports and receipts. */
  reporterKey: secretRef,
  /** Sends transactions; holds gas only. */
  senderKey: keySourceSchema,
  /** Signs option quotes; holds nothing. */
  quoterKey: keySourceSchema,
  /** Below this balance of the sender the agent starts no jobs. */
  gasFloorWei: rawAmountSchema,
  gasFees: gasFeesSchema.prefault({}),
  signing: signingSchema.prefault({}),
  rpc: rpcSchema.prefault({}),
  contracts: z.strictObject({
    vault: addressSchema,
    optionBook: addressSchema,
    lens: addressSchema,
    volatilityFeed: addressSchema,
    uniswapAdapter: addressSchema,
    quoterV2: addressSchema,
    endpoint: addressSchema,
  }),
  positionVenues: positionVenuesSchema.nullable().default(null),
  /** Null: messages are tracked by their delivery only, and none is helped on. */
  layerZero: layerZeroSchema.nullable().default(null),
  /** What routes to sister vaults are quoted with. */
  routes: z
    .strictObject({
      /** Gas bought for a delivery: the policy's `transfers.lzReceiveGas`, or its quotes are not used. */
      lzReceiveGas: z.number().int().min(30_000).max(2_000_000).default(200_000),
    })
    .prefault({}),
  settlement: z.strictObject({
    ticker: z.string(),
    token: addressSchema,
    decimals: z.number().int().min(0).max(36),
  }),
  underlyings: z.array(underlyingSchema).min(1).max(16),
  /** Accounts whose signature makes a mandate valid, and how many are needed; must match the vault. */
  mandateSigners: z.array(addressSchema).min(1),
  mandateQuorum: z.number().int().min(1),
  /** Oldest price or volatility the agent trades on. */
  feedMaxAgeMs: z.number().int().min(1000),
  /** Oldest own report (block timestamp) on which a job may start: at least max(5 s, 3 x block time). */
  staleAfterMs: z.number().int().min(5000),
  quotes: z.strictObject({
    host: z.string(),
    port: z.number().int().min(0).max(65535),
    /** Half-spread on volatility: the vault sells at sigma + this, buys at sigma - this. */
    halfSpreadVolatility: z.number().min(0),
    lifetimeMs: z.number().int().min(1000),
    /** Largest quantity of one quote, in options. */
    quantityMax: z.number().positive(),
    /** How far spot may move, either way, before a quote is dead; a fraction of spot. */
    spotMoveMaxFraction: z.number().gt(0).lt(1),
    /** Smallest premium of one quote in USD. */
    premiumMinUsd: z.number().min(0),
  }),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
});

/** Configuration file of one shard agent (YAML), with what holds between its fields. */
export const agentConfigSchema = agentFieldsSchema.superRefine((config, context) => {
  const { rpcUrls, rpc, gasFees, underlyings, positionVenues } = config;
  // Below a majority two groups of endpoints could both have a quorum, for two answers.
  const majority = majorityOf(rpcUrls.length);
  const { readQuorum = majority } = rpc;
  if (readQuorum < majority || readQuorum > rpcUrls.length) {
    const message = `must be from ${majority}, a majority of the rpcUrls, to their number, ${rpcUrls.length}`;
    context.addIssue({ code: "custom", path: ["rpc", "readQuorum"], message });
  }
  const tickers = underlyings.map((one) => one.ticker);
  if (gasFees.nativeUnderlying !== null && !tickers.includes(gasFees.nativeUnderlying)) {
    const message = `must be null or one of the underlyings: ${tickers.join(", ")}`;
    context.addIssue({ code: "custom", path: ["gasFees", "nativeUnderlying"], message });
  }
  const optionsOn = positionVenues?.lyraV1?.underlying ?? null;
  if (optionsOn !== null && !tickers.includes(optionsOn)) {
    const message = `must be one of the underlyings: ${tickers.join(", ")}`;
    const path = ["positionVenues", "lyraV1", "underlying"];
    context.addIssue({ code: "custom", path, message });
  }
});

export type AgentConfig = z.infer<typeof agentConfigSchema>;

/** The file before defaults are filled in. */
export type AgentConfigFile = z.input<typeof agentConfigSchema>;
