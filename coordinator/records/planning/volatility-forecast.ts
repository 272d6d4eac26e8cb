import { z } from "zod";
import type { VarianceTrace } from "#shared/risk/statistics/realised-variance.ts";
import { finiteSchema } from "#shared/wire/scalars.ts";

/** What is kept of one underlying's spot from pass to pass. */
export type SpotHistory = {
  readonly spotUsd: number;
  readonly atMs: number;
  readonly sinceMs: number;
  readonly short: VarianceTrace;
  readonly long: VarianceTrace;
  readonly regime: "calm" | "stressed";
};

/** What is expected of one underlying's volatility, and of its band. */
export const volatilityForecastSchema = z.strictObject({
  /** Annual, over the policy's horizon. */
  volatility: finiteSchema,
  /** From the spots of the passes, or, until there are enough, at the money from the surface. */
  source: z.enum(["realised", "implied"]),
  regime: z.enum(["calm", "stressed"]),
  /** Short over long realised volatility; null until there are enough spots. */
  ratio: finiteSchema.nullable(),
  /** Probability that gamma takes the net delta out of its band within the horizon; null without a band. */
  exitProbability: finiteSchema.nullable(),
});

export type VolatilityForecast = z.infer<typeof volatilityForecastSchema>;
