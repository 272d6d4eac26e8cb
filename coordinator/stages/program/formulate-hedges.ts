import type {
  PlannedUnderlying,
  PlanningWorld,
} from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program/program-builder.ts";
import type { CostSegment } from "#coordinator/stages/trades/depth-cost.ts";
import type { HedgeOption } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { SHARED_LIMITS } from "#coordinator/stages/trades/venue-limits.ts";

/** The columns of one venue of one shard. */
export type HedgeVariables = {
  readonly underlying: string;
  /** 1 to buy, -1 to sell. */
  readonly sign: 1 | -1;
  readonly option: HedgeOption;
  /** 1 when the venue is used. */
  readonly used: number;
  /** Units on each stretch of its depth, and what one of them costs beside its spot value. */
  readonly segments: readonly { readonly column: number; readonly costUsdPerUnit: number }[];
};

/**
 * Columns for every venue on which an underlying that needs a hedge can be traded now. What limits a venue (depth within the
 * slippage, notional, cash, holdings, mode, solvency of its shard) is the bound of the trade there; what a shard's venues
 * have only together is a row besides.
 */
export function addHedges(builder: ProgramBuilder, world: PlanningWorld): HedgeVariables[] {
  const hedges = world.underlyings
    .filter((one) => one.neededUnits !== 0)
    .flatMap((one) => {
      const isExempt = world.costExempt.has(one.underlying);
      return optionsOf(one, world).map((option) => addVenue(builder, one, { option, isExempt }));
    });
  for (const [key, venues] of byShardAndUnderlying(hedges)) addShared(builder, key, venues);
  for (const [key, trades] of byAccount(hedges)) {
    if (trades.length < 2) continue;
    builder.atMost(
      `one job at ${key}`,
      trades.map(({ used }): [number, number] => [used, 1]),
      1,
    );
  }
  return hedges;
}

/** What a shard has only once, whichever of its venues take it: what it holds to sell, and how far it may reduce. */
function addShared(builder: ProgramBuilder, key: string, venues: readonly HedgeVariables[]): void {
  for (const limit of SHARED_LIMITS) {
    const own = venues.filter(({ option }) => option.limits[limit] !== undefined);
    if (own.length < 2) continue;
    const terms = own.flatMap(({ segments }) => {
      return segments.map(({ column }): [number, number] => [column, 1]);
    });
    const mostUnits = Math.min(...own.map(({ option }) => option.limits[limit] ?? 0));
    builder.atMost(`${limit}: ${key}`, terms, mostUnits, own[0]?.underlying);
  }
}

/** All usable venues, or those of the cheapest shards where there are more than the policy considers. */
function optionsOf(one: PlannedUnderlying, world: PlanningWorld): HedgeOption[] {
  const side = one.neededUnits > 0 ? "buy" : "sell";
  const perShard = world.inputs.flatMap((input) => {
    const outcome = hedgeOptions(input, { ...world, underlying: one.underlying, side });
    return outcome.usable ? [outcome.options] : [];
  });
  const marginal = (options: readonly HedgeOption[]): number => {
    return Math.min(
      ...options.map(({ segments, gasUsd, limitUnits }) => {
        return (
          (segments[0]?.costUsdPerUnit ?? 0) +
          gasUsd / Math.min(limitUnits, Math.abs(one.neededUnits))
        );
      }),
    );
  };
  return perShard
    .map((options) => ({ options, cost: marginal(options) }))
    .sort((left, right) => left.cost - right.cost)
    .slice(0, world.policy.planning.shardsMax)
    .flatMap(({ options }) => options);
}

function addVenue(
  builder: ProgramBuilder,
  one: PlannedUnderlying,
  { option, isExempt }: { readonly option: HedgeOption; readonly isExempt: boolean },
): HedgeVariables {
  const { underlying } = one;
  const { venue, market } = option.place;
  const place = `${underlying} on ${option.shard} ${venue} ${market}`;
  const gas = { cost: option.gasUsd, isExempt };
  const used = builder.column(`use ${place}`, { ...gas, upper: 1, isInteger: true });
  const stretches = convexSegments(option.segments, option.limitUnits, MERGED_MAX_USD);
  const segments = stretches.map(({ units, costUsdPerUnit }, index) => {
    const cost = { cost: costUsdPerUnit, isExempt };
    const column = builder.column(`${place} #${index}`, { ...cost, upper: units });
    return { column, costUsdPerUnit, units };
  });
  addOrder(builder, place, segments);
  const parts = segments.map(({ column }): [number, number] => [column, 1]);
  builder.atMost(
    `${tightest(option)}: ${place}`,
    [...parts, [used, -option.limitUnits]],
    0,
    underlying,
  );
  addPayable(builder, place, { parts, used, option });
  return { underlying, sign: one.neededUnits > 0 ? 1 : -1, option, used, segments };
}

/** A trade is one that the shard's agent pays the gas of, or none. */
export function addPayable(
  builder: ProgramBuilder,
  place: string,
  trade: {
    readonly parts: Terms;
    readonly used: number;
    readonly option: { readonly payableUnits: number };
  },
): void {
  const { parts, used, option } = trade;
  if (option.payableUnits === 0) return;
  builder.atLeast(`gas paid: ${place}`, [...parts, [used, -option.payableUnits]], 0);
}

/** A stretch that is cheaper than one before it is taken only when all before it are taken whole. */
function addOrder(
  builder: ProgramBuilder,
  place: string,
  segments: readonly (CostSegment & { readonly column: number })[],
): void {
  for (const [index, later] of segments.entries()) {
    const before = segments.slice(0, index);
    if (!before.some((one) => one.costUsdPerUnit > later.costUsdPerUnit)) continue;
    const name = `${place} #${index} after the rest`;
    const isReached = builder.column(name, { upper: 1, isInteger: true });
    const taken: Terms = [
      [later.column, 1],
      [isReached, -later.units],
    ];
    builder.atMost(name, taken, 0);
    for (const one of before) {
      const whole: Terms = [
        [one.column, 1],
        [isReached, -one.units],
      ];
      builder.atLeast(name, whole, 0);
    }
  }
}

/** The limit that decides how much a venue may trade. */
function tightest({ limits }: HedgeOption): string {
  const [first] = Object.entries(limits).sort(([, left], [, right]) => left - right);
  return first?.[0] ?? "limit";
}

/** Merged stretches may make a part of a trade cheaper than it is by this much. */
const MERGED_MAX_USD = 0.01;

/**
 * The stretches up to `mostUnits`, neighbours merged where the later one is cheaper: a linear program would take the
 * cheapest first, and depth can only be taken in order.
 *
 * @param errorMaxUsd Neighbours are left alone where a part of them would come out cheaper than it is by more; they have
 * to be kept in order by other means then.
 */
export function convexSegments(
  segments: readonly CostSegment[],
  mostUnits: number,
  errorMaxUsd = Number.POSITIVE_INFINITY,
): CostSegment[] {
  const merged: CostSegment[] = [];
  let leftUnits = mostUnits;
  for (const segment of segments) {
    let next = { ...segment, units: Math.min(segment.units, leftUnits) };
    leftUnits -= next.units;
    if (!(next.units > 0)) break;
    for (let last = merged.at(-1); last !== undefined; last = merged.at(-1)) {
      if (last.costUsdPerUnit <= next.costUsdPerUnit) break;
      const fallUsd = last.costUsdPerUnit - next.costUsdPerUnit;
      if ((fallUsd * last.units * next.units) / (last.units + next.units) > errorMaxUsd) break;
      merged.pop();
      const units = last.units + next.units;
      const costUsd = last.units * last.costUsdPerUnit + next.units * next.costUsdPerUnit;
      next = { units, costUsdPerUnit: costUsd / units };
    }
    merged.push(next);
  }
  return merged;
}

/** Perpetuals of all underlyings that share an account: what one needs of its margin the other cannot have. */
function byAccount(hedges: readonly HedgeVariables[]): ReadonlyMap<string, HedgeVariables[]> {
  const perps = hedges.filter(({ option }) => option.venue.kind === "perp");
  return Map.groupBy(perps, ({ option }) => `${option.shard} ${option.place.adapter}`);
}

function byShardAndUnderlying(
  hedges: readonly HedgeVariables[],
): ReadonlyMap<string, HedgeVariables[]> {
  return Map.groupBy(hedges, ({ option, underlying }) => `${underlying} on ${option.shard}`);
}
