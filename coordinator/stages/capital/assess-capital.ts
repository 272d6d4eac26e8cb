import {
  arrivingUsd,
  type PendingEffect,
  pendingCashOutRaw,
  pendingHomeUsd,
} from "#coordinator/records/planning/pending-effect.ts";
import type {
  ShardValuation,
  UnderlyingValuation,
} from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { depegHaircut } from "#shared/risk/portfolio/collateral.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

/** Capital of one shard on a pass's snapshot, pending effects included. USD. */
export type CapitalAssessment = {
  readonly shard: string;
  readonly equityUsd: number;
  /** Settlement asset, bound margin and hedges at the snapshot, less what is leaving, plus all that is surely arriving. */
  readonly collateralUsd: number;
  /** The same after the haircuts on hedges, on what is arriving, and on a settlement asset that has lost its peg. */
  readonly collateralUsdAfterHaircut: number;
  readonly requiredCapitalUsd: number;
  /** Above required x buffer: the surplus. Below required, or short of cash that is due: the shortfall, negative. Between: 0. */
  readonly surplusUsd: number;
  /** Collateral after haircut over required capital; null when nothing is required. */
  readonly solvencyRatio: number | null;
  /**
   * What the shard lacks, >= 0: up to its requirement and buffer, or, when that is more, the cash its
   * expired series must be paid with. A solvent vault without cash could not settle.
   */
  readonly missingUsd: number;
  /** Settlement asset in the vault that neither pending jobs nor expired series will take, raw; never negative. */
  readonly freeCashRaw: bigint;
};

/**
 * Required capital = what the options are worth to their holders + worst loss on the standard grid x
 * multiplier + contingencies, not less than the liability on chain, or, as far as the policy mutualises, the shard's
 * share of what the pool must hold. Losses of different underlyings
 * are added as if all came at once. Every in-flight hedge is counted both done and not done: the worst way counts.
 *
 * @param effects In flight and planned; those of other shards matter only when this shard is the target.
 */
export function assessCapital(
  valuation: ShardValuation,
  setup: ShardSetup,
  effects: readonly PendingEffect[],
  policy: Policy,
): CapitalAssessment {
  const leavingUsd = sumOf(effects, (effect) => {
    return (
      effect.kind === "transfer" && effect.shard === valuation.shard && effect.isPendingAtShard
    );
  });
  const comesUsd = arrivingUsd(effects, valuation.shard);
  const hedges = [...valuation.underlyings.values()].map((one) => one.hedgeUnits * one.spotUsd);
  // Margin that is bound cannot be paid out before its position is closed: it counts like a hedge.
  const hedgesUsd = hedges.reduce((total, value) => total + value, valuation.boundMarginUsd);
  const cashUsd = valuation.cashUsd - leavingUsd;
  const depeg = settlementHaircut(valuation, policy);
  const haircut = policy.capital.hedgeHaircutFraction;
  const buyingUsd = sumOf(effects, (effect) => {
    const isOwn = effect.shard === valuation.shard && effect.isPendingAtShard;
    return isOwn && effect.kind === "swap" && effect.deltaUnits > 0;
  });
  const premiumsUsd = sumOf(effects, (effect) => {
    const isOwn = effect.shard === valuation.shard && effect.isPendingAtShard;
    return isOwn && (effect.option?.vegaUsdPerVolPoint ?? 0) > 0;
  });
  const afterHaircut =
    (cashUsd - premiumsUsd) * (1 - depeg) +
    hedgesUsd * (1 - haircut) -
    valuation.boundMarginUsd * (1 - haircut) * depeg -
    buyingUsd * Math.max(0, haircut - depeg) +
    comesUsd * (1 - policy.transfers.inTransitHaircutFraction) * (1 - depeg);
  const pending = pendingRanges(valuation.shard, effects);
  const required = requiredCapitalUsd(valuation, setup, pending, policy);
  const freeRaw = freeCashRaw(valuation, setup, effects);
  const freeUsd = unitsFromRaw(freeRaw, setup.settlement.decimals) * valuation.settlementUsd;
  const comingUsd = comesUsd + pendingHomeUsd(effects, valuation.shard);
  // Cash is lacking only for what is due; pending jobs alone never spend what is not there.
  const cashLackUsd = valuation.dueUnits === 0 ? 0 : Math.max(0, -freeUsd - comingUsd);
  const buffered = required * policy.capital.bufferMultiplier;
  return {
    shard: valuation.shard,
    equityUsd: valuation.equityUsd,
    collateralUsd: cashUsd + hedgesUsd + comesUsd,
    collateralUsdAfterHaircut: afterHaircut,
    requiredCapitalUsd: required,
    surplusUsd:
      cashLackUsd > 0
        ? Math.min(-cashLackUsd, afterHaircut - required)
        : surplusUsd(afterHaircut, required, policy.capital.bufferMultiplier),
    missingUsd: Math.max(0, buffered - afterHaircut, cashLackUsd),
    solvencyRatio: required === 0 ? null : afterHaircut / required,
    freeCashRaw: freeRaw > 0n ? freeRaw : 0n,
  };
}

/** Settlement asset in a vault that neither pending jobs nor expired series will take, raw; negative where more is due. */
export function freeCashRaw(
  valuation: ShardValuation,
  setup: ShardSetup,
  effects: readonly PendingEffect[],
): bigint {
  const dueRaw = rawFromUnitsUp(valuation.dueUnits, setup.settlement.decimals);
  return valuation.cashRaw - pendingCashOutRaw(effects, valuation.shard) - dueRaw;
}

/** Share of the settlement asset's value that does not count, because it has lost its peg to the dollar. */
export function settlementHaircut({ settlementUsd }: ShardValuation, policy: Policy): number {
  return depegHaircut({ priceUsd: settlementUsd, pegUsd: 1 }, policy.capital);
}

/** Positive above the buffer, negative below the requirement, else 0. */
export function surplusUsd(
  collateralUsd: number,
  requiredUsd: number,
  bufferMultiplier: number,
): number {
  if (collateralUsd < requiredUsd) return collateralUsd - requiredUsd;
  return Math.max(0, collateralUsd - requiredUsd * bufferMultiplier);
}

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
  const { liabilitiesRaw } = valuation.entry.report.chain;
  const liabilityUnits = unitsFromRaw(BigInt(liabilitiesRaw), setup.settlement.decimals);
  const isolatedUsd = Math.max(
    requirement(valuation, pending, policy),
    liabilityUnits * valuation.settlementUsd,
  );
  const { isolatedWeight, sharedUsd } = mutualPart(valuation, policy);
  return isolatedWeight * isolatedUsd + sharedUsd;
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

function requirement(
  valuation: ShardValuation,
  pending: ReadonlyMap<string, PendingRange>,
  policy: Policy,
): number {
  let total = 0;
  for (const [ticker, one] of valuation.underlyings) {
    const range = pending.get(ticker) ?? NOTHING_PENDING;
    total +=
      fixedRequirementUsd(one, policy) +
      worstLossOverUsd(one, range) * policy.capital.scenarioMultiplier;
  }
  return total;
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
  return Math.max(
    worstLossUsd(one, lowUnits, optionLossUsd),
    worstLossUsd(one, highUnits, optionLossUsd),
  );
}

/** Largest weighted loss on the standard grid in USD with `extraUnits` more of the underlying; >= 0. */
export function worstLossUsd(
  one: UnderlyingValuation,
  extraUnits: number,
  extraPnlUsd: readonly number[] = [],
): number {
  let worst = 0;
  for (const [index, scenario] of STANDARD_GRID.entries()) {
    const extraUsd =
      extraUnits * one.spotUsd * scenario.spotShock * scenario.weight + (extraPnlUsd[index] ?? 0);
    worst = Math.max(worst, -((one.gridPnlUsd[index] ?? 0) + extraUsd));
  }
  return worst;
}

function sumOf(
  effects: readonly PendingEffect[],
  matches: (effect: PendingEffect) => boolean,
): number {
  return effects.reduce((total, effect) => (matches(effect) ? total + effect.amountUsd : total), 0);
}
