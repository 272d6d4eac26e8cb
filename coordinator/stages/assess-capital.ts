import { type PendingEffect, pendingCashOutRaw } from "#coordinator/records/pending-effect.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import type { ShardValuation, UnderlyingValuation } from "#coordinator/records/shard-valuation.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { STANDARD_GRID } from "#shared/risk/standard-grid.ts";
import { rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";

/** Capital of one shard on a pass's snapshot, pending effects included. USD. */
export type CapitalAssessment = {
  readonly shard: string;
  readonly equityUsd: number;
  /** Settlement asset and hedges at the snapshot, less what is leaving, plus all that is arriving. */
  readonly collateralUsd: number;
  /** The same after the haircuts on hedges and on what is arriving. */
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
 * multiplier + contingencies, not less than the liability on chain. Losses of different underlyings
 * are added as if all came at once. In-flight swaps are counted both done and not done: the worse wins.
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
  const arrivingUsd = sumOf(
    effects,
    (effect) => effect.target === valuation.shard && effect.isPendingAtTarget,
  );
  const hedges = [...valuation.underlyings.values()].map((one) => one.hedgeUnits * one.spotUsd);
  const hedgesUsd = hedges.reduce((total, value) => total + value, 0);
  const cashUsd = valuation.cashUsd - leavingUsd;
  const haircut = policy.capital.hedgeHaircutFraction;
  const buyingUsd = sumOf(effects, (effect) => {
    return effect.shard === valuation.shard && effect.deltaUnits > 0 && effect.isPendingAtShard;
  });
  const afterHaircut =
    cashUsd +
    hedgesUsd * (1 - haircut) -
    buyingUsd * haircut +
    arrivingUsd * (1 - policy.transfers.inTransitHaircutFraction);
  const pending = pendingDeltas(valuation.shard, effects);
  const required = requiredCapitalUsd(valuation, setup, [new Map(), pending], policy);
  const dueRaw = rawFromUnitsUp(valuation.dueUnits, setup.settlement.decimals);
  const freeCashRaw = valuation.cashRaw - pendingCashOutRaw(effects, valuation.shard) - dueRaw;
  const freeUsd = unitsFromRaw(freeCashRaw, setup.settlement.decimals) * valuation.settlementUsd;
  // Cash is lacking only for what is due; pending jobs alone never spend what is not there.
  const cashLackUsd = dueRaw === 0n ? 0 : Math.max(0, -freeUsd - arrivingUsd);
  const buffered = required * policy.capital.bufferMultiplier;
  return {
    shard: valuation.shard,
    equityUsd: valuation.equityUsd,
    collateralUsd: cashUsd + hedgesUsd + arrivingUsd,
    collateralUsdAfterHaircut: afterHaircut,
    requiredCapitalUsd: required,
    surplusUsd:
      cashLackUsd > 0
        ? Math.min(-cashLackUsd, afterHaircut - required)
        : surplusUsd(afterHaircut, required, policy.capital.bufferMultiplier),
    missingUsd: Math.max(0, buffered - afterHaircut, cashLackUsd),
    solvencyRatio: required === 0 ? null : afterHaircut / required,
    freeCashRaw: freeCashRaw > 0n ? freeCashRaw : 0n,
  };
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
 * Capital one shard must hold in USD, >= 0.
 *
 * @param alternatives Units that swaps would add, by underlying: one map for each way things may
 *   turn out, such as pending swaps not done and done. The worst one counts.
 */
export function requiredCapitalUsd(
  valuation: ShardValuation,
  setup: ShardSetup,
  alternatives: readonly ReadonlyMap<string, number>[],
  policy: Policy,
): number {
  const requirements = alternatives.map((deltas) => requirement(valuation, deltas, policy));
  const { liabilitiesRaw } = valuation.entry.report.chain;
  const liabilityUnits = unitsFromRaw(BigInt(liabilitiesRaw), setup.settlement.decimals);
  return Math.max(...requirements, liabilityUnits * valuation.settlementUsd);
}

/** Units that pending swaps of a shard will add, by underlying. */
export function pendingDeltas(
  shard: string,
  effects: readonly PendingEffect[],
): Map<string, number> {
  const deltas = new Map<string, number>();
  for (const effect of effects) {
    if (effect.shard !== shard || effect.underlying === null || !effect.isPendingAtShard) continue;
    deltas.set(effect.underlying, (deltas.get(effect.underlying) ?? 0) + effect.deltaUnits);
  }
  return deltas;
}

function requirement(
  valuation: ShardValuation,
  deltas: ReadonlyMap<string, number>,
  policy: Policy,
): number {
  let total = 0;
  for (const [ticker, one] of valuation.underlyings) {
    total +=
      fixedRequirementUsd(one, policy) +
      worstLossUsd(one, deltas.get(ticker) ?? 0) * policy.capital.scenarioMultiplier;
  }
  return total;
}

/** The part of a requirement that no trade in the underlying changes, in USD. */
export function fixedRequirementUsd(one: UnderlyingValuation, policy: Policy): number {
  const owedUsd = Math.max(0, -one.optionValueUsd);
  const contingencyUsd =
    one.shortOptions * one.spotUsd * policy.capital.shortOptionContingencyFraction;
  return owedUsd + contingencyUsd;
}

/** Largest weighted loss on the standard grid in USD with `extraUnits` more of the underlying; >= 0. */
export function worstLossUsd(one: UnderlyingValuation, extraUnits: number): number {
  let worst = 0;
  for (const [index, scenario] of STANDARD_GRID.entries()) {
    const extraUsd = extraUnits * one.spotUsd * scenario.spotShock * scenario.weight;
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
