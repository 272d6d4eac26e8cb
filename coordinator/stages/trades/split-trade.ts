import type { CostSegment } from "#coordinator/stages/trades/depth-cost.ts";

/** One shard on which a part of a trade could be done. */
export type TradeOption = {
  readonly shard: string;
  /** Marginal costs in the order in which depth is consumed. */
  readonly segments: readonly CostSegment[];
  /** Most units that may be traded there. */
  readonly limitUnits: number;
  /** Gas of one trade there in USD. */
  readonly gasUsd: number;
  /** Trades below this are not worth their gas. */
  readonly leastUnits: number;
  /** Below this the shard's agent does not pay the gas: it would refuse the job. */
  readonly payableUnits: number;
};

export type Allocation = { readonly shard: string; readonly units: number };

/**
 * Splits a trade over shards: depth is taken in order of marginal cost, then shards whose gas costs
 * more than their depth saves are dropped one by one, as long as no part of the trade is lost by it.
 *
 * @param units Size of the trade, positive.
 * @param jobsMax Most shards that may be used.
 * @returns Parts, largest first; together at most `units`, less when the limits do not allow more.
 */
export function splitTrade(
  units: number,
  options: readonly TradeOption[],
  jobsMax: number,
): Allocation[] {
  if (jobsMax < 1 || !(units > 0)) return [];
  let used = payable(units, dropSmall(units, options));
  let best = fill(units, used);
  while (best.parts.length > 1) {
    const next = bestWithoutOne(units, used, best);
    const isTooMany = best.parts.length > jobsMax;
    if (next === undefined || (!isTooMany && !isBetter(next.filled, best, units))) break;
    used = next.options;
    best = next.filled;
  }
  return best.parts.slice(0, jobsMax);
}

type Filled = {
  readonly parts: readonly Allocation[];
  readonly totalUnits: number;
  readonly costUsd: number;
};

const DUST = 1e-9;

function isBetter(candidate: Filled, current: Filled, units: number): boolean {
  return (
    candidate.totalUnits >= current.totalUnits - DUST * units && candidate.costUsd < current.costUsd
  );
}

/** Leaves out options that could never carry a trade worth its gas, unless there is no other. */
function dropSmall(units: number, options: readonly TradeOption[]): readonly TradeOption[] {
  const worthwhile = options.filter(
    (option) => Math.min(option.limitUnits, units) >= option.leastUnits,
  );
  return worthwhile.filter((option) => option.limitUnits > 0);
}

function bestWithoutOne(
  units: number,
  options: readonly TradeOption[],
  current: Filled,
): { readonly options: readonly TradeOption[]; readonly filled: Filled } | undefined {
  const candidates = current.parts.map((part) => {
    const rest = options.filter((option) => option.shard !== part.shard);
    return { options: rest, filled: fill(units, rest) };
  });
  return candidates.sort((left, right) => {
    const more = right.filled.totalUnits - left.filled.totalUnits;
    return Math.abs(more) > DUST * units ? more : left.filled.costUsd - right.filled.costUsd;
  })[0];
}

/**
 * Leaves out one by one the options whose part their agent would refuse, the smallest part first. What remains only takes
 * more, now and whatever else is left out later.
 */
function payable(units: number, options: readonly TradeOption[]): readonly TradeOption[] {
  let left = options;
  for (;;) {
    const refused = fill(units, left).parts.findLast((part) => {
      return left.some((one) => one.shard === part.shard && part.units < one.payableUnits);
    });
    if (refused === undefined) return left;
    left = left.filter((one) => one.shard !== refused.shard);
  }
}

type Cursor = {
  readonly option: TradeOption;
  segment: number;
  usedInSegment: number;
  units: number;
  costUsd: number;
};

function fill(units: number, options: readonly TradeOption[]): Filled {
  const cursors = options.map(
    (option): Cursor => ({ option, segment: 0, usedInSegment: 0, units: 0, costUsd: 0 }),
  );
  let left = units;
  while (left > DUST * units) {
    const cheapest = cheapestCursor(cursors, units);
    if (cheapest === undefined) break;
    left -= take(cheapest.cursor, cheapest.segment, left);
  }
  const used = cursors.filter((cursor) => cursor.units > 0);
  return {
    parts: used
      .map((cursor) => ({ shard: cursor.option.shard, units: cursor.units }))
      .sort((one, other) => other.units - one.units || (one.shard < other.shard ? -1 : 1)),
    totalUnits: units - left,
    costUsd: used.reduce((total, cursor) => total + cursor.costUsd + cursor.option.gasUsd, 0),
  };
}

function cheapestCursor(
  cursors: readonly Cursor[],
  units: number,
): { readonly cursor: Cursor; readonly segment: CostSegment } | undefined {
  let best: { cursor: Cursor; segment: CostSegment } | undefined;
  for (const cursor of cursors) {
    const segment = cursor.option.segments[cursor.segment];
    if (segment === undefined || cursor.option.limitUnits - cursor.units <= DUST * units) continue;
    if (best === undefined || segment.costUsdPerUnit < best.segment.costUsdPerUnit)
      best = { cursor, segment };
  }
  return best;
}

function take(cursor: Cursor, segment: CostSegment, left: number): number {
  const inSegment = segment.units - cursor.usedInSegment;
  const amount = Math.min(left, inSegment, cursor.option.limitUnits - cursor.units);
  cursor.units += amount;
  cursor.costUsd += amount * segment.costUsdPerUnit;
  cursor.usedInSegment += amount;
  if (amount === inSegment) {
    cursor.segment += 1;
    cursor.usedInSegment = 0;
  }
  return amount;
}
