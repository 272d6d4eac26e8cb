import {
  isHedge,
  isThrough,
  type PendingEffect,
} from "#coordinator/records/planning/pending-effect.ts";
import { seriesMarket, tradeKey } from "#coordinator/records/safety/trade-name.ts";
import { assessCapital } from "#coordinator/stages/capital/assess-capital.ts";
import { freeForVenuesRaw } from "#coordinator/stages/capital/settlement-cash.ts";
import { bucketOf, expiryBuckets } from "#coordinator/stages/risk/measure-buckets.ts";
import { mayGrowAt, putLeftUsd } from "#coordinator/stages/trades/caps-left.ts";
import {
  type CostSegment,
  type DepthPoint,
  largestWhere,
  type Side,
  usdFor,
} from "#coordinator/stages/trades/depth-cost.ts";
import { feedUsd, leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type { HedgeContext, Limits, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { SeriesOption } from "#coordinator/stages/trades/series-option.ts";
import {
  gasCostUsd,
  windowUnits as windowUnitsOf,
} from "#coordinator/stages/trades/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import { type OptionMarket, valueOption } from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { OptionMarketLine, OptionSeries } from "#shared/wire/shard-report.ts";

export type SeriesContext = Omit<HedgeContext, "side"> & {
  /** What our own books are valued on. */
  readonly market: OptionMarket;
};

/** All series of one shard's option markets that can be bought, or sold back, now. */
export function seriesOptions(input: ShardInput, context: SeriesContext): SeriesOption[] {
  const { status, valuation, setup } = input;
  const isKnown = gasCostUsd(input, { gasUnits: 1 }, context.nativeUsd) !== null;
  if (!status.takesJobs || status.reducesOnly || valuation.unvalued.size > 0 || !isKnown) return [];
  return valuation.entry.report.optionMarkets
    .filter((line) => {
      const isOpen = !status.closedVenues.includes(line.adapter.toLowerCase());
      const isUsable = line.acceptsTrades && !line.isStale && isOpen;
      const isBusy = context.effects.some((effect) => isAtAccount(effect, line, setup.shard));
      return line.underlying === context.underlying && isUsable && !isBusy;
    })
    .flatMap((line) => line.series.flatMap((series) => ofSeries(input, line, series, context)));
}

function isAtAccount(effect: PendingEffect, { adapter }: OptionMarketLine, shard: string): boolean {
  const isOwn = effect.shard === shard && isThrough(effect, adapter) && effect.isPendingAtShard;
  return isOwn && (isHedge(effect) || effect.kind === "margin-move");
}

function ofSeries(
  input: ShardInput,
  line: OptionMarketLine,
  series: OptionSeries,
  context: SeriesContext,
): SeriesOption[] {
  if (series.expiryMs <= context.market.nowMs + 3_600_000) return [];
  const buy = oneSide(input, line, series, { ...context, side: "buy", isAwaitingCash: false });
  const sell = oneSide(input, line, series, { ...context, side: "sell", isAwaitingCash: false });
  const later =
    buy !== undefined && buy.limits[NO_CASH] === buy.limitUnits
      ? oneSide(input, line, series, { ...context, side: "buy", isAwaitingCash: true })
      : undefined;
  return [buy, sell, later].flatMap((one) => (one === undefined ? [] : [one]));
}

const NO_CASH = "not enough cash in the account";

type OneSide = SeriesContext & { readonly side: Side; readonly isAwaitingCash: boolean };

function oneSide(
  input: ShardInput,
  line: OptionMarketLine,
  series: OptionSeries,
  context: OneSide,
): SeriesOption | undefined {
  const { side, isAwaitingCash, policy, market } = context;
  const { settlementUsd } = input.valuation;
  const points = depthOf(series, side, settlementUsd);
  const isBeingLeft = side === "buy" && !mayGrowAt(input, line.adapter);
  if (points.length < 2 || isBeingLeft || pausedSeries(input, line, series, context) !== undefined)
    return undefined;
  const position = positionOf(line, series);
  const value = valueOption(position, market);
  const gridPnlUsd = optionScenarioPnlUsd([position], 0, market, STANDARD_GRID);
  const sign = side === "buy" ? 1 : -1;
  const freeRaw = freeForAccountRaw(input, line, context);
  const cashRaw = isAwaitingCash ? freeRaw : BigInt(line.cashRaw);
  const cashUsd =
    side === "buy"
      ? (unitsFromRaw(cashRaw, input.setup.settlement.decimals) * settlementUsd) /
        cashPerPremium(policy, isAwaitingCash)
      : Number.POSITIVE_INFINITY;
  const depthUnits = fairUnits(points, value.priceUsd, { ...context, series });
  const perUnitUsd = usdFor(points, Math.max(depthUnits, 1e-9)) / Math.max(depthUnits, 1e-9);
  const premium = { sign, perUnitUsd, fairUsd: value.priceUsd, gridPnlUsd } as const;
  const slackUsdPerUnit = slackPerUnit(premium, context);
  const notionalUsd = policy.underlyings[context.underlying]?.hedgeNotionalMaxUsd ?? 0;
  const windowUnits = windowUnitsOf(input, context);
  const limits: Limits = {
    "premium too far from fair": depthUnits,
    "notional limit": notionalUsd / market.spotUsd,
    "window of the vault used up": windowUnits,
    ...(side === "buy"
      ? { [NO_CASH]: largestWhere(depthUnits, (units) => usdFor(points, units) <= cashUsd) }
      : { "nothing held": unitsFromRaw(BigInt(series.heldE18), 18) }),
    "would not stay solvent": slackUsd(input, context) / Math.max(slackUsdPerUnit, 1e-9),
  };
  const limitUnits = Math.max(0, Math.min(...Object.values(limits)));
  if (!(limitUnits > 0) && limits[NO_CASH] !== limitUnits) return undefined;
  const gasUnits = line.gasUnits * (isAwaitingCash ? 2 : 1);
  return {
    input,
    underlying: context.underlying,
    market: line,
    series,
    side,
    sign,
    isAwaitingCash,
    points,
    segments: segmentsOf(points, sign, value.priceUsd),
    fairUsd: value.priceUsd,
    deltaUnits: value.deltaUnits,
    exposure: {
      expiryMs: series.expiryMs,
      gammaUnitsPerUsd: value.gammaUnitsPerUsd,
      vegaUsdPerVolPoint: value.vegaUsdPerVolPoint,
      gridPnlUsd,
    },
    bucket: bucketOf(series.expiryMs, market.nowMs, expiryBuckets(policy)),
    limits,
    limitUnits,
    gasUsd: gasCostUsd(input, { gasUnits }, context.nativeUsd) ?? 0,
    payableUnits: leastNotionalUsd(input, line.gasUnits) / feedUsd(context.underlying, input),
    cashUsd,
    windowUnits,
    freeRaw,
    slackUsdPerUnit,
  };
}

/** Why a series is not traded now that was refused again and again, or the cash for it; undefined when it may be. */
export function pausedSeries(
  { status, setup }: ShardInput,
  { adapter: venue, market }: OptionMarketLine,
  series: OptionSeries,
  { side, isAwaitingCash }: Pick<OneSide, "side" | "isAwaitingCash">,
): string | undefined {
  const trade = tradeKey({ venue, market: seriesMarket(market, series), way: side });
  const cash = tradeKey({ venue, market: setup.settlement.token, way: "in" });
  return (
    status.pausedTrades.get(trade) ?? (isAwaitingCash ? status.pausedTrades.get(cash) : undefined)
  );
}

/** Cash of the vault that may go to an account: what it can spare, and what the venue's cap still takes. */
function freeForAccountRaw(
  input: ShardInput,
  { adapter }: OptionMarketLine,
  context: SeriesContext,
): bigint {
  const freeRaw = freeForVenuesRaw(input, context);
  const putUnits = putLeftUsd(input, adapter, context) / input.valuation.settlementUsd;
  if (!Number.isFinite(putUnits)) return freeRaw;
  const putRaw = rawFromUnitsDown(putUnits, input.setup.settlement.decimals);
  if (putRaw < freeRaw) return putRaw;
  return freeRaw;
}

/** Amounts are whole in the asset's decimals, and premiums in eight: a share of the cash that no trade needs. */
const ROUNDING = 1e-6;

/**
 * Cash to have for one USD of premium: a trade takes what its mandate allows and brings back what it did not need, so that
 * all trades of a pass fit whichever come first. What is brought ahead allows for as much again until the trade is planned.
 */
export function cashPerPremium({ options }: Policy, isAwaitingCash: boolean): number {
  const moved = 1 + options.premiumMoveFraction;
  return (isAwaitingCash ? moved * moved : moved) * (1 + ROUNDING);
}

/** Most options whose average premium is as near to our own value as the policy asks, and within what the desk allows. */
function fairUnits(
  points: readonly DepthPoint[],
  fairUsd: number,
  { policy, side, series }: OneSide & { readonly series: OptionSeries },
): number {
  const over = policy.options.premiumOverFairMaxFraction;
  const mostUsd = Math.min(fairUsd * (1 + over), series.mostToOpenUsd ?? Number.POSITIVE_INFINITY);
  const leastUsd = Math.max(fairUsd * (1 - over), series.leastToCloseUsd ?? 0);
  return largestWhere(points.at(-1)?.units ?? 0, (units) => {
    const usd = usdFor(points, units);
    return side === "buy" ? usd <= units * mostUsd : usd >= units * leastUsd;
  });
}

function segmentsOf(points: readonly DepthPoint[], sign: 1 | -1, fairUsd: number): CostSegment[] {
  return points.slice(1).map((to, index) => {
    const from = points[index] ?? { units: 0, usd: 0 };
    const units = to.units - from.units;
    return { units, costUsdPerUnit: sign * ((to.usd - from.usd) / units - fairUsd) };
  });
}

/** One option held, as our own books value it. */
function positionOf({ underlying }: OptionMarketLine, { type, strikeUsd, expiryMs }: OptionSeries) {
  return { underlying, type, strikeUsd, expiryMs, quantity: 1 };
}

function depthOf(series: OptionSeries, side: Side, settlementUsd: number): DepthPoint[] {
  const points: DepthPoint[] = [{ units: 0, usd: 0 }];
  for (const { quantityE18, costE18 } of series[side]) {
    const units = unitsFromRaw(BigInt(quantityE18), 18);
    const usd = unitsFromRaw(BigInt(costE18), 18) * settlementUsd;
    const last = points.at(-1);
    if (last === undefined || units <= last.units || usd <= last.usd) break;
    points.push({ units, usd });
  }
  return points;
}

/**
 * What one option takes off a shard's slack at most: the premium, and the buffered worst loss of its value; a sale takes
 * away the gains it had on the grid. An upper bound: what it does for the rest of the book is not counted.
 */
function slackPerUnit(
  one: {
    readonly sign: 1 | -1;
    readonly perUnitUsd: number;
    readonly fairUsd: number;
    readonly gridPnlUsd: readonly number[];
  },
  { policy }: SeriesContext,
): number {
  const { bufferMultiplier, scenarioMultiplier } = policy.capital;
  const worstUsd = Math.max(0, ...one.gridPnlUsd.map((pnl) => -one.sign * pnl));
  const lossUsd = bufferMultiplier * scenarioMultiplier * worstUsd;
  if (one.sign === 1) return one.perUnitUsd + lossUsd;
  return Math.max(0, bufferMultiplier * one.fairUsd + lossUsd - one.perUnitUsd);
}

function slackUsd(input: ShardInput, { effects, policy }: SeriesContext): number {
  const capital = assessCapital(input.valuation, input.setup, effects, policy);
  const buffered = capital.requiredCapitalUsd * policy.capital.bufferMultiplier;
  return Math.max(0, capital.collateralUsdAfterHaircut - buffered);
}
