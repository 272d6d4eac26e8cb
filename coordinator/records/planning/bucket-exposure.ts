import { z } from "zod";
import { finiteSchema } from "#shared/wire/scalars.ts";

/** A figure of one expiry bucket against its limit. */
const measureSchema = z.strictObject({
  /** Jobs in flight included as if done. */
  net: finiteSchema,
  /** Smallest and largest over all the ways jobs in flight may turn out: limits must hold at both ends. */
  interval: z.tuple([finiteSchema, finiteSchema]),
  /** How much lower (at most 0) and higher the books of silent shards may make it; left out where none is silent. */
  silent: z.tuple([finiteSchema, finiteSchema]).optional(),
  /** Largest absolute value allowed; null without a limit. */
  limit: finiteSchema.nullable(),
  /** Larger end of the interval over the limit, silent shards at their last book: above 1 is beyond; null without a limit. */
  usage: finiteSchema.nullable(),
});

/** Vega and gamma of one underlying over the series that expire within a stretch of days. */
export const bucketExposureSchema = z.strictObject({
  fromDays: finiteSchema,
  /** Null for the last bucket, which has no end. */
  toDays: finiteSchema.nullable(),
  /** USD per volatility point. */
  vegaUsdPerVolPoint: measureSchema,
  /** USD of delta that a move of spot by 1 % changes. */
  gammaUsdPerPercent: measureSchema,
});

export type BucketExposure = z.infer<typeof bucketExposureSchema>;
export type BucketMeasure = z.infer<typeof measureSchema>;
