import { z } from "zod";
import {
  breakerEventSchema,
  breakerStateSchema,
} from "#coordinator/records/safety/breaker-state.ts";
import { capitalLedgerSchema, NEW_LEDGER } from "#coordinator/records/safety/capital-ledger.ts";
import { finalMemorySchema } from "#coordinator/records/safety/final-memory.ts";
import { refusalRunSchema } from "#coordinator/records/safety/refusal-run.ts";
import { shardOrderSchema } from "#coordinator/records/safety/shard-order.ts";
import { DISTRUST_KINDS, shardTrustSchema } from "#coordinator/records/safety/shard-trust.ts";
import { hash32Schema, unixMsSchema } from "#shared/wire/scalars.ts";

/** What keeps a restart from forgetting a danger: breakers, losses, doubts and orders. */
export const safetyMemorySchema = z.strictObject({
  /** By {@link breakerKey}. */
  breakers: z.record(z.string(), breakerStateSchema),
  ledger: capitalLedgerSchema,
  /** By shard. */
  trust: z.record(z.string(), shardTrustSchema),
  /** By shard. */
  orders: z.record(z.string(), shardOrderSchema),
  /** By shard. */
  finality: z.record(z.string(), finalMemorySchema).default({}),
  /** By what the breaker of it watches over (trade-name.ts). */
  refusals: z.record(z.string(), refusalRunSchema).default({}),
});

/** Something that changed what may be done, with why; kept as long as the policy says. */
export const safetyEventSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("breaker"), ...breakerEventSchema.shape }),
  z.strictObject({
    type: z.literal("quarantine"),
    atMs: unixMsSchema,
    shard: z.string(),
    kind: z.enum(DISTRUST_KINDS),
    isOver: z.boolean(),
    detail: z.string(),
    /** Why a person released it; null when it was not a person. */
    reason: z.string().nullable(),
  }),
  z.strictObject({
    type: z.literal("order"),
    atMs: unixMsSchema,
    shard: z.string(),
    order: z.enum(["flatten", "drain", "release"]),
    target: z.string().nullable(),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.literal("finality"),
    atMs: unixMsSchema,
    shard: z.string(),
    number: z.number().int(),
    was: hash32Schema,
    found: hash32Schema,
    isOver: z.boolean(),
    /** Why a person resumed; null when it was found. */
    reason: z.string().nullable(),
  }),
]);

export type SafetyMemory = z.infer<typeof safetyMemorySchema>;
export type SafetyEvent = z.infer<typeof safetyEventSchema>;

/** Nothing tripped, doubted or ordered. */
export const NEW_SAFETY: SafetyMemory = {
  breakers: {},
  ledger: NEW_LEDGER,
  trust: {},
  orders: {},
  finality: {},
  refusals: {},
};
