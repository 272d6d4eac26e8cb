import { z } from "zod";
import { addressSchema, shardIdSchema } from "#shared/wire/scalars.ts";

const url = z.string().url();
const publicKeyHex = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");
/** `${env:NAME}` or `file:path`; resolved by shared/node/read-secret.ts, never logged. */
const secretRef = z
  .string()
  .regex(/^(\$\{env:[A-Z0-9_]+\}|file:.+)$/, "must be ${env:NAME} or file:path");

const underlyingSchema = z.strictObject({
  ticker: z.string(),
  token: addressSchema,
  decimals: z.number().int().min(0).max(36),
});

const shardSchema = z.strictObject({
  id: shardIdSchema,
  /** Key in shared/evm/chain-registry.ts, such as `ethereum`. */
  chain: z.string(),
  chainId: z.number().int().positive(),
  endpointId: z.number().int().positive(),
  rpcUrls: z.array(url).min(1),
  blockTimeMs: z.number().int().positive(),
  vault: addressSchema,
  optionBook: addressSchema,
  settlement: z.strictObject({
    ticker: z.string(),
    token: addressSchema,
    decimals: z.number().int().min(0).max(36),
  }),
  underlyings: z.array(underlyingSchema).min(1),
  /** What checks reports against the chain needs besides, each left out when null: what it would tell is not checked then. */
  audit: z
    .strictObject({
      /** The feed of implied volatility that the shard's agents read. */
      volatilityFeed: addressSchema.nullable().default(null),
      /** Uniswap's QuoterV2, for the depth of pools. */
      quoterV2: addressSchema.nullable().default(null),
      /** Lyra's OptionMarketViewer, for the options that the vault holds there. */
      lyraViewer: addressSchema.nullable().default(null),
    })
    .prefault({}),
  /** Agents whose reports are accepted, with their Ed25519 public keys. */
  agents: z.array(z.strictObject({ id: shardIdSchema, reporterPublicKey: publicKeyHex })).min(1),
});

/** Configuration file of the coordinator (YAML). */
export const coordinatorConfigSchema = z.strictObject({
  instance: shardIdSchema,
  redisUrl: url,
  dataDir: z.string().min(1),
  policyFile: z.string().min(1),
  api: z.strictObject({
    host: z.string(),
    port: z.number().int().min(0).max(65535),
    key: secretRef,
  }),
  /** Signs mandates and epoch bumps; its address becomes the vaults' leader. Holds no funds. */
  plannerKey: secretRef,
  /** Pays the gas of epoch bumps. */
  feePayerKey: secretRef,
  /** Time between planning passes. */
  passIntervalMs: z.number().int().min(100),
  /** How many blocks back a take-over looks for transfers under way; 50,000 when left out. */
  takeOverLookbackBlocks: z.number().int().min(64).max(10_000_000).optional(),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  shards: z.array(shardSchema).min(1).max(64),
});

export type CoordinatorConfig = z.infer<typeof coordinatorConfigSchema>;
export type ShardConfig = CoordinatorConfig["shards"][number];
