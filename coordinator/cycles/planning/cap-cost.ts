import { actionsOf, type FoundPlan } from "#coordinator/cycles/planning/plan-greedily.ts";
import type { PlanFigures } from "#coordinator/records/planning/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { evaluatePlan } from "#coordinator/stages/plans/evaluate-plan.ts";
import type { PlanScenarios } from "#coordinator/stages/program/plan-scenarios.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";

type CapContext = { readonly world: PlanningWorld; readonly scenarios: PlanScenarios };

/**
 * A plan without what costs more than the policy's fraction of the risk it removes: hedges of one underlying after the
 * other, and the transfers, are left out, the least worth its cost first, until the rest is worth its own. What is left
 * out says what it would have cost. For greedy plans; solved ones have the cap as a row, and this only makes sure of it.
 */
export function capCost(plan: FoundPlan, context: CapContext): FoundPlan {
  const { world, scenarios } = context;
  const nothing = evaluatePlan(world, scenarios, []);
  let kept = plan;
  for (;;) {
    const over = excess(kept, nothing, context);
    if (over.usd <= 1e-9) return kept;
    const [best] = partsOf(kept, context)
      .map((part) => {
        const rest = without(kept, part, over.reason);
        return { rest, usd: excess(rest, nothing, context).usd };
      })
      .sort((left, right) => left.usd - right.usd);
    if (best === undefined) return kept;
    kept = best.rest;
  }
}

/** How much a plan costs beyond its cap in USD, and in words; exempt hedges are not counted. */
function excess(
  plan: FoundPlan,
  nothing: PlanFigures,
  { world, scenarios }: CapContext,
): { readonly usd: number; readonly reason: string } {
  const counted = actionsOf(plan).filter((action) => !isExempt(action, world.costExempt));
  if (counted.length === 0) return { usd: 0, reason: "" };
  const figures = evaluatePlan(world, scenarios, counted);
  // What vega and gamma beyond their limits cost is a price already: a plan may cost what it saves of it.
  const savedUsd = Math.max(0, nothing.beyondLimitsUsd - figures.beyondLimitsUsd);
  const costUsd = Math.max(0, planCostUsd(figures) - savedUsd);
  const removedUsd = riskRemovedUsd(nothing, figures);
  const mostUsd = world.policy.planning.costCapFractionOfRiskRemoved * removedUsd;
  const reason =
    `cost cap: ${costUsd.toFixed(2)} USD for ${removedUsd.toFixed(2)} USD of risk removed, ` +
    `at most ${mostUsd.toFixed(2)} USD`;
  return { usd: costUsd - mostUsd, reason };
}

/** What a plan costs in USD: execution, gas, funding and bridge; at least 0. */
function planCostUsd(figures: PlanFigures): number {
  const { executionUsd, gasUsd, fundingUsd, bridgeUsd } = figures;
  return Math.max(0, executionUsd + gasUsd + fundingUsd + bridgeUsd);
}

/** Expected shortfall, delta outside the bands and uncovered capital that a plan takes away, in USD; at least 0. */
function riskRemovedUsd(before: PlanFigures, after: PlanFigures): number {
  const risk = (figures: PlanFigures): number => {
    return figures.expectedShortfallUsd + figures.outsideBandUsd + figures.uncoveredUsd;
  };
  return Math.max(0, risk(before) - risk(after));
}

function isExempt({ effect }: PlannedAction, exempt: ReadonlySet<string>): boolean {
  return effect.underlying !== null && exempt.has(effect.underlying);
}

/** Stands for all option trades where parts of a plan are named. */
const OPTIONS = "options";

/** Underlyings whose hedges can be left out, then the options; null stands for the transfers. */
function partsOf(
  { hedges, options, transfers }: FoundPlan,
  { world }: CapContext,
): (string | null)[] {
  const traded = [...hedges].flatMap(([ticker, { actions }]) => {
    return actions.length > 0 && !world.costExempt.has(ticker) ? [ticker] : [];
  });
  const parts = options.actions.length > 0 ? [...traded, OPTIONS] : traded;
  return transfers.actions.length > 0 ? [...parts, null] : parts;
}

function without(plan: FoundPlan, part: string | null, reason: string): FoundPlan {
  if (part === null) {
    const blocked = plan.transfers.transfers.map((one) => `${one.target}: ${reason}`);
    return {
      ...plan,
      transfers: {
        actions: [],
        transfers: [],
        blocked: [...plan.transfers.blocked, ...blocked],
      },
    };
  }
  if (part === OPTIONS)
    return { ...plan, options: { actions: [], blocked: [...plan.options.blocked, reason] } };
  const hedges = new Map(plan.hedges);
  const before = hedges.get(part);
  if (before !== undefined)
    hedges.set(part, { ...before, action: "blocked", reason, tradeUnits: 0, actions: [] });
  return { ...plan, hedges };
}
