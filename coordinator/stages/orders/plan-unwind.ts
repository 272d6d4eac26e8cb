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
import type { OptionMarket } from "#shared/risk/pricing/option-position.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

export type UnwindContext = FlattenContext & {
  /** What options of the underlying are valued on; undefined when it has no price now. */
  readonly market: OptionMarket | undefined;
};

/** One step of closing what a shard holds at venues in one underlying. */
export type UnwindStep = {
  readonly action: PlannedAction | undefined;
  /** What cannot be closed now, and why; null when nothing is left or something is closed. */
  readonly waitsFor: string | null;
};

const SALE = { side: "sell", isAwaitingCash: false } as const;
const NOTHING: UnwindStep = { action: undefined, waitsFor: null };

/**
 * Sells back one long option series at a market, as much as its depth, the desk's bounds and the other shards allow. What
 * it takes off the shard's delta is flattened in a later pass.
 */
export function closeOption(own: ShardInput, context: UnwindContext): UnwindStep {
  const { underlying, market, barrier } = context;
  const lines = own.valuation.entry.report.optionMarkets.filter((line) => {
    return line.underlying === underlying && line.series.some(({ heldE18 }) => heldE18 !== "0");
  });
  if (lines.length === 0) return NOTHING;
  const wait = (why: string): UnwindStep => {
    return { action: undefined, waitsFor: `${underlying}: options at ${lines[0]?.venue}: ${why}` };
  };
  if (barrier !== undefined || market === undefined) return wait(barrier ?? "no price");
  if (context.jobsMax < 1) return wait("no jobs left in this pass");
  const sales = seriesOptions(freed(own), { ...context, market }).filter(({ side }) => {
    return side === "sell";
  });
  if (sales.length === 0) {
    const paused = lines.flatMap((line) => {
      const held = line.series.filter(({ heldE18 }) => heldE18 !== "0");
      return held.flatMap((one) => pausedSeries(own, line, one, SALE) ?? []);
    });
    return wait(paused[0] ?? "nothing can be sold back now");
  }
  const refusals = sales.flatMap((sale) => unpaid(sale, sale.limitUnits) ?? []);
  if (refusals.length === sales.length) return wait(refusals[0] ?? "nothing can be sold back now");
  for (const sale of sales) {
    const make = (units: number) => optionAction(sale, units, context.policy);
    const { limitUnits: wanted, payableUnits: leastUnits } = sale;
    const limits = { wanted, leastUnits, spotUsd: market.spotUsd };
    const action = largestTaken(make, limits, context);
    if (action !== undefined) return { action, waitsFor: null };
  }
  return wait("the other shards cannot take its delta now");
}

/**
 * Closes a perpetual of a shard that is flat: what it carries goes to a pool, so that the delta it takes off comes back
 * there in the next pass. No more of it than the pool and the other shards could take now.
 */
export function closePerp(own: ShardInput, context: UnwindContext): UnwindStep {
  const { underlying, barrier } = context;
  const line = own.valuation.entry.report.perps.find((one) => {
    return one.underlying === underlying && one.sizeE18 !== "0";
  });
  if (line === undefined) return NOTHING;
  const wait = (why: string): UnwindStep => {
    return { action: undefined, waitsFor: `${underlying}: perpetual at ${line.venue}: ${why}` };
  };
  if (barrier !== undefined) return wait(barrier);
  if (context.jobsMax < 1) return wait("no jobs left in this pass");
  const sizeUnits = Math.abs(unitsFromRaw(BigInt(line.sizeE18), 18));
  const side = line.sizeE18.startsWith("-") ? "buy" : "sell";
  const outcome = hedgeOptions(freed(own), { ...context, side });
  const close = optionsOf(outcome).find((option) => {
    return option.venue.kind === "perp" && option.place.market === line.market;
  });
  if (close === undefined)
    return wait(`cannot be closed now${outcome.usable ? "" : `: ${outcome.reason}`}`);
  const back = side === "buy" ? "sell" : "buy";
  const pool = optionsOf(hedgeOptions(freed(own), { ...context, side: back })).find((option) => {
    return option.venue.kind === "spot";
  });
  if (pool === undefined) return wait("no pool can carry what it carries");
  const wanted = Math.min(sizeUnits, close.limitUnits, pool.limitUnits);
  const make = (units: number) => hedgeAction(close, units, context.policy);
  // What is left of a position must be worth closing, or there is an end to it only with dust.
  const leastUnits = Math.max(Math.min(close.leastUnits, wanted), close.payableUnits);
  const refusal = unpaid(close, wanted);
  if (refusal !== undefined) return wait(refusal);
  const { spotUsd } = close.depth;
  const action = largestTaken(make, { wanted, leastUnits, spotUsd }, context);
  return action === undefined
    ? wait("the other shards cannot take its delta now")
    : { action, waitsFor: null };
}

/** As though nothing held the shard to reducing: what is closed here comes back elsewhere. */
function freed(own: ShardInput): ShardInput {
  return { ...own, status: { ...own.status, reducesOnly: false } };
}

function optionsOf(outcome: HedgeOptionsOutcome): readonly HedgeOption[] {
  return outcome.usable ? outcome.options : [];
}
