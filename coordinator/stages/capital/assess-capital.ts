import {
  arrivingUsd,
  effectsOn,
  type PendingEffect,
  pendingCashOutRaw,
  pendingHomeUsd,
} from "#coordinator/records/planning/pending-effect.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { rememberResults } from "#coordinator/stages/capital/remember-results.ts";
import { pendingRanges, requiredCapitalUsd } from "#coordinator/stages/capital/required-capital.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { depegHaircut } from "#shared/risk/portfolio/collateral.ts";
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
  const own = effectsOn(effects, valuation.shard);
  return remembered(valuation, [setup, policy, ...own], () => {
    return assess(valuation, setup, own, policy);
  });
}

const remembered = rememberResults<ShardValuation, CapitalAssessment>();

function assess(
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

function sumOf(
  effects: readonly PendingEffect[],
  matches: (effect: PendingEffect) => boolean,
): number {
  return effects.reduce((total, effect) => (matches(effect) ? total + effect.amountUsd : total), 0);
}
