import {
  type Markets,
  marketOf,
  optionsByUnderlying,
  type ShardBook,
} from "#shared/risk/portfolio/portfolio.ts";
import { portfolioPnl } from "#shared/risk/portfolio/portfolio-pnl.ts";
import { skewLossUsd, skewPnlByExpiry } from "#shared/risk/scenarios/skew-scenario.ts";
import type { Scenario } from "#shared/risk/scenarios/standard-grid.ts";

/** Volatility up: doubled at 30 days, about x3.8 at one day (2021 saw x3 within days). */
const VOL_UP = 1;
const VOL_DOWN = -0.45;
/** Spot gap that goes with volatility up, either way. */
const SPOT_GAP = 0.15;

const SHOCKS: readonly Scenario[] = [
  { spotShock: 0, volShock: VOL_UP, weight: 1, tenorScaled: true },
  { spotShock: 0, volShock: VOL_DOWN, weight: 1, tenorScaled: true },
  { spotShock: SPOT_GAP, volShock: VOL_UP, weight: 1, tenorScaled: true },
  { spotShock: -SPOT_GAP, volShock: VOL_UP, weight: 1, tenorScaled: true },
];

/** Loss in USD of each short-term volatility shock; a gain is negative. */
export type ShortTermLosses = {
  readonly upUsd: number;
  readonly downUsd: number;
  readonly upSkewUsd: number;
  readonly upGapUsd: number;
  /** The largest of the four. */
  readonly worstUsd: number;
};

const SKEWS = ["linear", "absolute"] as const;

/**
 * Losses of shards, taken together, under the short-term volatility shocks behind Risk-Adjusted Capital: volatility
 * up, down, up with the worse of the two skews, and up with the worse of a spot gap up and down. Shocks
 * are scaled by tenor and common to all underlyings.
 *
 * @throws {RangeError} As portfolioPnl.
 */
export function shortTermLosses(shards: readonly ShardBook[], markets: Markets): ShortTermLosses {
  return shortTermLossesByShard(shards, markets).total;
}

/**
 * The same for each shard by itself as well, by one revaluation of every position.
 *
 * @throws {RangeError} As portfolioPnl.
 */
export function shortTermLossesByShard(
  shards: readonly ShardBook[],
  markets: Markets,
): { readonly total: ShortTermLosses; readonly byShard: ReadonlyMap<string, ShortTermLosses> } {
  const pnl = portfolioPnl(shards, markets, SHOCKS);
  const skews = shards.map((shard) => skewsOf(shard, markets));
  const byShard = shards.map(({ id }, index): [string, ShortTermLosses] => {
    const own = skews[index] ?? new Map();
    return [id, lossesOf(pnl.byShard.get(id) ?? [], own)];
  });
  return { total: lossesOf(pnl.total, addSkews(skews)), byShard: new Map(byShard) };
}

/** By underlying and kind of skew, the signed P&L per expiry. */
type Skews = ReadonlyMap<string, readonly ReadonlyMap<number, number>[]>;

function skewsOf(shard: ShardBook, markets: Markets): Skews {
  return new Map(
    [...optionsByUnderlying([shard])].map(([underlying, options]) => {
      const market = marketOf(markets, underlying);
      const kinds = SKEWS.map((kind) =>
        skewPnlByExpiry(options, market, { kind, volShock: VOL_UP }),
      );
      return [underlying, kinds];
    }),
  );
}

function addSkews(all: readonly Skews[]): Skews {
  const sums = new Map<string, Map<number, number>[]>();
  for (const [underlying, kinds] of all.flatMap((skews) => [...skews])) {
    const into = sums.get(underlying) ?? SKEWS.map(() => new Map<number, number>());
    sums.set(underlying, into);
    for (const [index, byExpiry] of kinds.entries()) {
      const sum = into[index];
      for (const [expiry, pnl] of byExpiry) sum?.set(expiry, (sum.get(expiry) ?? 0) + pnl);
    }
  }
  return sums;
}

function lossesOf(pnl: ArrayLike<number>, skews: Skews): ShortTermLosses {
  const [up = 0, down = 0, gapUp = 0, gapDown = 0] = Array.from(pnl);
  let skewPnl = 0;
  for (const kinds of skews.values()) {
    skewPnl += Math.min(...kinds.map((byExpiry) => skewLossUsd(byExpiry.values())));
  }
  const losses = {
    upUsd: 0 - up,
    downUsd: 0 - down,
    upSkewUsd: 0 - up - skewPnl,
    upGapUsd: 0 - Math.min(gapUp, gapDown),
  };
  return { ...losses, worstUsd: Math.max(...Object.values(losses)) };
}
