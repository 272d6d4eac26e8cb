import type { MeasuredRisk, ValuedBook } from "#shard-agent/records/valuation.ts";
import { QUANTITY_DECIMALS } from "#shard-agent/stages/value-book.ts";
import { ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
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
  for (const [index, { underlying, spotUsd }] of valued.market.entries()) {
    const options = valued.options[index];
    const spotUnits = heldUnits(valued, underlying);
    greeks.push({ underlying, expiryMs: null, ...ZERO_GREEKS, deltaUnits: spotUnits });
    for (const { expiryMs, sum } of options?.greeks ?? [])
      greeks.push({ underlying, expiryMs, ...sum });
    for (const [scenario, { spotShock, weight }] of STANDARD_GRID.entries()) {
      const heldPnlUsd = spotUnits * spotUsd * spotShock * weight;
      const pnlUsd = heldPnlUsd + (options?.scenarioPnlUsd[scenario] ?? 0);
      scenarioPnlUsd[scenario] = (scenarioPnlUsd[scenario] ?? 0) + pnlUsd;
    }
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
