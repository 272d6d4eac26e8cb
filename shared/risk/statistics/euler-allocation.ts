import type { TailScenario } from "#shared/risk/statistics/expected-shortfall.ts";

/**
 * Euler attribution of expected shortfall: each part's mean loss in USD over the tail of the whole. The
 * components sum to the expected shortfall of the sum of the parts (to rounding); a negative one is a hedge.
 *
 * @param tail Tail of the whole, from tailRisk.
 * @param pnlUsdByPart For each part (shard, expiry, underlying or any split) its P&L per scenario.
 * @throws {RangeError} If a part has no figure for a scenario of the tail.
 * @see Tasche, "Capital allocation to business units and sub-portfolios: the Euler principle" (2008).
 */
export function eulerAllocation<Key>(
  tail: readonly TailScenario[],
  pnlUsdByPart: ReadonlyMap<Key, ArrayLike<number>>,
): Map<Key, number> {
  const components = new Map<Key, number>();
  for (const [part, pnlUsd] of pnlUsdByPart) {
    let component = 0;
    for (const { index, weight } of tail) {
      const pnl = pnlUsd[index];
      if (pnl === undefined) {
        throw new RangeError(`part ${String(part)}: no P&L for scenario ${index}`);
      }
      component -= weight * pnl;
    }
    components.set(part, component + 0);
  }
  return components;
}
