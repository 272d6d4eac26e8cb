import { isHedge, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { unsoldOrigin } from "#coordinator/stages/orders/delta-origin.ts";
import { planHedges } from "#coordinator/stages/plans/plan-hedges.ts";
import type { NetUnderlying } from "#coordinator/stages/risk/net-risk.ts";
import type { Side } from "#coordinator/stages/trades/depth-cost.ts";
import { hedgeAction } from "#coordinator/stages/trades/hedge-action.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { tooLittle } from "#coordinator/stages/trades/too-little.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { OptionMarket } from "#shared/risk/pricing/option-position.ts";

export type FlattenContext = {
  readonly underlying: string;
  /** Undefined when it cannot be netted now. */
  readonly net: NetUnderlying | undefined;
  readonly halfWidthUnits: number | undefined;
  /** Why nothing may be traded in this pass, if so. */
  readonly barrier: string | undefined;
  /** All other shards: they take what leaves this one. */
  readonly others: readonly ShardInput[];
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
  readonly jobsMax: number;
  /** What options of the underlying are valued on; undefined when it has no price now. */
  readonly market: OptionMarket | undefined;
};

/** One underlying of a shard that is to be flat. */
export type FlattenStep = {
  readonly underlying: string;
  /** Own delta with jobs in flight, this step left out. */
  readonly deltaUnits: number;
  readonly action: PlannedAction | undefined;
  /** What it waits for; null when it trades or is flat. */
  readonly waitsFor: string | null;
  /** What stays at venues because closing it is not worth its gas. */
  readonly left: readonly string[];
};

/** Halvings after which no smaller trade is looked for. */
const TRIES = 6;

/**
 * The trade that brings a shard's own net delta nearest to zero: as much as its venue, its limits and its
 * solvency allow, never beyond zero, and no more than the others can take in the same pass without the
 * net delta leaving its band further than it has. Flat is what is worth no trade: `bandFloorUsd`.
 */
export function flattenStep(own: ShardInput, context: FlattenContext): FlattenStep {
  const { underlying, effects, policy, net, halfWidthUnits, barrier } = context;
  const valuation = own.valuation.underlyings.get(underlying);
  const pending = effects.filter((effect) => {
    const isOwn = effect.shard === own.setup.shard && effect.underlying === underlying;
    return isOwn && effect.isPendingAtShard && isHedge(effect);
  });
  const deltaUnits =
    (valuation?.greeks.deltaUnits ?? 0) + pending.reduce((sum, one) => sum + one.deltaUnits, 0);
  const step = (action: PlannedAction | undefined, waitsFor: string | null): FlattenStep => {
    return { underlying, deltaUnits, action, waitsFor, left: [] };
  };
  const wait = (why: string): FlattenStep => step(undefined, `${underlying}: ${why}`);
  if (valuation === undefined) return wait("cannot be valued");
  const worthUnits = (policy.underlyings[underlying]?.bandFloorUsd ?? 0) / valuation.spotUsd;
  if (Math.abs(deltaUnits) <= worthUnits) return step(undefined, null);
  if (net === undefined || halfWidthUnits === undefined) return wait("the net is not known");
  if (barrier !== undefined) return wait(barrier);
  if (context.jobsMax < 1) return wait("no jobs left in this pass");
  const side: Side = deltaUnits < 0 ? "buy" : "sell";
  const outcome = hedgeOptions(own, { ...context, side });
  const isSettled = side === "sell" && pending.length === 0;
  const origin = isSettled ? unsoldOrigin(own, deltaUnits, context) : undefined;
  const stuck = (why: string): FlattenStep =>
    wait(origin === undefined ? why : `${why}; ${origin}`);
  if (!outcome.usable) return stuck(outcome.reason);
  // Nothing is opened where all is to be closed; what takes a position back comes before any pool.
  const closing = outcome.options.filter(({ venue }) => venue.kind === "spot" || !venue.isOpening);
  const option = closing.find(({ venue }) => venue.kind === "perp") ?? closing[0];
  if (option === undefined) return stuck("only a new position could take its delta");
  const wanted = Math.min(Math.abs(deltaUnits), option.limitUnits);
  const refusal = tooLittle(option, wanted);
  if (refusal !== undefined) return stuck(`${own.setup.shard}: ${refusal}`);
  const make = (units: number) => hedgeAction(option, units, policy);
  const leastUnits = Math.max(option.leastUnits, option.payableUnits);
  const action = largestTaken(make, { wanted, leastUnits, spotUsd: valuation.spotUsd }, context);
  return action === undefined
    ? wait("the other shards cannot take its delta now")
    : step(action, null);
}

type Known = FlattenContext & {
  readonly net: NetUnderlying;
  readonly halfWidthUnits: number;
  readonly spotUsd: number;
};

/**
 * The largest part of a trade, by halves, that the others can take.
 *
 * @param make The trade of so many units; undefined when it is too small.
 */
export function largestTaken(
  make: (units: number) => PlannedAction | undefined,
  limits: { readonly wanted: number; readonly leastUnits: number; readonly spotUsd: number },
  context: FlattenContext,
): PlannedAction | undefined {
  const { net, halfWidthUnits } = context;
  if (net === undefined || halfWidthUnits === undefined) return undefined;
  for (let units = limits.wanted, tries = 0; tries < TRIES; tries += 1, units /= 2) {
    if (units < limits.leastUnits || !(units > 0)) return undefined;
    const action = make(units);
    const known = { ...context, net, halfWidthUnits, spotUsd: limits.spotUsd };
    if (action !== undefined && isTaken(action, known)) return action;
  }
  return undefined;
}

/**
 * True when the net stays within its limit whether or not the trade is done, and its band is left no further than before. Where
 * it is left on the trade's own side, the others have yet to take the last one: their trades may have failed, and would again.
 */
function isTaken({ effect }: PlannedAction, context: Known): boolean {
  const { net, halfWidthUnits, others, effects, policy, underlying } = context;
  const units = effect.deltaUnits;
  const [low, high] = net.staleIntervalUnits;
  if (units > 0 ? high > halfWidthUnits : low < -halfWidthUnits) return false;
  const moved: NetUnderlying = {
    ...net,
    greeks: { ...net.greeks, deltaUnits: net.greeks.deltaUnits + units },
    staleIntervalUnits: shifted(net.staleIntervalUnits, units),
    limitIntervalUnits: shifted(net.limitIntervalUnits, units),
  };
  const limitUnits = (policy.underlyings[underlying]?.netDeltaLimitUsd ?? 0) / context.spotUsd;
  if (beyond(moved.limitIntervalUnits, limitUnits) > beyond(net.limitIntervalUnits, limitUnits))
    return false;
  const plan = planHedges({
    net: moved,
    halfWidthUnits,
    inputs: others,
    effects: [...effects, effect],
    policy,
    nativeUsd: context.nativeUsd,
    jobsMax: context.jobsMax - 1,
  });
  const taken = plan.actions.reduce((sum, one) => sum + one.effect.deltaUnits, 0);
  const rest = beyond(shifted(moved.staleIntervalUnits, taken), halfWidthUnits);
  return rest <= beyond(net.staleIntervalUnits, halfWidthUnits) + 1e-9;
}

function shifted([low, high]: readonly [number, number], units: number): [number, number] {
  return [low + units, high + units];
}

/** How far an interval reaches beyond ±`width`. */
function beyond([low, high]: readonly [number, number], width: number): number {
  return Math.max(0, high - width, -width - low);
}
