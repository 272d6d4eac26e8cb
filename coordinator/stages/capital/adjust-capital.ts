import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type { ShardValuation } from "#coordinator/records/planning/shard-valuation.ts";
import type { CapitalAssessment } from "#coordinator/stages/capital/assess-capital.ts";
import { contingencyUsd } from "#coordinator/stages/capital/required-capital.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { riskAdjustedCapitalUsd } from "#shared/risk/portfolio/capital.ts";
import type { Markets, ShardBook } from "#shared/risk/portfolio/portfolio.ts";
import type { Position } from "#shared/risk/portfolio/position.ts";
import { shortTermLossesByShard } from "#shared/risk/scenarios/short-term-shocks.ts";
import type { UnderlyingMarket } from "#shared/risk/volatility/underlying-market.ts";

/** Risk-Adjusted Capital in USD: what is left after the worst short-term volatility shock. Null: not known now. */
export type AdjustedCapital = {
  readonly byShard: ReadonlyMap<string, number>;
  /** Of all shards together, whose books net in the shock; null while part of a book cannot be valued. */
  readonly totalUsd: number | null;
};

export type AdjustedShard = {
  readonly valuation: ShardValuation;
  readonly capital: CapitalAssessment;
};

/**
 * Risk-Adjusted Capital of every shard whose whole book can be valued, and of all together: equity with what is on its
 * way, less haircuts, less the worst of the short-term volatility shocks, less contingencies.
 */
export function adjustCapital(
  shards: readonly AdjustedShard[],
  snapshot: MarketSnapshot,
  policy: Policy,
): AdjustedCapital {
  const markets = marketsOf(snapshot);
  const known = shards.filter(({ valuation }) => valuation.unvalued.size === 0);
  const books = known.map(({ valuation }) => bookOf(valuation, markets));
  const losses = shortTermLossesByShard(books, markets);
  const byShard = known.map((one): [string, number] => {
    const worstUsd = losses.byShard.get(one.valuation.shard)?.worstUsd ?? 0;
    return [one.valuation.shard, adjustedUsd([one], worstUsd, policy)];
  });
  const isWhole = known.length === shards.length && shards.length > 0;
  return {
    byShard: new Map(byShard),
    totalUsd: isWhole ? adjustedUsd(known, losses.total.worstUsd, policy) : null,
  };
}

function adjustedUsd(
  shards: readonly AdjustedShard[],
  worstShockLossUsd: number,
  policy: Policy,
): number {
  const positions = shards.flatMap(({ valuation }) => [...valuation.underlyings.values()]);
  return riskAdjustedCapitalUsd({
    equityUsd:
      sum(shards, ({ capital }) => capital.collateralUsd) +
      sum(positions, (one) => one.optionValueUsd),
    haircutsUsd: sum(
      shards,
      ({ capital }) => capital.collateralUsd - capital.collateralUsdAfterHaircut,
    ),
    worstShockLossUsd,
    contingenciesUsd: sum(positions, (one) => contingencyUsd(one, policy)),
  });
}

/** Live options, and all that moves one to one with spot. */
function bookOf({ shard, entry, underlyings }: ShardValuation, markets: Markets): ShardBook {
  const linear = [...underlyings].map(([underlying, one]): Position => {
    const quantity = sum(
      one.lines.filter(({ expiryMs }) => expiryMs === null),
      ({ greeks }) => greeks.deltaUnits,
    );
    return { kind: "spot", underlying, quantity };
  });
  const options = entry.report.book.flatMap((line): Position[] => {
    const { underlying, type, strikeUsd, expiryMs, quantity } = line;
    const market = markets.get(underlying);
    if (quantity === 0 || market === undefined || expiryMs <= market.nowMs) return [];
    return [{ kind: "option", underlying, type, strikeUsd, expiryMs, quantity }];
  });
  return { id: shard, collateral: [], positions: [...linear, ...options] };
}

function marketsOf({ underlyings, asOfMs }: MarketSnapshot): Markets {
  return new Map(
    [...underlyings.values()].flatMap((one): [string, UnderlyingMarket][] => {
      if (one.spotUsd === null) return [];
      const { underlying, spotUsd, slices } = one;
      return [[underlying, { spotUsd, nowMs: asOfMs, rate: 0, volatility: slices }]];
    }),
  );
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
