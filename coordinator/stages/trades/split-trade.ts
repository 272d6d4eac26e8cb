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
  let used = payable(units, depthOf(dropSmall(units, options)));
  let best = fill(units, used);
  while (best.parts.length > 1) {
    const next = bestWithoutOne(units, used, best);
    const isTooMany = best.parts.length > jobsMax;
    if (next === undefined || (!isTooMany && !isBetter(next.filled, best, units))) break;
    used = next.depth;
    best = next.filled;
  }
  return best.parts.slice(0, jobsMax);
}

/** One stretch of the depth of the option at a place in the list. */
type Stretch = CostSegment & {
  readonly at: number;
  /** Dearest of the option so far: what is cheaper behind it is reached only through it. */
  readonly reachedAtUsd: number;
};

/** All options of a trade, and the depth of those still considered in the order in which it is consumed. */
type Depth = { readonly options: readonly TradeOption[]; readonly stretches: readonly Stretch[] };

/** Sorted once: leaving options out leaves the rest in order. Equal costs are taken in the order of the options. */
function depthOf(options: readonly TradeOption[]): Depth {
  const stretches = options.flatMap(({ segments }, at) => {
    let reachedAtUsd = Number.NEGATIVE_INFINITY;
    return segments.map(({ units, costUsdPerUnit }): Stretch => {
      reachedAtUsd = Math.max(reachedAtUsd, costUsdPerUnit);
      return { at, units, costUsdPerUnit, reachedAtUsd };
    });
  });
  return {
    options,
    stretches: stretches.sort((left, right) => left.reachedAtUsd - right.reachedAtUsd),
  };
}

function without({ options, stretches }: Depth, shard: string): Depth {
  const isOut = options.map((option) => option.shard === shard);
  return { options, stretches: stretches.filter(({ at }) => isOut[at] === false) };
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
  depth: Depth,
  current: Filled,
): { readonly depth: Depth; readonly filled: Filled } | undefined {
  const candidates = current.parts.map(({ shard }) => {
    const rest = without(depth, shard);
    return { depth: rest, filled: fill(units, rest) };
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
function payable(units: number, all: Depth): Depth {
  let left = all;
  for (;;) {
    const refused = fill(units, left).parts.findLast((part) => {
      return left.options.some((one) => one.shard === part.shard && part.units < one.payableUnits);
    });
    if (refused === undefined) return left;
    left = without(left, refused.shard);
  }
}

function fill(units: number, { options, stretches }: Depth): Filled {
  const takenUnits = options.map(() => 0);
  const costsUsd = options.map(() => 0);
  let left = units;
  for (const { at, units: mostUnits, costUsdPerUnit } of stretches) {
    if (left <= DUST * units) break;
    const before = takenUnits[at] ?? 0;
    const roomUnits = (options[at]?.limitUnits ?? 0) - before;
    if (roomUnits <= DUST * units) continue;
    const amount = Math.min(left, mostUnits, roomUnits);
    takenUnits[at] = before + amount;
    costsUsd[at] = (costsUsd[at] ?? 0) + amount * costUsdPerUnit;
    left -= amount;
  }
  const parts: Allocation[] = [];
  let costUsd = 0;
  for (const [at, { shard, gasUsd }] of options.entries()) {
    const done = takenUnits[at] ?? 0;
    if (done <= 0) continue;
    parts.push({ shard, units: done });
    costUsd += (costsUsd[at] ?? 0) + gasUsd;
  }
  return {
    parts: parts.sort((one, other) => {
      return other.units - one.units || (one.shard < other.shard ? -1 : 1);
    }),
    totalUnits: units - left,
    costUsd,
  };
}
