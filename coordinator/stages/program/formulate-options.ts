import { limitsOf, seriesFor } from "#coordinator/stages/plans/plan-options.ts";
import { addPayable, convexSegments } from "#coordinator/stages/program/formulate-hedges.ts";
import type {
  PlannedUnderlying,
  PlanningWorld,
} from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program/program-builder.ts";
import {
  allowedChange,
  type BucketLimit,
  beyondLimit,
  inLimitUnit,
} from "#coordinator/stages/risk/bucket-limits.ts";
import type { SeriesOption } from "#coordinator/stages/trades/series-option.ts";

/** The columns of one series of one shard, bought or sold. */
export type SeriesVariables = {
  readonly option: SeriesOption;
  /** 1 when it is traded. */
  readonly used: number;
  /** Options on each stretch of its depth, and what one of them costs beside its fair value. */
  readonly segments: readonly { readonly column: number; readonly costUsdPerUnit: number }[];
};

/**
 * Columns for the option series that could bring buckets back within their limits, and a row for each end of each limit:
 * what stays beyond it is penalised, and no trade takes an end further beyond than it is. An account's cash is for all its
 * trades; cash is brought for one series at a time, and then nothing is traded there.
 */
export function addOptions(builder: ProgramBuilder, world: PlanningWorld): SeriesVariables[] {
  return world.underlyings.flatMap((one) => {
    const series = seriesFor(world, one, world.effects)
      .filter(({ limitUnits, payableUnits }) => limitUnits > 0 && limitUnits >= payableUnits)
      .map((option) => addSeries(builder, option));
    if (series.length === 0) return [];
    for (const limit of limitsOf(world, one)) addLimit(builder, one, { limit, series });
    addAccounts(builder, series);
    const used = series.map((part): [number, number] => [part.used, 1]);
    const most = world.policy.options.tradesPerPassMax;
    builder.atMost(`option trades ${one.underlying}`, used, most, "trade");
    return series;
  });
}

function addSeries(builder: ProgramBuilder, option: SeriesOption): SeriesVariables {
  const { input, series, side, isAwaitingCash } = option;
  const name = `${side} ${series.type} ${series.strikeUsd} ${series.strikeId} on ${input.setup.shard}`;
  const place = isAwaitingCash ? `${name} after cash` : name;
  const used = builder.column(`use ${place}`, { cost: option.gasUsd, upper: 1, isInteger: true });
  const segments = convexSegments(option.segments, option.limitUnits).map((segment, index) => {
    const { units, costUsdPerUnit } = segment;
    const column = builder.column(`${place} #${index}`, { cost: costUsdPerUnit, upper: units });
    return { column, costUsdPerUnit };
  });
  const parts = segments.map(({ column }): [number, number] => [column, 1]);
  builder.atMost(place, [...parts, [used, -option.limitUnits]], 0, "option");
  addPayable(builder, place, { parts, used, option });
  return { option, used, segments };
}

/** Terms for what series add, `perUnit` for one option held. */
export function seriesTerms(
  series: readonly SeriesVariables[],
  perUnit: (option: SeriesOption) => number,
): [number, number][] {
  return series.flatMap(({ option, segments }) => {
    const by = option.sign * perUnit(option);
    return by === 0 ? [] : segments.map(({ column }): [number, number] => [column, by]);
  });
}

function addLimit(
  builder: ProgramBuilder,
  { underlying, spotUsd }: PlannedUnderlying,
  { limit, series }: { readonly limit: BucketLimit; readonly series: readonly SeriesVariables[] },
): void {
  const own = series.filter(({ option }) => option.bucket === limit.bucket);
  const terms = seriesTerms(own, (option) => inLimitUnit(limit, option.exposure, spotUsd));
  if (terms.length === 0 && beyondLimit(limit) === 0) return;
  const name = `${limit.name} ${underlying} bucket ${limit.bucket}`;
  const beyond = builder.column(`beyond ${name}`, {
    cost: limit.penaltyUsd,
    before: beyondLimit(limit),
  });
  const [low, high] = limit.certain;
  builder.atMost(name, [...terms, [beyond, -1]], limit.limit - high, "unit of the limit");
  builder.atLeast(name, [...terms, [beyond, 1]], -limit.limit - low, "unit of the limit");
  const [least, most] = allowedChange(limit);
  if (terms.length === 0) return;
  // Of all trades, whichever are done: gains on one side do not pay for the other.
  const up = terms.filter(([, by]) => by > 0);
  const down = terms.filter(([, by]) => by < 0);
  if (up.length > 0) builder.atMost(`${name} upwards`, up, most);
  if (down.length > 0) builder.atLeast(`${name} downwards`, down, least);
}

function addAccounts(builder: ProgramBuilder, series: readonly SeriesVariables[]): void {
  const accounts = Map.groupBy(series, ({ option }) => {
    return `${option.input.setup.shard} ${option.market.adapter}`;
  });
  for (const [account, all] of accounts) {
    const later = all.filter(({ option }) => option.isAwaitingCash);
    const now = all.filter(({ option }) => !option.isAwaitingCash);
    const moves = later.map(({ used }): [number, number] => [used, 1]);
    if (moves.length > 1) builder.atMost(`one move of cash to ${account}`, moves, 1);
    for (const { used } of moves.length > 0 ? now : []) {
      builder.atMost(`cash before trades at ${account}`, [...moves, [used, 1]], 1);
    }
    const bought = now.filter(({ option }) => option.sign === 1);
    const [first] = bought;
    if (first === undefined) continue;
    builder.atMost(`cash of ${account}`, premiumTerms(bought), first.option.cashUsd, "USD");
  }
}

/** Premium of what is bought, per option of each stretch. */
export function premiumTerms(series: readonly SeriesVariables[]): Terms {
  return series
    .filter(({ option }) => option.sign === 1)
    .flatMap(({ option, segments }) => {
      return segments.map(({ column, costUsdPerUnit }): [number, number] => {
        return [column, option.fairUsd + costUsdPerUnit];
      });
    });
}

/** What option trades take off the shard's collateral over its requirement and buffer at most, whichever are done. */
export function worseByOptions(series: readonly SeriesVariables[]): [number, number][] {
  return series.flatMap(({ option, segments }) => {
    return segments.map(({ column }): [number, number] => [column, option.slackUsdPerUnit]);
  });
}
