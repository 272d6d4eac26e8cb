import { z } from "zod";
import { endpointIdSchema, rawAmountSchema } from "#shared/wire/scalars.ts";

/**
 * The way from this shard's vault to one sister vault, at the report's block: what LayerZero asks for a transfer of
 * collateral with `lzReceiveGas` bought for its delivery, and the gas of the transaction that sends it.
 */
export const routeLineSchema = z.strictObject({
  dstEid: endpointIdSchema,
  lzReceiveGas: z.number().int().positive(),
  /** Null when there is no quote; `reason` then says why. */
  feeNativeWei: rawAmountSchema.nullable(),
  gasUnits: z.number().int().min(0),
  /** False while the token's contracts refuse the message: the vault would, too. */
  acceptsTransfers: z.boolean(),
  /** Null with a quote. */
  reason: z.string().max(200).nullable(),
});

/** One route of a report. */
export type RouteLine = z.infer<typeof routeLineSchema>;
