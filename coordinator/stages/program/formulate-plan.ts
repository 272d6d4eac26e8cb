import type { LinearProgram } from "#coordinator/records/planning/linear-program.ts";
import { addCapital } from "#coordinator/stages/program/formulate-capital.ts";
import { addCaps } from "#coordinator/stages/program/formulate-caps.ts";
import { addCostCap } from "#coordinator/stages/program/formulate-cost-cap.ts";
import { addHedges, type HedgeVariables } from "#coordinator/stages/program/formulate-hedges.ts";
import {
  addOptions,
  type SeriesVariables,
  seriesTerms,
} from "#coordinator/stages/program/formulate-options.ts";
import { addTail, type Exposure } from "#coordinator/stages/program/formulate-tail.ts";
import {
  addTransfers,
  type TransferVariables,
} from "#coordinator/stages/program/formulate-transfers.ts";
import type { PlanScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import {
  nearEndUnits,
  type PlannedUnderlying,
  type PlanningWorld,
  targetUnits,
} from "#coordinator/stages/program/planning-world.ts";
import {
  type ProgramBuilder,
  programBuilder,
  type ShownRow,
  type Terms,
} from "#coordinator/stages/program/program-builder.ts";

/** A planning problem as a program, and how to read its solution. */
export type Formulation = {
  readonly program: LinearProgram;
  readonly hedges: readonly HedgeVariables[];
  readonly series: readonly SeriesVariables[];
  readonly transfers: readonly TransferVariables[];
  readonly shown: readonly ShownRow[];
};

/**
 * The plan as a mixed-integer linear program, or undefined when there is nothing to decide.
 *
 * Columns: stretches of depth on every venue, whether a venue is used (gas), transfers and whether they are made (fee),
 * one net exposure per underlying, worst losses per shard and underlying, and the tail of the expected shortfall
 * (Rockafellar and Uryasev: `t + sum(p v) / (1 - level)`, `v >= loss - t`). The scenarios meet linear trades only in the
 * net exposures; option series come only where a bucket is beyond its limit, each with its own P&L. Trades of one underlying all go one way, so no two shards trade against each other,
 * and every part of the plan that executes alone lies between nothing and the whole.
 *
 * @see Rockafellar and Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2 (2000).
 */
export function formulatePlan(
  world: PlanningWorld,
  scenarios: PlanScenarios,
): Formulation | undefined {
  const builder = programBuilder();
  const hedges = addHedges(builder, world);
  const series = addOptions(builder, world);
  addJobs(builder, world, { hedges, series });
  const transfers = addTransfers(builder, world);
  if (hedges.length + series.length + transfers.length === 0) return undefined;
  const exposures = addExposures(builder, world, { hedges, series });
  addOptionDeltas(builder, world, { hedges, series });
  addTail(builder, { world, scenarios, exposures, series });
  addCapital(builder, { world, hedges, series, transfers });
  addCaps(builder, world, { hedges, series, transfers });
  addCostCap(builder, world);
  return { ...builder.finish(), hedges, series, transfers };
}

/** Net trade of each underlying in units, within its limit, with what it leaves outside its band. */
function addExposures(
  builder: ProgramBuilder,
  world: PlanningWorld,
  { hedges, series }: Trades,
): Exposure[] {
  const { policy } = world;
  return world.underlyings.flatMap((one): Exposure[] => {
    const { underlying, neededUnits } = one;
    const own = hedges.filter((hedge) => hedge.underlying === underlying);
    const ownSeries = series.filter(({ option }) => option.underlying === underlying);
    const options = seriesTerms(ownSeries, (option) => option.deltaUnits);
    if (own.length === 0) {
      addOutside(builder, world, { one, trades: options });
      return [];
    }
    const column = builder.column(`net trade ${underlying}`, {
      upper: Math.min(Math.abs(neededUnits) + 2 * targetUnits(one, policy), roomUnits(one, world)),
    });
    const parts: Terms = own.flatMap((hedge) =>
      hedge.segments.map(({ column: part }): [number, number] => [part, -1]),
    );
    builder.atMost(`sum ${underlying}`, [[column, 1], ...parts], 0);
    builder.atLeast(`sum ${underlying}`, [[column, 1], ...parts], 0);
    const sign = Math.sign(neededUnits);
    addOutside(builder, world, { one, trades: [[column, sign], ...options] });
    return [{ underlying, sign, column }];
  });
}

/** What is left outside the band, or outside its target where a hedge is due, on either side: softly, at its penalty. */
function addOutside(
  builder: ProgramBuilder,
  world: PlanningWorld,
  { one, trades }: { readonly one: PlannedUnderlying; readonly trades: Terms },
): void {
  const { underlying, neededUnits, spotUsd } = one;
  const near = nearEndUnits(one);
  const allowed = neededUnits === 0 ? one.halfWidthUnits : targetUnits(one, world.policy);
  const before = Math.max(0, Math.abs(near) - allowed);
  if (before === 0 && trades.length === 0) return;
  const outside = builder.column(`outside ${underlying}`, {
    cost: world.policy.planning.bandPenaltyFraction * spotUsd,
    riskUsd: spotUsd,
    before,
    isExempt: world.costExempt.has(underlying),
  });
  const side = near < 0 ? -1 : 1;
  const towards = trades.map(([at, by]): [number, number] => [at, -side * by]);
  const away = trades.map(([at, by]): [number, number] => [at, side * by]);
  const unit = `${underlying} of the band's target`;
  const distance = Math.abs(near);
  builder.atLeast(`band ${underlying}`, [[outside, 1], ...towards], distance - allowed, unit);
  builder.atLeast(`far edge ${underlying}`, [[outside, 1], ...away], -distance - allowed);
}

type Trades = {
  readonly hedges: readonly HedgeVariables[];
  readonly series: readonly SeriesVariables[];
};

/** Hedges, option trades and what is brought ahead of them are jobs of one pass. */
function addJobs(
  builder: ProgramBuilder,
  { policy }: PlanningWorld,
  { hedges, series }: Trades,
): void {
  const used = [...hedges, ...series].map((trade): [number, number] => [trade.used, 1]);
  const { jobsPerPassMax } = policy.hedging;
  if (used.length > jobsPerPassMax) builder.atMost("jobs in a pass", used, jobsPerPassMax, "job");
}

/** Option trades leave the net delta within its band, on either side, where it is; their sum counts, hedges included. */
function addOptionDeltas(builder: ProgramBuilder, world: PlanningWorld, trades: Trades): void {
  for (const one of world.underlyings) {
    const series = trades.series.filter(({ option }) => option.underlying === one.underlying);
    const terms = seriesTerms(series, (option) => option.deltaUnits);
    if (terms.length === 0) continue;
    const linear = trades.hedges
      .filter((hedge) => hedge.underlying === one.underlying)
      .flatMap(({ sign, segments }) => {
        return segments.map(({ column }): [number, number] => [column, sign]);
      });
    const [low, high] = one.net.staleIntervalUnits;
    const most = Math.max(0, one.halfWidthUnits - high);
    const least = Math.min(0, -one.halfWidthUnits - low);
    const all = [...terms, ...linear];
    builder.atMost(`delta of options ${one.underlying}`, all, most);
    builder.atLeast(`delta of options ${one.underlying}`, all, least);
  }
}

/** Most units that keep the net delta within its limit even if no job in flight is done, or all are. */
function roomUnits(one: PlannedUnderlying, { policy }: PlanningWorld): number {
  const limitUsd = policy.underlyings[one.underlying]?.netDeltaLimitUsd ?? 0;
  const limit = limitUsd / one.spotUsd;
  const [low, high] = one.net.limitIntervalUnits;
  return Math.max(0, one.neededUnits > 0 ? limit - high : limit + low);
}
