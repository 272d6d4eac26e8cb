import {
  type Markets,
  marketOf,
  optionsByUnderlying,
  type ShardBook,
} from "#shared/risk/portfolio.ts";
import { portfolioPnl } from "#shared/risk/portfolio-pnl.ts";
import { skewScenarioPnlUsd } from "#shared/risk/skew-scenario.ts";
import type { Scenario } from "#shared/risk/standard-grid.ts";

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

/**
 * Losses of shards, taken together, under the short-term volatility shocks behind Risk-Adjusted Capital: volatility
 * up, down, up with the worse of the two skews, and up with the worse of a spot gap up and down. Shocks
 * are scaled by tenor and common to all underlyings.
 *
 * @throws {RangeError} As portfolioPnl.
 */
export function shortTermLosses(shards: readonly ShardBook[], markets: Markets): ShortTermLosses {
  const [up = 0, down = 0, gapUp = 0, gapDown = 0] = portfolioPnl(shards, markets, SHOCKS).total;
  let skewPnl = 0;
  for (const [underlying, options] of optionsByUnderlying(shards)) {
    const market = marketOf(markets, underlying);
    const kinds = (["linear", "absolute"] as const).map((kind) =>
      skewScenarioPnlUsd(options, market, { kind, volShock: VOL_UP }),
    );
    skewPnl += Math.min(...kinds);
  }
  const losses = {
    upUsd: 0 - up,
    downUsd: 0 - down,
    upSkewUsd: 0 - up - skewPnl,
    upGapUsd: 0 - Math.min(gapUp, gapDown),
  };
  return { ...losses, worstUsd: Math.max(...Object.values(losses)) };
}
