import type { SolveOutcome } from "#coordinator/records/planning/linear-program.ts";
import type {
  BindingConstraint,
  PlanReport,
  UnusedVenue,
} from "#coordinator/records/planning/plan-report.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type { Formulation } from "#coordinator/stages/program/formulate-plan.ts";
import type { PlanningWorld } from "#coordinator/stages/program/planning-world.ts";
import type { Place } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";

/** A shadow price below this is rounding. */
const PRICE_MIN_USD = 1e-6;
const BINDING_MAX = 32;
const UNUSED_MAX = 32;

/** The limits that bind in a solution, dearest first. */
export function bindingConstraints(
  formulation: Formulation,
  outcome: SolveOutcome,
): BindingConstraint[] {
  const prices = outcome.solved ? outcome.shadowPrices : null;
  if (prices === null) return [];
  return formulation.shown
    .map(({ row, name, unit }) => {
      return { constraint: name, shadowPriceUsd: Math.abs(prices[row] ?? 0), unit };
    })
    .filter(({ shadowPriceUsd }) => shadowPriceUsd > PRICE_MIN_USD)
    .sort((left, right) => right.shadowPriceUsd - left.shadowPriceUsd)
    .slice(0, BINDING_MAX);
}

/** How a solve went, for the record. */
export function solverReport(
  formulation: Formulation,
  outcome: SolveOutcome,
  reportSetHash: `0x${string}`,
): NonNullable<PlanReport["solver"]> {
  const { columns, rows } = formulation.program;
  return {
    status: outcome.solved ? outcome.status : "failed",
    gapFraction: outcome.solved ? outcome.gapFraction : null,
    tookMs: outcome.tookMs,
    reportSetHash,
    columns: columns.length,
    rows: rows.length,
  };
}

/** Venues on which a hedge could have been done, and was not; cheapest first. */
export function unusedVenues(
  world: PlanningWorld,
  actions: readonly PlannedAction[],
): UnusedVenue[] {
  const isUsed = (shard: string, underlying: string, place: Place): boolean => {
    return actions.some(({ effect, params }) => {
      return effect.shard === shard && effect.underlying === underlying && isAt(params, place);
    });
  };
  const unused = world.underlyings.flatMap(({ underlying, neededUnits, spotUsd }) => {
    if (neededUnits === 0) return [];
    const side = neededUnits > 0 ? "buy" : "sell";
    return world.inputs.flatMap((input): UnusedVenue[] => {
      const outcome = hedgeOptions(input, { ...world, underlying, side });
      if (!outcome.usable) return [];
      const free = outcome.options.filter(({ place, shard }) => !isUsed(shard, underlying, place));
      return free.map(({ place, shard, segments }) => ({
        underlying,
        shard,
        venue: place.venue,
        pool: place.market,
        marginalCostFraction: (segments[0]?.costUsdPerUnit ?? 0) / spotUsd,
        reason: "not worth its cost beside the venues used",
      }));
    });
  });
  return unused
    .sort((left, right) => left.marginalCostFraction - right.marginalCostFraction)
    .slice(0, UNUSED_MAX);
}

/** True when an action trades at a place. */
function isAt(params: PlannedAction["params"], { adapter, market }: Place): boolean {
  if (params.kind === "swap" || params.kind === "swap-exact-output")
    return params.venue === adapter && params.pool === market;
  return params.kind === "perp-change" && params.venue === adapter && params.market === market;
}
