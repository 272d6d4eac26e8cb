import { z } from "zod";
import { REFUSALS_MAX } from "#shared/policy/safety-policy.ts";
import { hash32Schema, unixMsSchema } from "#shared/wire/scalars.ts";

/** How often in a row one trade of one shard was refused; nothing between was done. */
export const refusalRunSchema = z.strictObject({
  /** Jobs recorded up to here do not count: one was done, or a person resumed. */
  sinceMs: unixMsSchema,
  /** In the order in which they were recorded. */
  refusals: z
    .array(z.strictObject({ jobId: hash32Schema, recordedAtMs: unixMsSchema }))
    .max(REFUSALS_MAX),
  /** When the newest refusal became known. */
  lastAtMs: unixMsSchema,
  /** Why it was: reason and what was found. */
  lastReason: z.string(),
});

export type RefusalRun = z.infer<typeof refusalRunSchema>;

/** A trade that was never refused. */
export const NO_REFUSALS: RefusalRun = {
  sinceMs: 0,
  refusals: [],
  lastAtMs: 0,
  lastReason: "",
};
