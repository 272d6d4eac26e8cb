import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { ProgramBuilder } from "#coordinator/stages/program/program-builder.ts";

/** Share of the cap's scale by which it may be missed, so that doing nothing is never infeasible by rounding. */
const TOLERANCE = 1e-9;

/**
 * The cap on what a plan may cost as a row: cost <= fraction x (risk when nothing is done - risk left), the risk being
 * expected shortfall, delta outside the bands and uncovered capital; penalties for vega and gamma that are saved may be
 * spent besides. Columns of risk can only be above what they stand for, so the row never allows too much. Call it last: it
 * is about every column there is.
 */
export function addCostCap(builder: ProgramBuilder, { policy }: PlanningWorld): void {
  const { costCapFractionOfRiskRemoved: fraction } = policy.planning;
  const terms = builder.charges().map(({ column, costUsd, riskUsd, before }) => {
    return { column, by: costUsd + fraction * riskUsd, before };
  });
  const beforeUsd = terms.reduce((sum, { by, before }) => sum + by * before, 0);
  builder.atMost(
    "cost cap",
    terms.map(({ column, by }): [number, number] => [column, by]),
    beforeUsd + TOLERANCE * (1 + Math.abs(beforeUsd)),
    "USD of cost",
  );
}
