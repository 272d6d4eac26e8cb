import { z } from "zod";
import {
  addressSchema,
  hash32Schema,
  hexSchema,
  rawAmountSchema,
  shardIdSchema,
  signedRawAmountSchema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/** Version of the job's schema. */
export const REBALANCE_JOB_VERSION = 1;

/** `action` of a mandate on chain (contracts/src/types/Mandate.sol). */
export const ACTION_SWAP = 1;
export const ACTION_TRANSFER = 2;
export const ACTION_LEND_MOVE = 3;

/** EIP-712 mandate; every field's enforcement is tabled in docs/protocol.md. */
export const mandateSchema = z.strictObject({
  jobId: hash32Schema,
  epoch: z.number().int().min(0),
  leader: addressSchema,
  /** Shard id as ASCII, left-aligned in 32 bytes. */
  shard: hash32Schema,
  action: z.union([
    z.literal(ACTION_SWAP),
    z.literal(ACTION_TRANSFER),
    z.literal(ACTION_LEND_MOVE),
  ]),
  reportSetHash: hash32Schema,
  notBeforeSeconds: z.number().int().min(0),
  deadlineSeconds: z.number().int().min(0),
  maxFeeNativeWei: rawAmountSchema,
  paramsHash: hash32Schema,
});

export const swapParamsSchema = z.strictObject({
  kind: z.literal("swap"),
  venue: addressSchema,
  pool: addressSchema,
  assetIn: addressSchema,
  assetOut: addressSchema,
  amountInRaw: rawAmountSchema,
  minAmountOutRaw: rawAmountSchema,
  minCapitalAfterRaw: signedRawAmountSchema,
});

export const transferParamsSchema = z.strictObject({
  kind: z.literal("transfer"),
  dstEid: z.number().int().positive(),
  /** Sister vault's address, left-padded to 32 bytes. */
  dstVault: hash32Schema,
  amountRaw: rawAmountSchema,
  minAmountRaw: rawAmountSchema,
  lzReceiveGas: z.number().int().positive(),
  minCapitalAfterRaw: signedRawAmountSchema,
});

/** Supply to, or withdrawal from, the vault's account at a lending venue. */
const lendMoveParamsSchema = z.strictObject({
  kind: z.literal("lend-move"),
  /** The vault's account: the adapter contract, registered with the venue desk. */
  venue: addressSchema,
  asset: addressSchema,
  /** Positive into the venue, negative out of it. */
  amountRaw: signedRawAmountSchema,
  /** Least gain of the receiving side. */
  minReceiptRaw: rawAmountSchema,
  /** Least health factor afterwards, 18 decimals. */
  minHealthFactorE18: rawAmountSchema,
  minCapitalAfterRaw: signedRawAmountSchema,
});

export const jobParamsSchema = z.discriminatedUnion("kind", [
  swapParamsSchema,
  transferParamsSchema,
  lendMoveParamsSchema,
]);

/** What the coordinator puts in a shard's queue. The BullMQ job id is {@link queueJobId}. */
export const rebalanceJobSchema = z.strictObject({
  version: z.literal(REBALANCE_JOB_VERSION),
  shard: shardIdSchema,
  planId: hash32Schema,
  /** Index of the step within its plan; with plan id, shard and params hash it makes the job id. */
  step: z.number().int().min(0),
  mandate: mandateSchema,
  params: jobParamsSchema,
  /** Signer quorum over the mandate, ascending by signer address. */
  signatures: z.array(hexSchema).min(1).max(16),
  issuedAtMs: unixMsSchema,
});

export type Mandate = z.infer<typeof mandateSchema>;
export type SwapParams = z.infer<typeof swapParamsSchema>;
export type TransferParams = z.infer<typeof transferParamsSchema>;
export type LendMoveParams = z.infer<typeof lendMoveParamsSchema>;
export type JobParams = z.infer<typeof jobParamsSchema>;
export type RebalanceJob = z.infer<typeof rebalanceJobSchema>;

/** BullMQ id of a job: neither an integer nor with a colon, both of which BullMQ refuses. */
export function queueJobId(jobId: string): string {
  return `j-${jobId.slice(2)}`;
}

/** BullMQ queue of one shard. */
export function rebalanceQueueName(shard: string): string {
  return `rebalance-${shard}`;
}
