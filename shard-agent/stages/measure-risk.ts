import type { MeasuredRisk, ValuedBook } from "#shard-agent/records/valuation.ts";
import { QUANTITY_DECIMALS } from "#shard-agent/stages/value-book.ts";
import { type Greeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import type { OptionPosition } from "#shared/risk/pricing/option-position.ts";
import type { OptionPricer } from "#shared/risk/pricing/option-pricer.ts";
import { summedGreeks } from "#shared/risk/pricing/summed-greeks.ts";
import { optionGridPnlUsd } from "#shared/risk/scenarios/option-grid-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { GreeksLine } from "#shared/wire/shard-report.ts";

/**
 * Greeks and scenario P&L of a valued book.
 *
 * Held hedges and perpetuals are the line with `expiryMs: null`. Series at or after their expiry carry no risk any
 * more: their payoff is fixed by the feed. Lines ascend by underlying as in the market, then by expiry.
 */
export function measureRisk(valued: ValuedBook): MeasuredRisk {
  const greeks: GreeksLine[] = [];
  const scenarioPnlUsd = STANDARD_GRID.map(() => 0);
  for (const [index, pricer] of valued.pricers.entries()) {
    const underlying = valued.market[index]?.underlying ?? "";
    const spotUnits = heldUnits(valued, underlying);
    const positions = livePositions(valued, underlying);
    greeks.push({ underlying, expiryMs: null, ...ZERO_GREEKS, deltaUnits: spotUnits });
    for (const [expiryMs, sum] of greeksByExpiry(positions, pricer))
      greeks.push({ underlying, expiryMs, ...sum });
    const pnlUsd = optionGridPnlUsd({ positions, spotUnits }, pricer, STANDARD_GRID);
    for (const [scenario, pnl] of pnlUsd.entries())
      scenarioPnlUsd[scenario] = (scenarioPnlUsd[scenario] ?? 0) + pnl;
  }
  return { greeks, scenarioPnlUsd };
}

/** Hedges held and perpetuals, positive long. */
function heldUnits(valued: ValuedBook, underlying: string): number {
  const held = valued.collateral
    .filter((line) => line.underlying === underlying)
    .map((line) => unitsFromRaw(BigInt(line.amountRaw), line.decimals));
  const perps = valued.perps
    .filter((line) => line.underlying === underlying)
    .map((line) => unitsFromRaw(BigInt(line.sizeE18), QUANTITY_DECIMALS));
  return [...held, ...perps].reduce((sum, units) => sum + units, 0);
}

function livePositions(valued: ValuedBook, underlying: string): readonly OptionPosition[] {
  return valued.book.filter(
    (line) => line.underlying === underlying && line.expiryMs > valued.asOfMs,
  );
}

function greeksByExpiry(
  positions: readonly OptionPosition[],
  pricer: OptionPricer,
): [expiryMs: number, Greeks][] {
  const byExpiry = Map.groupBy(positions, ({ expiryMs }) => expiryMs);
  return [...byExpiry]
    .sort(([one], [other]) => one - other)
    .map(([expiryMs, held]) => [expiryMs, summedGreeks(held, pricer)]);
}
