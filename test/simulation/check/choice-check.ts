import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { PlanFigures } from "#coordinator/records/planning/plan-report.ts";
import type { Violate } from "#test/simulation/check/ledger.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";

const CENT_USD = 0.01;

/**
 * I4 for the choice of a plan: weighed anew by the policy, the one that was taken is no worse than the other that was
 * found, and its jobs leave no more outside the band than it says.
 */
export function checkChoice(
  decision: DecisionRecord,
  jobs: readonly JobRecord[],
  violate: Violate,
): void {
  const { plan } = decision;
  if (plan === null) return;
  const takenUsd = objectiveUsd(plan.after);
  const greedy = plan.alternatives.find((one) => one.plan === "greedy");
  if (plan.method === "milp" && greedy === undefined)
    violate("I4", "a solved plan was taken and compared with no greedy one");
  const others = plan.alternatives.filter((one) => one.plan !== "nothing");
  for (const other of others) {
    const worseUsd = takenUsd - objectiveUsd(other.figures);
    if (worseUsd > CENT_USD)
      violate(
        "I4",
        `the ${plan.method} plan was taken, worse than the ${other.plan} one by ${worseUsd.toFixed(2)} USD`,
      );
  }
  const leftUsd = certainlyLeftUsd(decision, jobs);
  if (leftUsd > plan.after.outsideBandUsd + CENT_USD)
    violate(
      "I4",
      `the jobs leave ${leftUsd.toFixed(2)} USD outside the band, the plan says ${plan.after.outsideBandUsd.toFixed(2)}`,
    );
}

/** A plan's objective in USD, weighed anew. */
function objectiveUsd(figures: PlanFigures): number {
  const { riskAversion, bandPenaltyFraction, shortfallPenaltyFraction } = SIMULATED_POLICY.planning;
  const { executionUsd, gasUsd, fundingUsd, bridgeUsd, beyondLimitsUsd } = figures;
  const costUsd = executionUsd + gasUsd + fundingUsd + bridgeUsd;
  const riskUsd = riskAversion * figures.expectedShortfallUsd + beyondLimitsUsd;
  const bandUsd = bandPenaltyFraction * figures.outsideBandUsd;
  return costUsd + riskUsd + bandUsd + shortfallPenaltyFraction * figures.uncoveredUsd;
}

/** Net delta in USD that the jobs leave outside the bands themselves; 0 where intervals or orders blur it. */
function certainlyLeftUsd(decision: DecisionRecord, jobs: readonly JobRecord[]): number {
  if (decision.staleReports.length > 0 || decision.safety.orders.length > 0) return 0;
  // Cash for options counts with the delta of what it is to buy.
  if (jobs.some(({ kind, underlying }) => kind === "margin-move" && underlying !== null)) return 0;
  return decision.underlyings.reduce((sum, one) => {
    const { underlying, netDeltaUnits, halfWidthUnits, spotUsd } = one;
    if (netDeltaUnits === null || halfWidthUnits === null || spotUsd === null) return sum;
    const tradedUnits = jobs
      .filter((job) => job.underlying === underlying)
      .reduce((total, job) => total + job.expectedDeltaUnits, 0);
    const outsideUnits = Math.abs(netDeltaUnits + tradedUnits) - halfWidthUnits;
    return sum + Math.max(0, outsideUnits) * spotUsd;
  }, 0);
}
