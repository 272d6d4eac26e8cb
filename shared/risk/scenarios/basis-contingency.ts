import { type Position, positionPnlUsd } from "#shared/risk/portfolio/position.ts";
import type { UnderlyingMarket } from "#shared/risk/volatility/underlying-market.ts";
import { yearsBetween } from "#shared/units/time.ts";

/** How far, and at which price, the basis of one expiry (or one chain) may move. */
export type BasisShock = {
  /** Relative move of the forward against spot, either way: 0.05 is ±5 %. */
  readonly moveFraction: number;
  /** Charge as a multiple of the worse loss: base + perYear x years. */
  readonly base: number;
  readonly perYear: number;
};

/**
 * Contingency in USD, >= 0, for a move of each expiry's forward against spot: per expiry the worse loss of a
 * rise and a fall times (base + perYear x years), summed, so a hedge at another expiry earns no credit.
 * Spot and perpetuals count as an expiry of their own at zero years; for prices of one asset on several chains,
 * pass each chain's positions apart and the transfer delay as `perYear`.
 *
 * @throws {RangeError} As valuePosition.
 * @see Derive, PMRM, _getBasisContingency.
 */
export function basisContingencyUsd(
  positions: readonly Position[],
  market: UnderlyingMarket,
  shock: BasisShock,
): number {
  const moves = [shock.moveFraction, -shock.moveFraction].map((spotShock) => ({
    spotShock,
    volShock: 0,
  }));
  const byExpiry = new Map<number, [number, number]>();
  for (const position of positions) {
    const expiryMs = "expiryMs" in position ? position.expiryMs : market.nowMs;
    const [up = 0, down = 0] = positionPnlUsd(position, market, moves);
    const so = byExpiry.get(expiryMs) ?? [0, 0];
    byExpiry.set(expiryMs, [so[0] + up, so[1] + down]);
  }
  let contingencyUsd = 0;
  for (const [expiryMs, [up, down]] of byExpiry) {
    const years = Math.max(0, yearsBetween(market.nowMs, expiryMs));
    contingencyUsd += Math.max(0, -Math.min(up, down)) * (shock.base + shock.perYear * years);
  }
  return contingencyUsd;
}
