import { z } from "zod";
import type { BreakerKind } from "#shared/policy/safety-policy.ts";
import { finiteSchema, unixMsSchema } from "#shared/wire/scalars.ts";

/** From the mildest to the hardest. */
export const SAFETY_LEVELS = ["run", "reduce-only", "halt"] as const;

export type SafetyLevel = (typeof SAFETY_LEVELS)[number];

/** The hardest of some levels; `run` of none. */
export function worstLevel(levels: readonly SafetyLevel[]): SafetyLevel {
  if (levels.includes("halt")) return "halt";
  return levels.includes("reduce-only") ? "reduce-only" : "run";
}

export const BREAKER_KINDS = [
  "reportAge",
  "staleShare",
  "unseenChain",
  "oracleDisagreement",
  "settlementPeg",
  "lossVelocity",
  "drawdown",
  "shardLossVelocity",
  "shardDrawdown",
  "hedgeSlippage",
  "venueFailures",
  "tradeRefusals",
  "bridgeDelay",
] as const satisfies readonly BreakerKind[];

/**
 * What a breaker watches over: `global`, `shard:<shard>`, `venue:<shard>/<contract>`, `route:<source>><target>` or
 * `trade:<shard>/<contract>/<market>/<way>` (trade-name.ts).
 */
export const GLOBAL_SCOPE = "global";

/** One measurement. `value` is null when it cannot be known now; `detail` says what it is of. */
export type BreakerMeasure = {
  readonly kind: BreakerKind;
  readonly scope: string;
  readonly value: number | null;
  readonly detail: string;
};

const switchSchema = z.strictObject({
  isOn: z.boolean(),
  /** When it was switched on; null while off. */
  onSinceMs: unixMsSchema.nullable(),
  /** Since when the measure has been at or above its trip; null when it is not. */
  overSinceMs: unixMsSchema.nullable(),
  /** Last moments at or above the trip, and not known to be below the reset. */
  lastOverMs: unixMsSchema.nullable(),
  lastUnquietMs: unixMsSchema.nullable(),
});

/** A breaker: one switch for each level, each with its own memory. */
export const breakerStateSchema = z.strictObject({
  kind: z.enum(BREAKER_KINDS),
  scope: z.string(),
  /** Newest known measure, and what it is of. */
  value: finiteSchema.nullable(),
  detail: z.string(),
  reduceOnly: switchSchema,
  halt: switchSchema,
});

/** A breaker that tripped, lifted, or was resumed by a person. */
export const breakerEventSchema = z.strictObject({
  atMs: unixMsSchema,
  kind: z.enum(BREAKER_KINDS),
  scope: z.string(),
  from: z.enum(SAFETY_LEVELS),
  to: z.enum(SAFETY_LEVELS),
  value: finiteSchema.nullable(),
  /** The trip of the level that was reached, or the reset of the one that was left; null when resumed by a person. */
  threshold: finiteSchema.nullable(),
  detail: z.string(),
  /** Why a person resumed; null when the measure did it. */
  reason: z.string().nullable(),
});

export type BreakerSwitch = z.infer<typeof switchSchema>;
export type BreakerState = z.infer<typeof breakerStateSchema>;
export type BreakerEvent = z.infer<typeof breakerEventSchema>;

const OFF: BreakerSwitch = {
  isOn: false,
  onSinceMs: null,
  overSinceMs: null,
  lastOverMs: null,
  lastUnquietMs: null,
};

/** A breaker that has never measured anything. */
export function newBreaker(kind: BreakerKind, scope: string): BreakerState {
  return { kind, scope, value: null, detail: "", reduceOnly: OFF, halt: OFF };
}

/** What a breaker allows now. */
export function levelOf({ reduceOnly, halt }: BreakerState): SafetyLevel {
  if (halt.isOn) return "halt";
  return reduceOnly.isOn ? "reduce-only" : "run";
}

/** Key of a breaker in a map. */
export function breakerKey({ kind, scope }: Pick<BreakerState, "kind" | "scope">): string {
  return `${kind} ${scope}`;
}
