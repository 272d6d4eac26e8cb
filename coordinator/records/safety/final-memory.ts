import { z } from "zod";
import { hash32Schema, unixMsSchema } from "#shared/wire/scalars.ts";

const finalBlockSchema = z.strictObject({ number: z.number().int().min(0), hash: hash32Schema });

/** What a shard's chain had as final, kept over restarts. */
export const finalMemorySchema = z.strictObject({
  /** Oldest first; the further back, the further apart. */
  blocks: z.array(finalBlockSchema),
  /** A block that was final and was replaced; null unless that was found and no person has resumed since. */
  broken: z
    .strictObject({
      number: z.number().int(),
      was: hash32Schema,
      found: hash32Schema,
      atMs: unixMsSchema,
    })
    .nullable(),
});

export type FinalBlock = z.infer<typeof finalBlockSchema>;
export type FinalMemory = z.infer<typeof finalMemorySchema>;

/** Nothing was final yet. */
export const NO_FINALS: FinalMemory = { blocks: [], broken: null };
