import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";

/** Loss in USD of one scenario as a trade grows: `atZeroUsd + usdPerUnit x units`. */
export type LossLine = { readonly atZeroUsd: number; readonly usdPerUnit: number };

/**
 * The scenarios of the standard grid that are the worst for some size of a trade between 0 and `limitUnits`, as lines
 * whose highest is the worst loss; by ascending slope. A loss is never below 0: no line means that none ever is above.
 *
 * @param trade `sign` is 1 for a buy; `extraUnits` come on top of the book whatever is traded.
 */
export function lossLines(
  own: UnderlyingValuation,
  trade: { readonly extraUnits: number; readonly sign: 1 | -1; readonly limitUnits: number },
): LossLine[] {
  const all = STANDARD_GRID.map(({ spotShock, weight }, index): LossLine => {
    const perUnitUsd = own.spotUsd * spotShock * weight;
    return {
      atZeroUsd: -(own.gridPnlUsd[index] ?? 0) - trade.extraUnits * perUnitUsd,
      usdPerUnit: -trade.sign * perUnitUsd,
    };
  });
  const lines = [...all, { atZeroUsd: 0, usdPerUnit: 0 }];
  const worst: LossLine[] = [];
  let units = 0;
  for (;;) {
    const last = worst.at(-1);
    const next = last === undefined ? highestAtZero(lines) : firstToPass(last, lines);
    if (next === undefined) break;
    units = last === undefined ? 0 : crossing(last, next);
    if (units > trade.limitUnits) break;
    worst.push(next);
  }
  return worst.filter((line) => line.atZeroUsd !== 0 || line.usdPerUnit !== 0);
}

function highestAtZero(lines: readonly LossLine[]): LossLine | undefined {
  return [...lines].sort(
    (left, right) => right.atZeroUsd - left.atZeroUsd || right.usdPerUnit - left.usdPerUnit,
  )[0];
}

/** The steeper line that is the first to be above `last`; of several, the steepest. */
function firstToPass(last: LossLine, lines: readonly LossLine[]): LossLine | undefined {
  return lines
    .filter((line) => line.usdPerUnit > last.usdPerUnit)
    .sort((left, right) => {
      return crossing(last, left) - crossing(last, right) || right.usdPerUnit - left.usdPerUnit;
    })[0];
}

function crossing(flat: LossLine, steep: LossLine): number {
  return (flat.atZeroUsd - steep.atZeroUsd) / (steep.usdPerUnit - flat.usdPerUnit);
}
