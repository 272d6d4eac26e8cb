import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine, PerpLine } from "#shared/wire/shard-report.ts";

export type Side = "buy" | "sell";

/** A point of a venue's depth: trading `units` of the underlying pays or brings `usd` in all. */
export type DepthPoint = { readonly units: number; readonly usd: number };

/** A stretch of a venue's depth over which one more unit costs the same, in USD beside its spot value. */
export type CostSegment = { readonly units: number; readonly costUsdPerUnit: number };

export type DepthContext = {
  readonly side: Side;
  readonly spotUsd: number;
  readonly settlementUsd: number;
  readonly settlementDecimals: number;
  readonly tokenDecimals: number;
};

/**
 * Reported depth in units and USD, ascending from (0, 0); it ends where the venue can no longer fill.
 *
 * @param stepsMax Steps of the depth that are wanted, from the first; all when left out.
 */
export function depthPoints(
  line: CapacityLine,
  context: DepthContext,
  stepsMax?: number,
): DepthPoint[] {
  const points: DepthPoint[] = [{ units: 0, usd: 0 }];
  for (const { amountInRaw, amountOutRaw } of line[context.side].slice(0, stepsMax)) {
    const settlementRaw = context.side === "buy" ? amountInRaw : amountOutRaw;
    const underlyingRaw = context.side === "buy" ? amountOutRaw : amountInRaw;
    const units = unitsFromRaw(BigInt(underlyingRaw), context.tokenDecimals);
    const usd =
      unitsFromRaw(BigInt(settlementRaw), context.settlementDecimals) * context.settlementUsd;
    const last = points.at(-1);
    if (amountOutRaw === "0" || last === undefined || units <= last.units || usd <= last.usd) break;
    points.push({ units, usd });
  }
  return points;
}

/** The same of a perpetual, whose figures are in units of its margin asset; fees are in them. */
export function perpDepthPoints(
  line: PerpLine,
  context: DepthContext,
  stepsMax?: number,
): DepthPoint[] {
  const points: DepthPoint[] = [{ units: 0, usd: 0 }];
  for (const { sizeE18, quoteE18 } of line[context.side].slice(0, stepsMax)) {
    const units = unitsFromRaw(BigInt(sizeE18), 18);
    const usd = unitsFromRaw(BigInt(quoteE18), 18) * context.settlementUsd;
    const last = points.at(-1);
    if (last === undefined || units <= last.units || usd <= last.usd) break;
    points.push({ units, usd });
  }
  return points;
}

/** USD paid (buy) or received (sell) for `units`, linear between the points; the last slope beyond them. */
export function usdFor(points: readonly DepthPoint[], units: number): number {
  for (let index = 1; index < points.length; index += 1) {
    const [from, to] = [points[index - 1], points[index]];
    if (from === undefined || to === undefined) break;
    if (units <= to.units || index === points.length - 1) {
      return from.usd + ((units - from.units) * (to.usd - from.usd)) / (to.units - from.units);
    }
  }
  return 0;
}

/** Cost against spot of trading `units`: fee and price impact, negative when the venue is better than spot. */
export function executionCostUsd(
  points: readonly DepthPoint[],
  units: number,
  context: DepthContext,
): number {
  const spotValueUsd = units * context.spotUsd;
  const usd = usdFor(points, units);
  return context.side === "buy" ? usd - spotValueUsd : spotValueUsd - usd;
}

/** Marginal cost per stretch of the depth, in the order in which it is consumed. */
export function costSegments(points: readonly DepthPoint[], context: DepthContext): CostSegment[] {
  return points.slice(1).map((to, index) => {
    const from = points[index] ?? { units: 0, usd: 0 };
    const units = to.units - from.units;
    const cost =
      executionCostUsd(points, to.units, context) - executionCostUsd(points, from.units, context);
    return { units, costUsdPerUnit: cost / units };
  });
}

/** Most units whose average price is within `slippageFraction` of spot; 0 when none is. */
export function unitsWithinSlippage(
  points: readonly DepthPoint[],
  context: DepthContext,
  slippageFraction: number,
): number {
  const most = points.at(-1)?.units ?? 0;
  return largestWhere(most, (units) => {
    const spotValueUsd = units * context.spotUsd;
    const usd = usdFor(points, units);
    const least = 1 - slippageFraction;
    return context.side === "buy" ? spotValueUsd >= usd * least : usd >= spotValueUsd * least;
  });
}

/**
 * Largest value in [0, most] for which `holds`, by bisection; `holds` must be true from 0 up to some
 * point and false beyond it.
 */
export function largestWhere(most: number, holds: (value: number) => boolean): number {
  if (most <= 0) return 0;
  if (holds(most)) return most;
  let low = 0;
  let high = most;
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}
