import { z } from "zod";
import { finiteSchema, hash32Schema, shardIdSchema } from "#shared/wire/scalars.ts";

/** What a plan costs and what it leaves; all in USD. */
const planFiguresSchema = z.strictObject({
  /** Price impact and venue fees against spot; negative when the venues are better than spot. */
  executionUsd: finiteSchema,
  gasUsd: finiteSchema,
  /** Of perpetuals over the policy's horizon; negative when it is received. */
  fundingUsd: finiteSchema.default(0),
  /** Transfer fees, and the price of what is on its way. */
  bridgeUsd: finiteSchema,
  /** Of the net book with jobs in flight and the plan done; losses positive. */
  expectedShortfallUsd: finiteSchema,
  /** Net delta left outside the bands, or beyond their targets where a hedge was due. */
  outsideBandUsd: finiteSchema,
  /** Penalty for vega and gamma that stay beyond their limits. */
  beyondLimitsUsd: finiteSchema.default(0),
  /** Required capital and buffer that shards in shortfall still lack. */
  uncoveredUsd: finiteSchema,
  /** Sum of the costs, risk aversion x expected shortfall, and the penalties. */
  objectiveUsd: finiteSchema,
});

/** A limit that stopped the plan from being better. */
const bindingSchema = z.strictObject({
  constraint: z.string(),
  /** What one unit more would take off the objective, in USD; above 0. */
  shadowPriceUsd: finiteSchema,
  unit: z.string(),
});

const alternativeSchema = z.strictObject({
  plan: z.enum(["nothing", "greedy", "milp"]),
  figures: planFiguresSchema,
  reason: z.string(),
});

/** A venue that could have been used and was not. */
const unusedVenueSchema = z.strictObject({
  underlying: z.string(),
  shard: shardIdSchema,
  venue: z.string(),
  pool: z.string(),
  /** Cost of its first unit, gas left out, as a fraction of spot. */
  marginalCostFraction: finiteSchema,
  reason: z.string(),
});

/** Each shard hedging its own delta alone, to its part of the band's target. */
const naiveSchema = z.strictObject({
  costUsd: finiteSchema,
  tradedUsd: finiteSchema,
  trades: z.number().int(),
  /** Of the net book after those trades. */
  expectedShortfallUsd: finiteSchema,
  /** Delta it would have left because a shard's venues are too thin. */
  leftUsd: finiteSchema,
});

const solverSchema = z.strictObject({
  status: z.enum(["optimal", "time-limit", "failed"]),
  /** Distance to the best possible objective of the program as a fraction; null when it failed. */
  gapFraction: finiteSchema.nullable(),
  tookMs: finiteSchema,
  /** Of the world the program was made from; the plan was replayed on the decision's own when they differ. */
  reportSetHash: hash32Schema,
  columns: z.number().int(),
  rows: z.number().int(),
});

/** Why a plan is as it is. */
export const planReportSchema = z.strictObject({
  /** How the plan that was taken was found. */
  method: z.enum(["greedy", "milp"]),
  /** Why it is the greedy one although the policy asks for the other; null when it does not, or it is not. */
  fallbackReason: z.string().nullable(),
  before: planFiguresSchema,
  after: planFiguresSchema,
  binding: z.array(bindingSchema),
  alternatives: z.array(alternativeSchema),
  unusedVenues: z.array(unusedVenueSchema),
  naive: naiveSchema,
  /** Null when no program was solved. */
  solver: solverSchema.nullable(),
});

export type PlanFigures = z.infer<typeof planFiguresSchema>;
export type PlanReport = z.infer<typeof planReportSchema>;
export type BindingConstraint = z.infer<typeof bindingSchema>;
export type UnusedVenue = z.infer<typeof unusedVenueSchema>;
export type NaiveHedge = z.infer<typeof naiveSchema>;
