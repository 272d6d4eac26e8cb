import { expectedShortfallAfter } from "#coordinator/stages/plans/evaluate-plan.ts";
import {
  type SeriesVariables,
  seriesTerms,
} from "#coordinator/stages/program/formulate-options.ts";
import type { PlanScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder, Terms } from "#coordinator/stages/program/program-builder.ts";

/** The net trade of one underlying. */
export type Exposure = {
  readonly underlying: string;
  /** 1 to buy, -1 to sell. */
  readonly sign: number;
  /** Units traded, >= 0. */
  readonly column: number;
};

type TailContext = {
  readonly world: PlanningWorld;
  readonly scenarios: PlanScenarios;
  readonly exposures: readonly Exposure[];
  readonly series: readonly SeriesVariables[];
};

/**
 * Expected shortfall after the plan. What the cost cap weighs costs against leaves out hedges that are exempt from it: it
 * has rows of its own where there are any.
 */
export function addTail(builder: ProgramBuilder, context: TailContext): void {
  const { world, exposures, series } = context;
  const { riskAversion } = world.policy.planning;
  const counted = exposures.filter(({ underlying }) => !world.costExempt.has(underlying));
  const isSame = counted.length === exposures.length;
  if (exposures.length + series.length > 0)
    addRows(builder, context, { name: "tail", aversion: riskAversion, isRisk: isSame });
  if (!isSame && counted.length + series.length > 0) {
    const part = { ...context, exposures: counted };
    addRows(builder, part, { name: "counted tail", aversion: 0, isRisk: true });
  }
}

function addRows(
  builder: ProgramBuilder,
  { world, scenarios, exposures, series }: TailContext,
  o: { readonly name: string; readonly aversion: number; readonly isRisk: boolean },
): void {
  const { expectedShortfallLevel } = world.policy.planning;
  const beforeUsd = expectedShortfallAfter(world, scenarios, { linear: new Map() });
  const tail = (weight: number, before: number) => {
    return { cost: o.aversion * weight, riskUsd: weight, before, isExempt: !o.isRisk };
  };
  const edge = builder.column(`${o.name} edge`, {
    ...tail(1, beforeUsd),
    lower: Number.NEGATIVE_INFINITY,
  });
  for (const [index, probability] of scenarios.probabilities.entries()) {
    const weight = probability / (1 - expectedShortfallLevel);
    const beyond = builder.column(`${o.name} ${index}`, tail(weight, 0));
    const gains = exposures.map(({ underlying, sign, column }): [number, number] => {
      const perUnit = scenarios.pnlUsdPerUnit.get(underlying)?.[index] ?? 0;
      return [column, perUnit * sign];
    });
    const options = seriesTerms(series, ({ underlying, exposure }) => {
      return scenarios.gridPnlUsd(underlying, exposure.gridPnlUsd, index);
    });
    const terms: Terms = [
      [beyond, 1],
      [edge, 1],
      ...gains.filter(([, by]) => by !== 0),
      ...options,
    ];
    builder.atLeast(`${o.name} ${index}`, terms, -(scenarios.pnlUsd[index] ?? 0));
  }
}
