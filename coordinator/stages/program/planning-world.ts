import type { BucketExposure } from "#coordinator/records/planning/bucket-exposure.ts";
import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { OptionMarket } from "#shared/risk/pricing/option-position.ts";

/** One underlying that can be netted and priced. */
export type PlannedUnderlying = {
  readonly underlying: string;
  readonly net: NetUnderlying;
  readonly halfWidthUnits: number;
  readonly spotUsd: number;
  /** Signed units to the hedge target, positive to buy; 0 when nothing is to be traded or nothing may be. */
  readonly neededUnits: number;
  /** False while nothing of it may be traded, whatever it needs. */
  readonly mayTrade: boolean;
};

/** All that finding and judging a plan depends on. */
export type PlanningWorld = {
  readonly inputs: readonly ShardInput[];
  /** Of jobs in flight. */
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  /** USD per native coin by ticker, for gas. */
  readonly nativeUsd: ReadonlyMap<string, number>;
  readonly underlyings: readonly PlannedUnderlying[];
  readonly mayTransfer: boolean;
  /** Underlyings whose hedges may cost what they cost. */
  readonly costExempt: ReadonlySet<string>;
  readonly nowMs: number;
  /** What the books are valued on, by underlying. */
  readonly markets: ReadonlyMap<string, OptionMarket>;
  /** Vega and gamma per expiry bucket, by underlying. */
  readonly buckets: ReadonlyMap<string, readonly BucketExposure[]>;
};

/** Delta of the end of the net interval that is nearest to the band: what is certain to be outside it. */
export function nearEndUnits({ net, neededUnits }: PlannedUnderlying): number {
  const [low, high] = net.staleIntervalUnits;
  if (neededUnits === 0) return net.greeks.deltaUnits;
  return neededUnits < 0 ? low : high;
}

/** Half-width a hedge aims at. */
export function targetUnits(one: PlannedUnderlying, policy: Policy): number {
  return (policy.underlyings[one.underlying]?.hedgeTargetFraction ?? 1) * one.halfWidthUnits;
}

/** Hours a transfer from a shard takes: until its block is final, and one more block. */
export function transitHours({ setup, valuation }: ShardInput): number {
  const { block } = valuation.entry.report;
  const blocks = Math.max(1, block.number - block.finalizedNumber) + 1;
  return (blocks * setup.blockTimeMs) / 3_600_000;
}
