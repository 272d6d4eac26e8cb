import {
  expiryOf,
  exposuresOf,
  type Markets,
  marketOf,
  type ShardBook,
} from "#shared/risk/portfolio/portfolio.ts";
import { positionPnlUsd } from "#shared/risk/portfolio/position.ts";
import type { Scenario } from "#shared/risk/scenarios/standard-grid.ts";

/** P&L in USD per scenario, of the whole and of each split of it. Gains positive; dampening is applied. */
export type PortfolioPnl = {
  readonly total: Float64Array;
  readonly byShard: ReadonlyMap<string, Float64Array>;
  readonly byUnderlying: ReadonlyMap<string, Float64Array>;
  /** Keyed by expiry in Unix milliseconds; null for what has none. */
  readonly byExpiry: ReadonlyMap<number | null, Float64Array>;
};

/**
 * Profit and loss of shards when every underlying makes the same relative move, by full revaluation.
 *
 * @param scenarios Each one's move of spot and volatility, and the share of its P&L that counts.
 * @throws {RangeError} If an underlying has no market, a spot shock is -1 or less, or as valuePosition.
 */
export function portfolioPnl(
  shards: readonly ShardBook[],
  markets: Markets,
  scenarios: readonly Scenario[],
): PortfolioPnl {
  const bad = scenarios.find(({ spotShock }) => !(spotShock > -1));
  if (bad !== undefined) {
    throw new RangeError(`spotShock: ${bad.spotShock}; must be > -1`);
  }
  const empty = () => new Float64Array(scenarios.length);
  const total = empty();
  const byShard = new Map<string, Float64Array>(shards.map(({ id }) => [id, empty()]));
  const byUnderlying = new Map<string, Float64Array>();
  const byExpiry = new Map<number | null, Float64Array>();
  const at = <Key>(map: Map<Key, Float64Array>, key: Key): Float64Array => {
    const vector = map.get(key) ?? empty();
    map.set(key, vector);
    return vector;
  };
  for (const shard of shards) {
    for (const { position } of exposuresOf(shard, markets)) {
      const pnl = positionPnlUsd(position, marketOf(markets, position.underlying), scenarios);
      const sums = [
        total,
        at(byShard, shard.id),
        at(byUnderlying, position.underlying),
        at(byExpiry, expiryOf(position)),
      ];
      addWeighted(sums, pnl, scenarios);
    }
  }
  return { total, byShard, byUnderlying, byExpiry };
}

function addWeighted(
  sums: readonly Float64Array[],
  pnl: readonly number[],
  scenarios: readonly Scenario[],
): void {
  scenarios.forEach(({ weight }, index) => {
    const counted = (pnl[index] ?? 0) * weight;
    for (const sum of sums) {
      sum[index] = (sum[index] ?? 0) + counted;
    }
  });
}
