import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type {
  ShardValuation,
  UnderlyingValuation,
} from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/**
 * Capital one shard must hold in USD, >= 0: what its own book requires, and by the policy's mutualised fraction its share
 * of the pool's requirement instead. The share is that of the pass's world, whatever is planned.
 *
 * @param pending What hedges would add, by underlying; the worst of all the ways they may turn out counts.
 */
export function requiredCapitalUsd(
  valuation: ShardValuation,
  setup: ShardSetup,
  pending: ReadonlyMap<string, PendingRange>,
  policy: Policy,
): number {
  return requiredUsdWith({ valuation, setup, policy }, pending)(undefined, NOTHING_PENDING);
}

/**
 * {@link requiredCapitalUsd} as a function of what is pending in one underlying instead of what `pending` says of it: what
 * the other underlyings require is worked out once.
 */
export function requiredUsdWith(
  {
    valuation,
    setup,
    policy,
  }: {
    readonly valuation: ShardValuation;
    readonly setup: ShardSetup;
    readonly policy: Policy;
  },
  pending: ReadonlyMap<string, PendingRange>,
): (underlying: string | undefined, range: PendingRange) => number {
  const { liabilitiesRaw } = valuation.entry.report.chain;
  const liabilityUnits = unitsFromRaw(BigInt(liabilitiesRaw), setup.settlement.decimals);
  const liabilityUsd = liabilityUnits * valuation.settlementUsd;
  const { isolatedWeight, sharedUsd } = mutualPart(valuation, policy);
  const underlyings = [...valuation.underlyings].map(([ticker, one]) => {
    return {
      ticker,
      one,
      usd: requirementUsd(one, pending.get(ticker) ?? NOTHING_PENDING, policy),
    };
  });
  return (underlying, range) => {
    let totalUsd = 0;
    for (const { ticker, one, usd } of underlyings)
      totalUsd += ticker === underlying ? requirementUsd(one, range, policy) : usd;
    return isolatedWeight * Math.max(totalUsd, liabilityUsd) + sharedUsd;
  };
}

/** How much of a shard's requirement is by its own book, and what the rest comes to in USD. */
export function mutualPart(
  { mutualUsd }: ShardValuation,
  policy: Policy,
): { readonly isolatedWeight: number; readonly sharedUsd: number } {
  const { mutualisedFraction } = policy.capital;
  if (mutualUsd === undefined) return { isolatedWeight: 1, sharedUsd: 0 };
  return { isolatedWeight: 1 - mutualisedFraction, sharedUsd: mutualisedFraction * mutualUsd };
}

/**
 * What hedges of one underlying that may be done or not may add to a book. Losses are convex in the units, so the two ends
 * of the range hold for every subset of the hedges.
 */
export type PendingRange = {
  /** With all that sell done and nothing else. */
  readonly lowUnits: number;
  /** With all that buy done and nothing else. */
  readonly highUnits: number;
  /** P&L in USD of option trades on the standard grid, each counted where it loses; at most 0; empty without any. */
  readonly optionLossUsd: readonly number[];
};

/** No hedge is pending. */
export const NOTHING_PENDING: PendingRange = { lowUnits: 0, highUnits: 0, optionLossUsd: [] };

/** What the pending hedges of a shard may add, by underlying, whichever of them are done. */
export function pendingRanges(
  shard: string,
  effects: readonly PendingEffect[],
): Map<string, PendingRange> {
  const ranges = new Map<string, PendingRange>();
  for (const effect of effects) {
    if (effect.shard !== shard || effect.underlying === null || !effect.isPendingAtShard) continue;
    const before = ranges.get(effect.underlying) ?? NOTHING_PENDING;
    ranges.set(effect.underlying, withEffect(before, effect));
  }
  return ranges;
}

/** Options lose by their own P&L on the grid, all else by its delta. */
function withEffect(
  before: PendingRange,
  { deltaUnits, option, isCertain }: PendingEffect,
): PendingRange {
  if (option !== null) {
    const optionLossUsd = option.gridPnlUsd.map((pnl, index) => {
      return (before.optionLossUsd[index] ?? 0) + (isCertain ? pnl : Math.min(0, pnl));
    });
    return { ...before, optionLossUsd };
  }
  return {
    ...before,
    lowUnits: before.lowUnits + (isCertain ? deltaUnits : Math.min(0, deltaUnits)),
    highUnits: before.highUnits + (isCertain ? deltaUnits : Math.max(0, deltaUnits)),
  };
}

/** A range with a linear trade that is done for certain. */
export function movedRange(range: PendingRange, units: number): PendingRange {
  return {
    ...range,
    lowUnits: range.lowUnits + units,
    highUnits: range.highUnits + units,
  };
}

function requirementUsd(one: UnderlyingValuation, range: PendingRange, policy: Policy): number {
  const lossUsd = worstLossOverUsd(one, range) * policy.capital.scenarioMultiplier;
  return fixedRequirementUsd(one, policy) + lossUsd;
}

/** The part of a requirement that no trade in the underlying changes, in USD. */
export function fixedRequirementUsd(one: UnderlyingValuation, policy: Policy): number {
  return Math.max(0, -one.optionValueUsd) + contingencyUsd(one, policy);
}

/** What short options require beside their value and the worst loss, in USD. */
export function contingencyUsd(one: UnderlyingValuation, policy: Policy): number {
  return one.shortOptions * one.spotUsd * policy.capital.shortOptionContingencyFraction;
}

/** Largest weighted loss on the standard grid in USD over all the ways pending hedges may turn out; >= 0. */
export function worstLossOverUsd(one: UnderlyingValuation, range: PendingRange): number {
  const { lowUnits, highUnits, optionLossUsd } = range;
  const lowUsd = worstLossUsd(one, lowUnits, optionLossUsd);
  return lowUnits === highUnits
    ? lowUsd
    : Math.max(lowUsd, worstLossUsd(one, highUnits, optionLossUsd));
}

const SPOT_SHOCKS = STANDARD_GRID.map(({ spotShock }) => spotShock);
const WEIGHTS = STANDARD_GRID.map(({ weight }) => weight);

/**
 * Largest weighted loss on the standard grid in USD with `extraUnits` more of the underlying; >= 0. The limits of a trade
 * are found by asking for it some fifty times a venue, hence the plain loop.
 */
export function worstLossUsd(
  one: UnderlyingValuation,
  extraUnits: number,
  extraPnlUsd: readonly number[] = [],
): number {
  const { gridPnlUsd, spotUsd } = one;
  let worst = 0;
  for (let index = 0; index < SPOT_SHOCKS.length; index += 1) {
    const shock = SPOT_SHOCKS[index] ?? 0;
    const extraUsd =
      extraUnits * spotUsd * shock * (WEIGHTS[index] ?? 0) + (extraPnlUsd[index] ?? 0);
    worst = Math.max(worst, -((gridPnlUsd[index] ?? 0) + extraUsd));
  }
  return worst;
}
