import { effectsOn, isHedge } from "#coordinator/records/planning/pending-effect.ts";
import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { tradeKey } from "#coordinator/records/safety/trade-name.ts";
import { rememberResults } from "#coordinator/stages/capital/remember-results.ts";
import { type DepthContext, executionCostUsd } from "#coordinator/stages/trades/depth-cost.ts";
import type {
  HedgeContext,
  HedgeOption,
  ShardInput,
} from "#coordinator/stages/trades/hedge-option.ts";
import { perpOption } from "#coordinator/stages/trades/perp-option.ts";
import { spotOption } from "#coordinator/stages/trades/spot-option.ts";
import { limitReason, unpaid } from "#coordinator/stages/trades/too-little.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import type { CapacityLine, PerpLine } from "#shared/wire/shard-report.ts";

type HedgeOptionOutcome =
  | { readonly usable: true; readonly option: HedgeOption }
  | { readonly usable: false; readonly reason: string };

/** All venues of one shard on which it may trade, the cheapest first; never empty when usable. */
export type HedgeOptionsOutcome =
  | { readonly usable: true; readonly options: readonly HedgeOption[] }
  | { readonly usable: false; readonly reason: string };

/**
 * How much, where and at what cost one shard may trade on the venue that is best for `units`, or why it may not: what a
 * venue cannot take is charged at the price of delta outside its band.
 */
export function hedgeOption(
  input: ShardInput,
  context: HedgeContext,
  units: number,
): HedgeOptionOutcome {
  const outcome = hedgeOptions(input, context);
  if (!outcome.usable) return outcome;
  const price = context.policy.planning.bandPenaltyFraction;
  const [best] = outcome.options
    .map((option) => ({ option, usd: costOf(option, units, price) }))
    .sort((left, right) => left.usd - right.usd);
  return best === undefined
    ? { usable: false, reason: `${input.setup.shard}: no venue` }
    : { usable: true, option: best.option };
}

/** What a trade of `units` costs on a venue in USD, with what it has to leave there. */
function costOf(option: HedgeOption, units: number, priceFraction: number): number {
  const { points, limitUnits, depth, carryUsdPerUnit, gasUsd } = option;
  const done = Math.min(units, limitUnits);
  const costUsd = executionCostUsd(points, done, depth) + done * carryUsdPerUnit + gasUsd;
  return costUsd + (units - done) * depth.spotUsd * priceFraction;
}

/**
 * How much and at what cost one shard may trade on each of its venues, pools and perpetuals, or why it may not. Where gas
 * has no price nothing is traded: its cost would be left out of the plan.
 */
export function hedgeOptions(input: ShardInput, context: HedgeContext): HedgeOptionsOutcome {
  const { effects, inFlight = effects, underlying, side, policy, nativeUsd } = context;
  const { shard } = input.setup;
  const own = { effects: effectsOn(effects, shard), inFlight: effectsOn(inFlight, shard) };
  const parts = [underlying, side, policy, nativeUsd, own.effects.length];
  return remembered(input, [...parts, ...own.effects, ...own.inFlight], () => {
    return findOptions(input, { ...own, underlying, side, policy, nativeUsd });
  });
}

const remembered = rememberResults<ShardInput, HedgeOptionsOutcome>();

function findOptions(input: ShardInput, context: HedgeContext): HedgeOptionsOutcome {
  const { status, setup, valuation } = input;
  const refuse = (reason: string): HedgeOptionsOutcome => ({
    usable: false,
    reason: `${setup.shard}: ${reason}`,
  });
  if (!status.takesJobs)
    return refuse(`${status.mode}${status.mode === "run" ? ", takes no jobs" : ""}`);
  const own = valuation.underlyings.get(context.underlying);
  if (own === undefined) return refuse(`no market in ${context.underlying}`);
  if (valuation.unvalued.size > 0) return refuse("part of its book cannot be valued");
  if (hasHedgeInFlight(context, setup.shard)) return refuse("hedge in flight");
  if (gasCostUsd(input, { gasUnits: 1 }, context.nativeUsd) === null)
    return refuse(`gas cannot be priced: no USD price of ${setup.nativeTicker}`);
  const lines = linesOf(input, context);
  const open = lines.filter(({ adapter }) => !status.closedVenues.includes(adapter.toLowerCase()));
  if (lines.length === 0) return refuse("no venue");
  if (open.length === 0) return refuse("its venue is closed by a breaker");
  const tried = open.filter((line) => pausedReason(input, line, context) === undefined);
  const paused = open.flatMap((line) => pausedReason(input, line, context) ?? []);
  if (tried.length === 0) return refuse(paused.join("; "));
  const all = tried.flatMap((line) => venueOptions(input, own, line, context));
  const usable = all
    .filter((option) => option.limitUnits > 0)
    .filter((option) => unpaid(option, option.limitUnits) === undefined)
    .sort((left, right) => averageCost(left) - averageCost(right));
  if (usable.length > 0) return { usable: true, options: usable };
  const [most] = all.toSorted((left, right) => right.limitUnits - left.limitUnits);
  const why =
    most === undefined ? closedReason(tried) : (unpaid(most, most.limitUnits) ?? limitReason(most));
  return refuse([why, ...paused].join("; "));
}

/** Why a trade is not tried now at a venue where it was refused again and again. */
function pausedReason(
  { status }: ShardInput,
  line: VenueLine,
  { side }: HedgeContext,
): string | undefined {
  const market = "pool" in line ? line.pool : line.market;
  const reason = status.pausedTrades.get(tradeKey({ venue: line.adapter, market, way: side }));
  return reason === undefined ? undefined : `${side} at ${line.venue} ${reason}`;
}

/** Pools and perpetuals of an underlying; pools only where its token is known. */
function linesOf({ setup, valuation }: ShardInput, { underlying }: HedgeContext): VenueLine[] {
  const { capacity, perps } = valuation.entry.report;
  const isKnown = setup.underlyings.some((one) => one.ticker === underlying);
  return [...(isKnown ? capacity : []), ...perps].filter((line) => line.underlying === underlying);
}

type VenueLine = CapacityLine | PerpLine;

/** A pool that takes no trades has none; a perpetual says so itself. */
function venueOptions(
  input: ShardInput,
  own: UnderlyingValuation,
  line: VenueLine,
  context: HedgeContext,
): HedgeOption[] {
  const { setup, valuation } = input;
  const token = setup.underlyings.find((candidate) => candidate.ticker === context.underlying);
  const depth: DepthContext = {
    side: context.side,
    spotUsd: own.spotUsd,
    settlementUsd: valuation.settlementUsd,
    settlementDecimals: setup.settlement.decimals,
    tokenDecimals: token?.decimals ?? 18,
  };
  if (!("pool" in line)) return [perpOption(input, own, line, { ...context, depth })];
  return line.acceptsTrades ? [spotOption(input, own, line, { ...context, depth })] : [];
}

/** Why venues that exist take no trades, with how far the first lies from its mean. */
function closedReason(lines: readonly VenueLine[]): string {
  const pool = lines.find((line) => "pool" in line);
  const { meanPrice, venue } = pool ?? { meanPrice: null, venue: "venue" };
  if (meanPrice === null) return `${venue} takes no trades`;
  const { spotOverMeanFraction, limitFraction, windowSeconds } = meanPrice;
  const seconds = `${windowSeconds} s`;
  if (spotOverMeanFraction === null)
    return `${venue} takes no trades: no price history of ${seconds}`;
  if (Math.abs(spotOverMeanFraction) <= limitFraction)
    return `${venue} takes no trades: it, or the vault, does not allow them`;
  const [off, limit] = [spotOverMeanFraction, limitFraction].map((one) => (one * 100).toFixed(2));
  return `${venue} takes no trades: spot is ${off} % off its mean of ${seconds}, the limit is ${limit} %`;
}

function hasHedgeInFlight(
  { effects, inFlight = effects, underlying }: HedgeContext,
  shard: string,
): boolean {
  return inFlight.some((effect) => {
    const isOwn = effect.shard === shard && effect.underlying === underlying;
    return isOwn && isHedge(effect) && effect.isLapsed !== true;
  });
}

function averageCost({ points, limitUnits, depth, carryUsdPerUnit }: HedgeOption): number {
  return executionCostUsd(points, limitUnits, depth) / limitUnits + carryUsdPerUnit;
}
