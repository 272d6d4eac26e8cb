import { z } from "zod";
import { finiteSchema } from "#shared/wire/scalars.ts";

/** A no-trade band round zero net delta, and what made it as wide as it is. */
export const bandSchema = z.strictObject({
  model: z.enum(["whalley-wilmott", "zakamouline"]),
  /** Proportional cost of a hedge it was sized with, and whose it is. */
  costFraction: finiteSchema,
  costSource: z.enum(["policy", "measured"]),
  /** Annual; null when the model needs none or none is known. */
  volatility: finiteSchema.nullable(),
  /** What the formula gives; before floor and cap. */
  formulaUnits: finiteSchema,
  floorUnits: finiteSchema,
  capUnits: finiteSchema,
  /** Share of the formula kept because the market is stressed; 1 when it is calm. */
  stressFraction: finiteSchema.default(1),
  /** Which of the three the half-width is. */
  bound: z.enum(["formula", "floor", "cap"]),
  halfWidthUnits: finiteSchema,
  /** |net delta| from which a hedge is due: the half-width, or less where the timer or a forecast acts before it. */
  actFromUnits: finiteSchema,
});

export type Band = z.infer<typeof bandSchema>;
