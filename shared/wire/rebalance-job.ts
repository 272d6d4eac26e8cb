import { z } from "zod";
import {
  addressSchema,
  endpointIdSchema,
  hash32Schema,
  hexSchema,
  int256Schema,
  shardIdSchema,
  uint256Schema,
  unixMsSchema,
} from "#shared/wire/scalars.ts";

/** Version of the job's schema. */
export const REBALANCE_JOB_VERSION = 1;

/** `action` of a mandate on chain (contracts/src/types/Mandate.sol). */
export const ACTION_SWAP = 1;
export const ACTION_TRANSFER = 2;
export const ACTION_LEND_MOVE = 3;
export const ACTION_MARGIN_MOVE = 4;
export const ACTION_PERP_CHANGE = 5;
export const ACTION_OPTION_TRADE = 6;
export const ACTION_SWAP_EXACT_OUTPUT = 7;

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
    z.literal(ACTION_MARGIN_MOVE),
    z.literal(ACTION_PERP_CHANGE),
    z.literal(ACTION_OPTION_TRADE),
    z.literal(ACTION_SWAP_EXACT_OUTPUT),
  ]),
  reportSetHash: hash32Schema,
  notBeforeSeconds: z.number().int().min(0),
  deadlineSeconds: z.number().int().min(0),
  maxFeeNativeWei: uint256Schema,
  paramsHash: hash32Schema,
});

export const swapParamsSchema = z.strictObject({
  kind: z.literal("swap"),
  venue: addressSchema,
  pool: addressSchema,
  assetIn: addressSchema,
  assetOut: addressSchema,
  amountInRaw: uint256Schema,
  minAmountOutRaw: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

/** A swap that brings exactly `amountOutRaw`; of `maxAmountInRaw`, what is not needed comes back. */
const swapExactOutputParamsSchema = z.strictObject({
  kind: z.literal("swap-exact-output"),
  venue: addressSchema,
  pool: addressSchema,
  assetIn: addressSchema,
  assetOut: addressSchema,
  amountOutRaw: uint256Schema,
  maxAmountInRaw: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

export const transferParamsSchema = z.strictObject({
  kind: z.literal("transfer"),
  dstEid: endpointIdSchema,
  /** Sister vault's address, left-padded to 32 bytes. */
  dstVault: hash32Schema,
  amountRaw: uint256Schema,
  minAmountRaw: uint256Schema,
  lzReceiveGas: z.number().int().positive(),
  minCapitalAfterRaw: int256Schema,
});

/** Supply to, or withdrawal from, the vault's account at a lending venue. */
const lendMoveParamsSchema = z.strictObject({
  kind: z.literal("lend-move"),
  /** The vault's account: the adapter contract, registered with the venue desk. */
  venue: addressSchema,
  asset: addressSchema,
  /** Positive into the venue, negative out of it. */
  amountRaw: int256Schema,
  /** Least gain of the receiving side. */
  minReceiptRaw: uint256Schema,
  /** Least health factor afterwards, 18 decimals. */
  minHealthFactorE18: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

/** Margin into, or out of, the vault's account at a venue that trades on margin. */
const marginMoveParamsSchema = z.strictObject({
  kind: z.literal("margin-move"),
  /** The vault's account: the adapter contract, registered with the venue desk. */
  venue: addressSchema,
  /** The venue's margin asset. */
  asset: addressSchema,
  /** Positive into the venue, negative out of it. */
  amountRaw: int256Schema,
  /** Least gain of the receiving side: free margin at the venue, or the vault's balance. */
  minReceiptRaw: uint256Schema,
  /** Least account value over position value afterwards, 18 decimals. */
  minMarginRatioE18: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

/** A trade that changes a perpetual position of the vault's account. */
const perpChangeParamsSchema = z.strictObject({
  kind: z.literal("perp-change"),
  /** The vault's account: the adapter contract, registered with the venue desk. */
  venue: addressSchema,
  /** Market as the venue names it (Curie: the base token). */
  market: addressSchema,
  /** Change of the position, positive long, units of the underlying with 18 decimals. */
  sizeE18: int256Schema,
  /** Most (long) or least (short) USD for one unit, 8 decimals, fees included. */
  worstPriceE8: uint256Schema,
  /** Least account value over position value afterwards, 18 decimals. */
  minMarginRatioE18: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

/** A trade that opens or closes longs in the vault's account at an option market. */
const optionTradeParamsSchema = z.strictObject({
  kind: z.literal("option-trade"),
  /** The vault's account: the adapter contract, registered with the venue desk. */
  venue: addressSchema,
  market: addressSchema,
  /** The venue's own number of the strike. */
  strikeId: uint256Schema,
  optionType: z.enum(["call", "put"]),
  /** Positive opens longs, negative closes them; options with 18 decimals. */
  quantityE18: int256Schema,
  /** Most paid (opening) or least received (closing) for one option, USD with 8 decimals, everything included. */
  worstPremiumE8: uint256Schema,
  minCapitalAfterRaw: int256Schema,
});

export const jobParamsSchema = z.discriminatedUnion("kind", [
  swapParamsSchema,
  transferParamsSchema,
  lendMoveParamsSchema,
  marginMoveParamsSchema,
  perpChangeParamsSchema,
  optionTradeParamsSchema,
  swapExactOutputParamsSchema,
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
export type SwapExactOutputParams = z.infer<typeof swapExactOutputParamsSchema>;
export type TransferParams = z.infer<typeof transferParamsSchema>;
export type LendMoveParams = z.infer<typeof lendMoveParamsSchema>;
export type MarginMoveParams = z.infer<typeof marginMoveParamsSchema>;
export type PerpChangeParams = z.infer<typeof perpChangeParamsSchema>;
export type OptionTradeParams = z.infer<typeof optionTradeParamsSchema>;
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
