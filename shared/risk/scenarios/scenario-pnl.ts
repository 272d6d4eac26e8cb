import { optionPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import {
  type MarketMove,
  type OptionMarket,
  type OptionPosition,
  optionInputs,
  positionVolatility,
} from "#shared/risk/pricing/option-position.ts";
import { optionTerms } from "#shared/risk/pricing/option-terms.ts";
import type { Scenario } from "#shared/risk/scenarios/standard-grid.ts";
import { yearsBetween } from "#shared/units/time.ts";

/**
 * Profit and loss in USD of options and spot of one underlying in each scenario, by full revaluation
 * at an instant shock. Gains are positive. The scenario's weight is already applied.
 *
 * Sticky strike: every option keeps the volatility of its unmoved moneyness, times the shock. Forwards
 * move with spot. Positions of other underlyings than the market's must not be passed.
 *
 * @param spotUnits Units of the underlying held beside the options (spot, hedges): delta one.
 * @returns One entry per scenario, in the grid's order.
 * @throws {RangeError} If the market, a position or a scenario is out of its domain.
 */
export function optionScenarioPnlUsd(
  positions: readonly OptionPosition[],
  spotUnits: number,
  market: OptionMarket,
  grid: readonly Scenario[],
): number[] {
  const pnlUsd = grid.map((scenario) => {
    requireSpotShock(scenario.spotShock);
    return spotUnits * market.spotUsd * scenario.spotShock;
  });
  for (const position of positions) {
    addPositionPnl(pnlUsd, position, market, grid);
  }
  return pnlUsd.map((pnl, index) => pnl * (grid[index]?.weight ?? 1));
}

function addPositionPnl(
  pnlUsd: number[],
  position: OptionPosition,
  market: OptionMarket,
  grid: readonly Scenario[],
): void {
  const volatility = positionVolatility(position, market);
  const nowUsd = priceAfter(position, market, { move: { spotShock: 0, volShock: 0 }, volatility });
  grid.forEach((move, index) => {
    const movedUsd = priceAfter(position, market, { move, volatility });
    pnlUsd[index] = (pnlUsd[index] ?? 0) + position.quantity * (movedUsd - nowUsd);
  });
}

/** Price in USD of one option, long, after the move. */
function priceAfter(
  position: OptionPosition,
  market: OptionMarket,
  at: { readonly move: MarketMove; readonly volatility: number },
): number {
  const years = Math.max(0, yearsBetween(market.nowMs, position.expiryMs));
  const inputs = optionInputs(position, market, { years, ...at });
  return optionPrice(inputs.type, optionTerms(inputs), inputs.volatility * Math.sqrt(years));
}

function requireSpotShock(spotShock: number): void {
  if (!(spotShock > -1) || !Number.isFinite(spotShock)) {
    throw new RangeError(`spotShock: ${spotShock}; must be > -1`);
  }
}
