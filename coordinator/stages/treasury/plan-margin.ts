import { isThrough, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import {
  marginFractionNeeded,
  marginNeededUsd,
} from "#coordinator/stages/capital/margin-needed.ts";
import { rememberResults } from "#coordinator/stages/capital/remember-results.ts";
import { cashLevels, freeForVenuesRaw } from "#coordinator/stages/capital/settlement-cash.ts";
import { putLeftUsd } from "#coordinator/stages/trades/caps-left.ts";
import {
  costSegments,
  type DepthContext,
  depthPoints,
  perpDepthPoints,
  type Side,
} from "#coordinator/stages/trades/depth-cost.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import {
  marginIn,
  payableSteps,
  type TreasuryContext,
  type TreasuryPlan,
  type TreasuryStep,
  treasuryPlan,
} from "#coordinator/stages/treasury/treasury-action.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";

/** What standing margin is for. */
export type StandingContext = {
  /** Half-widths of the bands in units, by underlying. */
  readonly halfWidthUnits: ReadonlyMap<string, number>;
};

/** What margin is kept for. */
export type MarginContext = TreasuryContext &
  StandingContext & {
    /** Signed units a pass had to trade and could not, by underlying; positive to buy. */
    readonly restUnits: ReadonlyMap<string, number>;
  };

/** Below this share of what is to stand in an account it is filled up; between, nothing moves. */
const LOW_WATER = 0.5;
/** Margin for what could not be hedged is brought with this much for costs and moves until it is there. */
const REST_SPARE = 1.25;
/** Nothing is brought for a rest that what is there covers but for this share of it. */
const REST_TOLERANCE = 0.02;
const NEEDED = "margin its positions need";

/**
 * Margin for hedges to come, brought before they are due, so that a perpetual can be traded in the pass that needs it: each
 * account has what its positions need, with the trades planned, and on top what `perps.standingMarginHalfWidths`
 * half-widths of its underlyings' bands would need, where the perpetual is cheaper than any pool. What this pass could not
 * hedge at all comes with it. Two passes on the same books bring it once.
 */
export function planMargin(context: MarginContext): TreasuryPlan {
  const steps = context.inputs.flatMap((input) => {
    if (!input.status.takesJobs || input.valuation.unvalued.size > 0) return [];
    return deposits(input, context);
  });
  return treasuryPlan(steps, context);
}

/** One account after the other: what goes into the first is not there for the next. */
function deposits(input: ShardInput, context: MarginContext): TreasuryStep[] {
  const found: TreasuryStep[] = [];
  for (const lines of accountsOf(input)) {
    const taken = payableSteps(found, context.inputs);
    const effects = [...context.effects, ...taken.map(({ action }) => action.effect)];
    const one = deposit(input, lines, { ...context, effects });
    if (one !== undefined) found.push(one);
  }
  return found;
}

function accountsOf({ valuation }: ShardInput): PerpLine[][] {
  return [...Map.groupBy(valuation.entry.report.perps, ({ adapter }) => adapter).values()];
}

function deposit(
  input: ShardInput,
  lines: readonly PerpLine[],
  context: MarginContext,
): TreasuryStep | undefined {
  const [account] = lines;
  if (account === undefined || isClosed(input, account) || isMoving(input, account, context))
    return undefined;
  const { policy } = context;
  const { freeUsd, spareUsd, standingUsd } = accountMargin(input, lines, context);
  const restUsd = restNeedUsd(input, lines, context);
  const isRest = spareUsd < Math.min(restUsd, freeUsd + spareUsd) * (1 - REST_TOLERANCE);
  if (!isRest && spareUsd >= LOW_WATER * standingUsd) return undefined;
  const wantedUsd = Math.max(standingUsd, isRest ? REST_SPARE * restUsd : 0);
  const putUsd = putLeftUsd(input, account.adapter, context);
  const usd = Math.min(
    cashFor(input, { freeUsd, spareUsd }, context),
    wantedUsd - spareUsd,
    putUsd,
  );
  if (usd < policy.perps.marginMoveMinimumUsd) return undefined;
  const reason =
    spareUsd < 0 ? NEEDED : isRest ? "margin for what could not be hedged" : "margin for hedges";
  return marginIn(input, account, { usd, reason });
}

/**
 * Cash that may become margin, USD: for positions all that is free, for hedges to come what is above the level a vault in
 * want of cash is filled up to, out of these very accounts: or the same money would go to and fro.
 */
function cashFor(
  input: ShardInput,
  { freeUsd, spareUsd }: { readonly freeUsd: number; readonly spareUsd: number },
  context: MarginContext,
): number {
  const { keepUsd, keptUsd } = cashLevels(input, context);
  return Math.max(freeUsd - (keptUsd - keepUsd), Math.min(freeUsd, -spareUsd));
}

/** What an account has beyond what its positions need, what of it is to stand, and the cash that could come beside, USD. */
export function accountMargin(
  input: ShardInput,
  lines: readonly PerpLine[],
  context: TreasuryContext & StandingContext,
): { readonly spareUsd: number; readonly standingUsd: number; readonly freeUsd: number } {
  const { settlementUsd } = input.valuation;
  const valueUsd = (lines[0]?.accountValueUsd ?? 0) * settlementUsd;
  const spareUsd = valueUsd - positionsNeedUsd(input, lines, context);
  const freeRaw = freeForVenuesRaw(input, context);
  const freeUsd = unitsFromRaw(freeRaw, input.setup.settlement.decimals) * settlementUsd;
  const { standingMarginCashFraction } = context.policy.perps;
  const mostUsd = standingMarginCashFraction * (freeUsd + Math.max(0, spareUsd));
  const standingUsd = Math.min(mostUsd, standingMarginUsd(input, lines, context));
  return { spareUsd, standingUsd, freeUsd };
}

/** What is kept in an account beside what its positions need: for hedges to come, and for what this pass could not hedge. */
export function keptMarginUsd(
  input: ShardInput,
  lines: readonly PerpLine[],
  context: MarginContext,
): number {
  const { standingUsd } = accountMargin(input, lines, context);
  return Math.max(standingUsd, REST_SPARE * restNeedUsd(input, lines, context));
}

/**
 * Margin in USD that is to stand in an account beside what its positions need; 0 in a shard that may only reduce, and for
 * markets that take no trades or are dearer than a pool of any shard on both sides.
 */
function standingMarginUsd(
  input: ShardInput,
  lines: readonly PerpLine[],
  context: Pick<MarginContext, "policy" | "halfWidthUnits" | "inputs">,
): number {
  if (input.status.reducesOnly) return 0;
  const { policy, halfWidthUnits } = context;
  return lines.reduce((total, line) => {
    const spotUsd = input.valuation.underlyings.get(line.underlying)?.spotUsd;
    const units =
      policy.perps.standingMarginHalfWidths * (halfWidthUnits.get(line.underlying) ?? 0);
    if (spotUsd === undefined || units === 0 || !line.acceptsTrades) return total;
    if (!isCheapest(input, line, context)) return total;
    const notionalMaxUsd = policy.underlyings[line.underlying]?.hedgeNotionalMaxUsd ?? 0;
    const valueUsd = Math.min(units * spotUsd, notionalMaxUsd);
    return total + valueUsd * marginFractionNeeded(line, policy);
  }, 0);
}

/** Margin in USD for what could not be hedged in this pass, as far as a market could take it in one trade. */
function restNeedUsd(
  input: ShardInput,
  lines: readonly PerpLine[],
  { restUnits, policy }: MarginContext,
): number {
  if (input.status.reducesOnly) return 0;
  return lines.reduce((total, line) => {
    const spotUsd = input.valuation.underlyings.get(line.underlying)?.spotUsd;
    const rest = restUnits.get(line.underlying) ?? 0;
    const isReducing = rest * Number(line.sizeE18) < 0;
    if (spotUsd === undefined || rest === 0 || isReducing || !line.acceptsTrades) return total;
    const side = rest > 0 ? "buy" : "sell";
    const depthUnits = unitsFromRaw(BigInt(line[side].at(-1)?.sizeE18 ?? "0"), 18);
    const notionalMaxUsd = policy.underlyings[line.underlying]?.hedgeNotionalMaxUsd ?? 0;
    const valueUsd = Math.min(Math.min(Math.abs(rest), depthUnits) * spotUsd, notionalMaxUsd);
    return total + valueUsd * marginFractionNeeded(line, policy);
  }, 0);
}

/** What the account's positions need once every trade in flight or planned there is done, USD. */
function positionsNeedUsd(
  input: ShardInput,
  lines: readonly PerpLine[],
  { effects, policy }: TreasuryContext,
): number {
  const after = lines.map((line) => {
    const units = effects.reduce(
      (sum, effect) => {
        const isThere = isOwnAt(effect, input, line) && effect.kind === "perp-change";
        return isThere && effect.underlying === line.underlying ? sum + effect.deltaUnits : sum;
      },
      unitsFromRaw(BigInt(line.sizeE18), 18),
    );
    const sizeE18 = rawFromUnitsDown(Math.abs(units), 18).toString();
    return { ...line, sizeE18 };
  });
  return marginNeededUsd(after, input, policy);
}

/** True when its first unit costs less than that of any pool that trades now, on one side at least. */
function isCheapest(
  input: ShardInput,
  line: PerpLine,
  { inputs, policy }: Pick<MarginContext, "inputs" | "policy">,
): boolean {
  return (["buy", "sell"] as const).some((side) => {
    const depth = depthOf(input, line.underlying, side);
    if (depth === undefined) return false;
    const [segment] = costSegments(perpDepthPoints(line, depth, 1), depth);
    if (segment === undefined) return false;
    const horizonDays = policy.planning.fundingHorizonHours / 24;
    const carryUsd = line.fundingFractionPerDay * depth.spotUsd * horizonDays;
    const costUsd = segment.costUsdPerUnit + (side === "buy" ? carryUsd : -carryUsd);
    return costUsd < leastPoolCostUsd(inputs, line.underlying, side);
  });
}

/** What the first unit costs beside its spot value in the cheapest pool that trades now; infinite where there is none. */
function leastPoolCostUsd(inputs: readonly ShardInput[], underlying: string, side: Side): number {
  return rememberedCost(inputs, [underlying, side], () => {
    const costs = inputs.flatMap((input) => firstPoolCostsUsd(input, underlying, side));
    return Math.min(Number.POSITIVE_INFINITY, ...costs);
  });
}

const rememberedCost = rememberResults<readonly ShardInput[], number>();

function firstPoolCostsUsd(input: ShardInput, underlying: string, side: Side): number[] {
  const depth = depthOf(input, underlying, side);
  if (depth === undefined || !input.status.takesJobs) return [];
  return input.valuation.entry.report.capacity.flatMap((pool) => {
    if (pool.underlying !== underlying || !pool.acceptsTrades) return [];
    const [segment] = costSegments(depthPoints(pool, depth, 1), depth);
    return segment === undefined ? [] : [segment.costUsdPerUnit];
  });
}

function depthOf(
  { valuation, setup }: ShardInput,
  underlying: string,
  side: Side,
): DepthContext | undefined {
  const own = valuation.underlyings.get(underlying);
  if (own === undefined) return undefined;
  const token = setup.underlyings.find((one) => one.ticker === underlying);
  return {
    side,
    spotUsd: own.spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token?.decimals ?? 18,
  };
}

function isClosed({ status }: ShardInput, { adapter }: PerpLine): boolean {
  return status.closedVenues.includes(adapter.toLowerCase());
}

/** Margin of the account is moved already: what is brought then is for the pass that sees where it ended. */
function isMoving(input: ShardInput, line: PerpLine, { effects }: MarginContext): boolean {
  return effects.some((effect) => isOwnAt(effect, input, line) && effect.kind === "margin-move");
}

function isOwnAt(effect: PendingEffect, { setup }: ShardInput, { adapter }: PerpLine): boolean {
  return effect.shard === setup.shard && effect.isPendingAtShard && isThrough(effect, adapter);
}
