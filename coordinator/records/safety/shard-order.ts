import { z } from "zod";
import { shardIdSchema, unixMsSchema } from "#shared/wire/scalars.ts";

/**
 * What a person ordered of one shard; it holds until a person releases it. `flatten`: bring the shard's
 * own net delta to zero. `drain`: besides, move what it does not need to other shards.
 */
export const shardOrderSchema = z.strictObject({
  kind: z.enum(["flatten", "drain"]),
  /** Where drained collateral goes; null for the shards that need it most. */
  target: shardIdSchema.nullable(),
  reason: z.string(),
  sinceMs: unixMsSchema,
});

/** How far an order has come, as of one pass. */
export const orderProgressSchema = z.strictObject({
  shard: shardIdSchema,
  kind: z.enum(["flatten", "drain"]),
  reason: z.string(),
  /** `done` says how it is now: the order still holds and goes to work again when that changes. */
  state: z.enum(["working", "blocked", "done"]),
  /** Own delta by underlying, jobs in flight included, in units. */
  deltaUnits: z.record(z.string(), z.number()),
  /** Free collateral that a drain would still move, in USD; null for `flatten`. */
  leftUsd: z.number().nullable(),
  /** What it is waiting for; empty when done. */
  waitingFor: z.array(z.string()),
  /** What stays at venues because it is not worth its gas: it keeps the order from nothing. */
  left: z.array(z.string()).default([]),
});

export type ShardOrder = z.infer<typeof shardOrderSchema>;
export type OrderProgress = z.infer<typeof orderProgressSchema>;
