import { z } from "zod";
import { addressSchema, rawAmountSchema } from "#shared/wire/scalars.ts";

/**
 * What the vault's and its desk's caps still let mandates do at the report's block, settlement asset raw. Windows refill
 * with time. A venue that may not grow is being left: positions there only shrink, and nothing is put in.
 */
export const capsSchema = z.strictObject({
  /** Notional of swaps, perpetuals and options together. */
  tradesLeftRaw: rawAmountSchema,
  transfersLeftRaw: rawAmountSchema,
  venues: z
    .array(
      z.strictObject({ adapter: addressSchema, leftRaw: rawAmountSchema, mayGrow: z.boolean() }),
    )
    .max(16),
});

/** What is left of the caps on chain. */
export type Caps = z.infer<typeof capsSchema>;
