import { pendingSellRaw } from "#coordinator/records/planning/pending-effect.ts";
import type { HedgeContext, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { type OptionMarket, valueOption } from "#shared/risk/pricing/option-position.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";

export type OriginContext = Pick<HedgeContext, "underlying" | "effects"> & {
  /** What options of the underlying are valued on; undefined when it has no price now. */
  readonly market: OptionMarket | undefined;
};

/** A part of a shard's delta, and when the last of it goes by itself; null when it does not. */
type Part = { readonly of: string; readonly units: number; readonly untilMs: number | null };

/**
 * What gives a shard the delta that it cannot sell, the largest part first; undefined where what it holds to sell, tokens
 * and long perpetuals, is as much. Options of its own book belong to takers as well: they go as they expire.
 *
 * @param deltaUnits Own delta with jobs in flight.
 */
export function unsoldOrigin(
  own: ShardInput,
  deltaUnits: number,
  context: OriginContext,
): string | undefined {
  const valuation = own.valuation.underlyings.get(context.underlying);
  const isKnown = valuation !== undefined && own.valuation.unvalued.size === 0;
  if (!isKnown || context.market === undefined) return undefined;
  const decimals = own.setup.underlyings.find(({ ticker }) => ticker === context.underlying);
  const soldRaw = pendingSellRaw(context.effects, own.setup.shard, context.underlying);
  const leftRaw = valuation.sellableRaw - soldRaw;
  const tokenUnits = unitsFromRaw(leftRaw > 0n ? leftRaw : 0n, decimals?.decimals ?? 18);
  if (tokenUnits + Math.max(0, valuation.perpUnits) >= deltaUnits) return undefined;
  const parts = [
    ...optionParts(own, context.underlying, context.market),
    { of: "tokens held", units: valuation.hedgeUnits, untilMs: null },
    { of: "perpetuals", units: valuation.perpUnits, untilMs: null },
  ];
  const told = parts
    .filter(({ units }) => Math.abs(units) >= TOLD_FROM * Math.abs(deltaUnits))
    .sort((one, other) => Math.abs(other.units) - Math.abs(one.units))
    .map(textOf);
  return `its delta of ${signed(deltaUnits)} is of ${told.join(", ")}`;
}

/** Parts that are a smaller share of the whole are not told. */
const TOLD_FROM = 0.001;

function optionParts(own: ShardInput, underlying: string, market: OptionMarket): Part[] {
  const lines = own.valuation.entry.report.book.filter((line) => {
    return line.underlying === underlying && line.expiryMs > market.nowMs;
  });
  return [...Map.groupBy(lines, ({ venue }) => venue)].map(([venue, some]) => {
    const units = some.reduce((sum, { type, strikeUsd, expiryMs, quantity }) => {
      const value = valueOption({ underlying, type, strikeUsd, expiryMs, quantity: 1 }, market);
      return sum + quantity * value.deltaUnits;
    }, 0);
    const of = venue === "option-book" ? "options of its own book" : `options at ${venue}`;
    return { of, units, untilMs: Math.max(...some.map(({ expiryMs }) => expiryMs)) };
  });
}

function textOf({ of, units, untilMs }: Part): string {
  const until = untilMs === null ? "" : `, the last expires ${new Date(untilMs).toISOString()}`;
  return `${of} (${signed(units)}${until})`;
}

/** With decimals, so that a figure that moves is no news. */
function signed(units: number): string {
  return `${units < 0 ? "" : "+"}${units.toFixed(4)}`;
}
