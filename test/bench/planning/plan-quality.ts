import type { PlanReport } from "#coordinator/records/planning/plan-report.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";
import { solvedPass } from "#test/support/coordinator/solve-pass.ts";

/** What one book's plans came to. */
type Compared = {
  readonly tookMs: number;
  readonly gapFraction: number;
  /** Objectives against doing nothing, in USD: how much the plan is worth. */
  readonly solvedUsd: number;
  readonly greedyUsd: number;
  readonly report: PlanReport;
};

/**
 * The solved plan against the greedy one and against every shard hedging alone, on seeded books of 2 to 12 shards, 1 to
 * 8 underlyings and 1 to 4 venues. The row's time is that of the solve.
 *
 * @throws {Error} If a plan is worse than the greedy one, which the choice between them rules out.
 */
export function planQualityRows(books: number): BenchRow[] {
  const compared = Array.from({ length: books }, (_, seed) => comparePlans(seed)).flatMap(
    (one) => one ?? [],
  );
  const worse = compared.filter((one) => one.solvedUsd < one.greedyUsd - 1e-6);
  if (worse.length > 0) throw new Error(`${worse.length} plans are worse than the greedy ones`);
  const better = compared.filter((one) => one.solvedUsd > one.greedyUsd + 0.01).length;
  const percent = (values: readonly number[]): string => `${(100 * median(values)).toFixed(1)} %`;
  const gains = compared.map((one) => (one.solvedUsd - one.greedyUsd) / Math.max(1, one.greedyUsd));
  const shortfalls = compared.map(({ report }) => {
    return report.after.expectedShortfallUsd / greedyOf(report).expectedShortfallUsd - 1;
  });
  const costs = compared.map(
    ({ report }) => costBps(report.after, report) - costBps(greedyOf(report), report),
  );
  const naive = compared.map(({ report }) => {
    return (report.naive.costUsd - costOf(report.after)) / Math.max(1, report.naive.costUsd);
  });
  const residual = compared.map(({ report }) => {
    return report.after.expectedShortfallUsd / report.naive.expectedShortfallUsd - 1;
  });
  const solves = compared.map((one) => one.tookMs * 1000);
  const gap = Math.max(...compared.map((one) => one.gapFraction));
  return [
    alone(
      `plan ${compared.length} seeded books: solved against greedy`,
      median(solves),
      `${better} better, 0 worse; medians: objective gained ${percent(gains)}, shortfall left ${percent(shortfalls)}, ` +
        `cost ${median(costs).toFixed(2)} USD per 10,000 of risk; largest gap ${(100 * gap).toFixed(2)} %`,
    ),
    alone(
      `plan ${compared.length} seeded books: solved against per shard`,
      median(solves),
      `medians: cost saved ${percent(naive)}, shortfall left ${percent(residual)}`,
    ),
  ];
}

function comparePlans(seed: number): Compared | undefined {
  const options = {
    seed,
    shards: 2 + (seed % 11),
    underlyings: 1 + (seed % 8),
    venues: 1 + (seed % 4),
    perps: seed % 3,
  };
  const input = aRandomPass({ ...options, planning: { method: "milp" } });
  const { plan: report } = solvedPass(input, input.policy.planning.timeLimitMs).decision;
  if (report === null || report.solver === null) return undefined;
  const base = report.before.objectiveUsd;
  return {
    tookMs: report.solver.tookMs,
    gapFraction: report.solver.gapFraction ?? 1,
    solvedUsd: base - report.after.objectiveUsd,
    greedyUsd: base - greedyOf(report).objectiveUsd,
    report,
  };
}

function greedyOf(report: PlanReport): PlanReport["after"] {
  return report.alternatives.find((one) => one.plan === "greedy")?.figures ?? report.after;
}

function costOf(figures: PlanReport["after"]): number {
  return figures.executionUsd + figures.gasUsd + figures.bridgeUsd;
}

/** Cost per 10,000 USD of delta brought inside the bands. */
function costBps(figures: PlanReport["after"], { before }: PlanReport): number {
  const removedUsd = Math.max(1, before.outsideBandUsd - figures.outsideBandUsd);
  return (10_000 * costOf(figures)) / removedUsd;
}
