import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type {
  ShardValuation,
  UnderlyingValuation,
} from "#coordinator/records/planning/shard-valuation.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import {
  contingencyUsd,
  NOTHING_PENDING,
  type PendingRange,
  pendingRanges,
} from "#coordinator/stages/capital/required-capital.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { mutualShares } from "#shared/risk/portfolio/mutual-shares.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

/** A shard that covers others and is covered by them. */
export type PoolMember = { readonly valuation: ShardValuation; readonly setup: ShardSetup };

type Holding = {
  readonly shard: string;
  readonly own: UnderlyingValuation;
  readonly range: PendingRange;
};

/**
 * What each shard of a pool would have to hold if all covered each other: its part of the requirement of their netted
 * book. That is, per underlying, what the options are worth to their holders, net; the contingencies; and the worst loss
 * of the net on the standard grid, which each shard bears as it makes it (Euler). Losses of different underlyings are
 * added. Jobs in flight count both done and not done. No shard's share is below its liability on chain, none above what
 * it has to hold alone, and together they are what the whole has to hold.
 *
 * @returns By shard, in USD; the same in any order of the members.
 */
export function mutualiseCapital(
  members: readonly PoolMember[],
  effects: readonly PendingEffect[],
  policy: Policy,
): Map<string, number> {
  const sorted = [...members].sort((left, right) =>
    left.setup.shard < right.setup.shard ? -1 : 1,
  );
  const components = new Map(sorted.map(({ setup }) => [setup.shard, 0]));
  const pending = new Map(
    sorted.map(({ setup }) => [setup.shard, pendingRanges(setup.shard, effects)]),
  );
  const tickers = new Set(sorted.flatMap(({ valuation }) => [...valuation.underlyings.keys()]));
  for (const ticker of [...tickers].sort()) {
    const holdings = sorted.flatMap(({ valuation, setup }): Holding[] => {
      const own = valuation.underlyings.get(ticker);
      const range = pending.get(setup.shard)?.get(ticker) ?? NOTHING_PENDING;
      return own === undefined ? [] : [{ shard: setup.shard, own, range }];
    });
    for (const [shard, usd] of componentsOf(holdings, policy))
      components.set(shard, (components.get(shard) ?? 0) + usd);
  }
  return mutualShares(
    sorted.map(({ setup, valuation }) => ({
      id: setup.shard,
      componentUsd: components.get(setup.shard) ?? 0,
      floorUsd: liabilityUsd({ setup, valuation }),
    })),
  );
}

function liabilityUsd({ setup, valuation }: PoolMember): number {
  const { liabilitiesRaw } = valuation.entry.report.chain;
  return unitsFromRaw(BigInt(liabilitiesRaw), setup.settlement.decimals) * valuation.settlementUsd;
}

/** Each shard's part of what the net of one underlying requires; together exactly that. */
function componentsOf(holdings: readonly Holding[], policy: Policy): Map<string, number> {
  const optionsUsd = holdings.reduce((total, { own }) => total + own.optionValueUsd, 0);
  const losses = worstNetLosses(holdings);
  return new Map(
    holdings.map(({ shard, own }, index) => {
      const owedUsd = optionsUsd < 0 ? -own.optionValueUsd : 0;
      const lossUsd = (losses[index] ?? 0) * policy.capital.scenarioMultiplier;
      return [shard, owedUsd + contingencyUsd(own, policy) + lossUsd];
    }),
  );
}

/** What each holding loses in the scenario, and with the jobs done, in which all lose most; zeros when none loses. */
function worstNetLosses(holdings: readonly Holding[]): number[] {
  let worstUsd = 0;
  let worst = holdings.map(() => 0);
  for (const end of ["lowUnits", "highUnits"] as const) {
    for (const [index, scenario] of STANDARD_GRID.entries()) {
      const losses = holdings.map(({ own, range }) => {
        const moved = range[end] * own.spotUsd * scenario.spotShock * scenario.weight;
        return -((own.gridPnlUsd[index] ?? 0) + (range.optionLossUsd[index] ?? 0) + moved);
      });
      const totalUsd = losses.reduce((total, loss) => total + loss, 0);
      if (totalUsd <= worstUsd) continue;
      worstUsd = totalUsd;
      worst = losses;
    }
  }
  return worst;
}
