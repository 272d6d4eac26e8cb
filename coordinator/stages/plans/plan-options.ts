import { isThrough, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import type {
  PlannedUnderlying,
  PlanningWorld,
} from "#coordinator/stages/program/planning-world.ts";
import {
  allowedChange,
  type BucketLimit,
  beyondLimit,
  bucketLimits,
  inLimitUnit,
} from "#coordinator/stages/risk/bucket-limits.ts";
import { largestWhere, usdFor } from "#coordinator/stages/trades/depth-cost.ts";
import { optionAction } from "#coordinator/stages/trades/option-action.ts";
import type { SeriesOption } from "#coordinator/stages/trades/series-option.ts";
import { seriesOptions } from "#coordinator/stages/trades/series-options.ts";

export type OptionPlan = {
  readonly actions: readonly PlannedAction[];
  /** Limits that stay exceeded, and why. */
  readonly blocked: readonly string[];
};

/** Series that could bring an underlying's buckets back within their limits; empty while all are, or cash is on its way. */
export function seriesFor(
  world: PlanningWorld,
  one: PlannedUnderlying,
  effects: readonly PendingEffect[],
): SeriesOption[] {
  const market = world.markets.get(one.underlying);
  const limits = limitsOf(world, one);
  const isExceeded = limits.some((limit) => beyondLimit(limit) > 0);
  // A halt for too much delta leaves open what takes delta back: it moves no cash, and options are not that.
  const mayBuy = one.mayTrade && world.mayTransfer;
  if (!mayBuy || market === undefined || !isExceeded) return [];
  if (isCashOnItsWay(world, one.underlying)) return [];
  const { policy, nativeUsd } = world;
  const context = { underlying: one.underlying, effects, policy, nativeUsd, market };
  return world.inputs.flatMap((input) => seriesOptions(input, context));
}

/** Limits of an underlying's buckets. */
export function limitsOf(world: PlanningWorld, { underlying }: PlannedUnderlying): BucketLimit[] {
  return bucketLimits(world.buckets.get(underlying) ?? [], world.policy);
}

/** Cash for options is used by the pass that sees it: until then nothing else is done for the same limits. */
function isCashOnItsWay({ effects, inputs }: PlanningWorld, underlying: string): boolean {
  const accounts = inputs.flatMap(({ valuation }) => {
    return valuation.entry.report.optionMarkets.map((line) => line.adapter);
  });
  return effects.some((effect) => {
    const isMove = effect.kind === "margin-move" && effect.underlying === underlying;
    return isMove && accounts.some((adapter) => isThrough(effect, adapter));
  });
}

/**
 * Option trades by rule, as many as the pass has jobs left: for every underlying with a bucket beyond its limit the series that takes off the most penalty for
 * its cost, again and again, as long as it pays; net delta stays within the band, so a call is followed by a put.
 *
 * @param hedges Planned before in this pass: their delta counts, their accounts and cash are taken, and so are their jobs.
 */
export function planOptions(world: PlanningWorld, hedges: readonly PlannedAction[]): OptionPlan {
  const actions: PlannedAction[] = [];
  const blocked: string[] = [];
  for (const one of world.underlyings) {
    const found = planOne(world, one, [...hedges, ...actions]);
    actions.push(...found);
    const limits = limitsOf(world, one);
    for (const limit of limits) {
      const left = beyondLimit(limit, addedBy(limit, found, world, one));
      if (left <= 1e-6 * limit.limit) continue;
      const { toDays } = world.buckets.get(one.underlying)?.[limit.bucket] ?? { toDays: null };
      const until = toDays === null ? "beyond the last bucket" : `up to ${toDays} days`;
      blocked.push(
        `${one.underlying}: ${limit.name} ${until} is beyond its limit of ${limit.limit}`,
      );
    }
  }
  return { actions, blocked };
}

function planOne(
  world: PlanningWorld,
  one: PlannedUnderlying,
  before: readonly PlannedAction[],
): PlannedAction[] {
  const done: PlannedAction[] = [];
  const used = new Set<string>();
  const { policy } = world;
  const jobsLeft = policy.hedging.jobsPerPassMax - before.length;
  while (done.length < Math.min(policy.options.tradesPerPassMax, jobsLeft)) {
    const all = [...before, ...done];
    const effects = [...world.effects, ...all.filter((action) => !isOption(action)).map(effectOf)];
    const [best] = seriesFor(world, one, effects)
      .filter((option) => !used.has(keyOf(option)) && !isAccountTaken(option, done))
      .map((option) => valued(option, { world, one, all, done }))
      .filter(({ gainUsd }) => gainUsd > 0)
      .sort((left, right) => right.gainUsd - left.gainUsd);
    if (best === undefined) break;
    const action = optionAction(best.option, best.units, policy);
    used.add(keyOf(best.option));
    if (action !== undefined) done.push(action);
  }
  return done;
}

type Trial = {
  readonly world: PlanningWorld;
  readonly one: PlannedUnderlying;
  readonly all: readonly PlannedAction[];
  readonly done: readonly PlannedAction[];
};

/** Most units that are useful and allowed, and what they are worth beside their cost. */
function valued(option: SeriesOption, trial: Trial) {
  const { world, one, done } = trial;
  const limits = limitsOf(world, one).filter((limit) => limit.bucket === option.bucket);
  const usefulUnits = limits.map((limit) => {
    const perUnit = option.sign * inLimitUnit(limit, option.exposure, one.spotUsd);
    return usefulOf(limit, addedBy(limit, done, world, one), perUnit);
  });
  const mostUnits = Math.min(allowedUnits(option, trial), roomUnits(option, trial));
  const units = Math.min(mostUnits, Math.max(0, ...usefulUnits));
  const savedUsd = limits.reduce((sum, limit) => {
    const perUnit = option.sign * inLimitUnit(limit, option.exposure, one.spotUsd);
    const added = addedBy(limit, done, world, one);
    const less = beyondLimit(limit, added) - beyondLimit(limit, added + units * perUnit);
    return sum + limit.penaltyUsd * less;
  }, 0);
  const costUsd = option.sign * (usdFor(option.points, units) - units * option.fairUsd);
  const isTaken = units > 0 && units >= option.payableUnits;
  return { option, units, gainUsd: isTaken ? savedUsd - costUsd - option.gasUsd : 0 };
}

/** Most units for which there are cash and room in the vault's window, and that take no end of a limit beyond it, whichever of the trades done are. */
export function allowedUnits(
  option: SeriesOption,
  { world, one, done }: Omit<Trial, "all">,
): number {
  const room = limitsOf(world, one)
    .filter((limit) => limit.bucket === option.bucket)
    .map((limit) => {
      const perUnit = option.sign * inLimitUnit(limit, option.exposure, one.spotUsd);
      if (perUnit === 0) return Number.POSITIVE_INFINITY;
      const added = done.reduce((sum, action) => {
        const by = addedBy(limit, [action], world, one);
        return Math.sign(by) === Math.sign(perUnit) ? sum + by : sum;
      }, 0);
      const [low, high] = allowedChange(limit);
      return Math.max(0, ((perUnit > 0 ? high : low) - added) / perUnit);
    });
  return Math.min(cashUnits(option, done), unitsInWindow(option, done), ...room);
}

/** Units the vault's window still takes beside the options traded before. */
function unitsInWindow(
  { input, windowUnits }: SeriesOption,
  done: readonly PlannedAction[],
): number {
  const units = done.reduce((sum, { effect }) => {
    return effect.shard === input.setup.shard ? sum + (effect.optionUnits ?? 0) : sum;
  }, 0);
  return Math.max(0, windowUnits - units);
}

/** Units that bring a limit's far end back to it; 0 where the trade goes the other way. */
function usefulOf(limit: BucketLimit, added: number, perUnit: number): number {
  const [low, high] = limit.certain;
  if (high + added > limit.limit && perUnit < 0) return (high + added - limit.limit) / -perUnit;
  if (low + added < -limit.limit && perUnit > 0) return (-limit.limit - low - added) / perUnit;
  return 0;
}

/** Units that keep the net delta, with the trades planned, within the band; all of them where it is taken towards it. */
function roomUnits(option: SeriesOption, { one, all }: Trial): number {
  const added = all.reduce((sum, action) => {
    return action.effect.underlying === one.underlying ? sum + deltaOf(action) : sum;
  }, 0);
  const [low, high] = one.net.staleIntervalUnits;
  const perUnit = option.sign * option.deltaUnits;
  if (perUnit === 0) return Number.POSITIVE_INFINITY;
  const room = perUnit > 0 ? one.halfWidthUnits - high - added : one.halfWidthUnits + low + added;
  return Math.max(0, room) / Math.abs(perUnit);
}

/** Delta an action adds, now or in the pass it prepares. */
function deltaOf({ effect, prepares }: PlannedAction): number {
  return effect.deltaUnits + (prepares?.deltaUnits ?? 0);
}

/** What planned option trades of an underlying add to a limit's measure. */
export function addedBy(
  limit: BucketLimit,
  actions: readonly PlannedAction[],
  world: PlanningWorld,
  one: PlannedUnderlying,
): number {
  const buckets = world.buckets.get(one.underlying) ?? [];
  return actions.reduce((sum, { effect, prepares }) => {
    const option = effect.option ?? prepares?.option ?? null;
    if (option === null || effect.underlying !== one.underlying) return sum;
    const isIn = inBucket(option.expiryMs, world, buckets[limit.bucket]);
    return isIn ? sum + inLimitUnit(limit, option, one.spotUsd) : sum;
  }, 0);
}

function inBucket(
  expiryMs: number,
  world: PlanningWorld,
  bucket: { readonly fromDays: number; readonly toDays: number | null } | undefined,
): boolean {
  if (bucket === undefined) return false;
  const days = (expiryMs - world.nowMs) / 86_400_000;
  const isAfter = bucket.fromDays === 0 || days > bucket.fromDays;
  return isAfter && (bucket.toDays === null || days <= bucket.toDays);
}

/** Names of a series' trade that outlive a report. */
export function keyOf({ input, market, series, side, isAwaitingCash }: SeriesOption): string {
  const place = `${input.setup.shard} ${market.adapter} ${market.market}`;
  return `${place} ${series.strikeId} ${series.type} ${side}${isAwaitingCash ? " later" : ""}`;
}

/** Cash is brought to an account for one series at a time, and then nothing is traded there. */
export function isAccountTaken(option: SeriesOption, done: readonly PlannedAction[]): boolean {
  const own = done.filter(({ effect }) => {
    const isOwn = effect.shard === option.input.setup.shard;
    return isOwn && isThrough(effect, option.market.adapter);
  });
  if (option.isAwaitingCash) return own.length > 0;
  return own.some(({ effect }) => effect.kind === "margin-move");
}

/** Units the account's cash pays for beside what was bought there before. */
function cashUnits(
  { input, market, points, limitUnits, cashUsd }: SeriesOption,
  done: readonly PlannedAction[],
): number {
  const spentUsd = done.reduce((sum, { effect }) => {
    const isOwn = effect.shard === input.setup.shard && isThrough(effect, market.adapter);
    return isOwn && (effect.option?.vegaUsdPerVolPoint ?? 0) > 0 ? sum + effect.amountUsd : sum;
  }, 0);
  return largestWhere(limitUnits, (units) => usdFor(points, units) + spentUsd <= cashUsd);
}

function isOption({ effect }: PlannedAction): boolean {
  return effect.kind === "option-trade";
}

function effectOf({ effect }: PlannedAction): PendingEffect {
  return effect;
}
