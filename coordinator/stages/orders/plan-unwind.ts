import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { type FlattenContext, largestTaken } from "#coordinator/stages/orders/plan-flatten.ts";
import { hedgeAction } from "#coordinator/stages/trades/hedge-action.ts";
import type { HedgeOption, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import {
  type HedgeOptionsOutcome,
  hedgeOptions,
} from "#coordinator/stages/trades/hedge-options.ts";
import { optionAction } from "#coordinator/stages/trades/option-action.ts";
import { pausedSeries, seriesOptions } from "#coordinator/stages/trades/series-options.ts";
import { unpaid } from "#coordinator/stages/trades/too-little.ts";
import { type OptionMarket, valueOption } from "#shared/risk/pricing/option-position.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionMarketLine, PerpLine } from "#shared/wire/shard-report.ts";

/** One step of closing what a shard holds at venues in one underlying. */
export type UnwindStep = {
  readonly action: PlannedAction | undefined;
  /** What cannot be closed now, and why; null when nothing is left, something is closed, or only dust stays. */
  readonly waitsFor: string | null;
  /** Dust that stays, with what it is worth and why; null when there is none. */
  readonly left: string | null;
};

const SALE = { side: "sell", isAwaitingCash: false } as const;
const NOTHING: UnwindStep = { action: undefined, waitsFor: null, left: null };

/**
 * Sells back one long option series at a market, as much as its depth, the desk's bounds and the other shards allow. What
 * it takes off the shard's delta is flattened in a later pass.
 */
export function closeOption(own: ShardInput, context: FlattenContext): UnwindStep {
  const { underlying, market, barrier } = context;
  const lines = own.valuation.entry.report.optionMarkets.filter((line) => {
    return line.underlying === underlying && line.series.some(({ heldE18 }) => heldE18 !== "0");
  });
  if (lines.length === 0) return NOTHING;
  const what = `${underlying}: options at ${lines[0]?.venue}`;
  const wait = (why: string): UnwindStep => ({ ...NOTHING, waitsFor: `${what}: ${why}` });
  if (barrier !== undefined || market === undefined) return wait(barrier ?? "no price");
  if (context.jobsMax < 1) return wait("no jobs left in this pass");
  const worthUsd = lines.reduce((sum, line) => sum + worthOf(line, market), 0);
  const stay = (why: string): UnwindStep => dustOr(wait(why), { what, worthUsd, why, context });
  const sales = seriesOptions(freed(own), { ...context, market }).filter(({ side }) => {
    return side === "sell";
  });
  if (sales.length === 0) {
    const paused = lines.flatMap((line) => {
      const held = line.series.filter(({ heldE18 }) => heldE18 !== "0");
      return held.flatMap((one) => pausedSeries(own, line, one, SALE) ?? []);
    });
    return stay(paused[0] ?? "nothing can be sold back now");
  }
  const refusals = sales.flatMap((sale) => unpaid(sale, sale.limitUnits) ?? []);
  if (refusals.length === sales.length) return stay(refusals[0] ?? "nothing can be sold back now");
  for (const sale of sales) {
    const make = (units: number) => optionAction(sale, units, context.policy);
    const { limitUnits: wanted, payableUnits: leastUnits } = sale;
    const limits = { wanted, leastUnits, spotUsd: market.spotUsd };
    const action = largestTaken(make, limits, context);
    if (action !== undefined) return { ...NOTHING, action };
  }
  return stay("the other shards cannot take its delta now");
}

/** What longs at an option market are worth, USD, as our own books value them. */
function worthOf({ underlying, series }: OptionMarketLine, market: OptionMarket): number {
  return series.reduce((sum, { type, strikeUsd, expiryMs, heldE18 }) => {
    const quantity = unitsFromRaw(BigInt(heldE18), 18);
    if (quantity === 0) return sum;
    return sum + valueOption({ underlying, type, strikeUsd, expiryMs, quantity }, market).priceUsd;
  }, 0);
}

/** What cannot be closed, unless it is dust: then it stays, and is named. */
function dustOr(
  waiting: UnwindStep,
  o: {
    readonly what: string;
    readonly worthUsd: number;
    readonly why: string;
    readonly context: FlattenContext;
  },
): UnwindStep {
  if (!(o.worthUsd < o.context.policy.orders.dustUsd)) return waiting;
  return { ...NOTHING, left: `${o.what} worth ${o.worthUsd.toFixed(6)} USD: ${o.why}` };
}

/**
 * Closes a perpetual of a shard that is flat: what it carries goes to a pool, so that the delta it takes off comes back
 * there in the next pass. No more of it than the pool and the other shards could take now.
 */
export function closePerp(own: ShardInput, context: FlattenContext): UnwindStep {
  const lines = own.valuation.entry.report.perps.filter((one) => {
    return one.underlying === context.underlying && one.sizeE18 !== "0";
  });
  const left: string[] = [];
  for (const line of lines) {
    const step = closeOne(own, line, context);
    if (step.left === null) return { ...step, left: told(left) };
    left.push(step.left);
  }
  return { ...NOTHING, left: told(left) };
}

function told(left: readonly string[]): string | null {
  return left.length === 0 ? null : left.join("; ");
}

function closeOne(own: ShardInput, line: PerpLine, context: FlattenContext): UnwindStep {
  const { underlying, barrier } = context;
  const what = `${underlying}: perpetual at ${line.venue}`;
  const wait = (why: string): UnwindStep => ({ ...NOTHING, waitsFor: `${what}: ${why}` });
  if (barrier !== undefined) return wait(barrier);
  if (context.jobsMax < 1) return wait("no jobs left in this pass");
  const sizeUnits = Math.abs(unitsFromRaw(BigInt(line.sizeE18), 18));
  // By the pass's own price: a feed that is wrong, or an agent that is, makes no dust of a position.
  const { spotUsd: usd } = own.valuation.underlyings.get(underlying) ?? {};
  const worthUsd = sizeUnits * (usd ?? Number.POSITIVE_INFINITY);
  const stay = (why: string): UnwindStep => dustOr(wait(why), { what, worthUsd, why, context });
  const side = line.sizeE18.startsWith("-") ? "buy" : "sell";
  const outcome = hedgeOptions(aloneAt(freed(own), line), { ...context, side });
  const [close] = optionsOf(outcome);
  if (close === undefined)
    return stay(`cannot be closed now${outcome.usable ? "" : `: ${outcome.reason}`}`);
  const back = side === "buy" ? "sell" : "buy";
  const pool = optionsOf(hedgeOptions(freed(own), { ...context, side: back })).find((option) => {
    return option.venue.kind === "spot";
  });
  if (pool === undefined) return stay("no pool can carry what it carries");
  const wanted = Math.min(sizeUnits, close.limitUnits, pool.limitUnits);
  const make = (units: number) => hedgeAction(close, units, context.policy);
  // What is left of a position must be worth closing, or there is an end to it only with dust.
  const leastUnits = Math.max(Math.min(close.leastUnits, wanted), close.payableUnits);
  const refusal = unpaid(close, wanted);
  if (refusal !== undefined) return stay(refusal);
  const { spotUsd } = close.depth;
  const action = largestTaken(make, { wanted, leastUnits, spotUsd }, context);
  return action === undefined
    ? stay("the other shards cannot take its delta now")
    : { ...NOTHING, action };
}

/** As though the shard had no other venue: what is said of a trade is of this one. */
function aloneAt(own: ShardInput, line: PerpLine): ShardInput {
  const { valuation } = own;
  const report = { ...valuation.entry.report, capacity: [], perps: [line] };
  return { ...own, valuation: { ...valuation, entry: { ...valuation.entry, report } } };
}

/** As though nothing held the shard to reducing: what is closed here comes back elsewhere. */
function freed(own: ShardInput): ShardInput {
  return { ...own, status: { ...own.status, reducesOnly: false } };
}

function optionsOf(outcome: HedgeOptionsOutcome): readonly HedgeOption[] {
  return outcome.usable ? outcome.options : [];
}
