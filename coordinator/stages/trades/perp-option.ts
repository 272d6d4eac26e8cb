import {
  isHedge,
  isThrough,
  type PendingEffect,
} from "#coordinator/records/planning/pending-effect.ts";
import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import {
  marginFractionNeeded,
  marginNeededUsd,
} from "#coordinator/stages/capital/margin-needed.ts";
import { mayGrowAt } from "#coordinator/stages/trades/caps-left.ts";
import {
  costSegments,
  type DepthPoint,
  executionCostUsd,
  largestWhere,
  perpDepthPoints,
  unitsWithinSlippage,
} from "#coordinator/stages/trades/depth-cost.ts";
import { feedUsd, leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type { HedgeOption, Limits, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/trades/slippage-share.ts";
import {
  fairSpot,
  gasCostUsd,
  NOT_REDUCING,
  reducingUnits,
  solventUnits,
  type TradeContext,
  windowUnits,
} from "#coordinator/stages/trades/venue-limits.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine, ShardReport } from "#shared/wire/shard-report.ts";

/** Limits of a trade by the account alone: its margin, or the position it takes back. */
const NO_MARGIN = "not enough margin";
const NO_POSITION = "no position to take back";

/** True when a trade on this side takes back the position that is there. */
function isReducing({ sizeE18 }: PerpLine, { side }: Pick<TradeContext, "side">): boolean {
  const size = BigInt(sizeE18);
  return side === "buy" ? size < 0n : size > 0n;
}

/**
 * How much and at what cost a shard may trade one perpetual with the margin that is there: what margin on its way would
 * allow is for the pass that sees it there. A trade that takes back a position ends where it is closed.
 */
export function perpOption(
  input: ShardInput,
  own: UnderlyingValuation,
  line: PerpLine,
  context: TradeContext,
): HedgeOption {
  const { policy, depth, side } = context;
  const isOpening = !isReducing(line, context);
  const points = perpDepthPoints(line, depth);
  const fairSpotUsd = fairSpot(input, own, context);
  const slippage = slippageMaxFraction(policy, context.underlying) * SLIPPAGE_SHARE_PLANNED;
  const depthUnits = unitsWithinSlippage(points, { ...depth, spotUsd: fairSpotUsd }, slippage);
  const boundUsdPerUnit = isOpening ? line.initialMarginFraction * own.spotUsd : 0;
  const haircutUsdPerUnit = boundUsdPerUnit * policy.capital.hedgeHaircutFraction;
  const room = { points, depthUnits, context };
  const limits: Limits = {
    ...marketLimits(line, context, input.valuation.entry.report),
    "venue too thin or too dear": depthUnits,
    "notional limit":
      (policy.underlyings[context.underlying]?.hedgeNotionalMaxUsd ?? 0) / own.spotUsd,
    "window of the vault used up": windowUnits(input, context),
    "venue is being left":
      isOpening && !mayGrowAt(input, line.adapter) ? 0 : Number.POSITIVE_INFINITY,
    ...(isOpening
      ? { [NO_MARGIN]: marginUnits(input, own, line, room) }
      : { [NO_POSITION]: positionUnits(line, context, input.setup.shard) }),
    ...(input.status.reducesOnly ? { [NOT_REDUCING]: reducingUnits(input, context) } : {}),
    "would not stay solvent": solventUnits(input, own, {
      points,
      mostUnits: depthUnits,
      haircutUsdPerUnit,
      chainUsdPerUnit: boundUsdPerUnit,
      context,
    }),
  };
  const carryUsdPerUnit = (side === "buy" ? 1 : -1) * fundingUsdPerUnit(line, own, context);
  const gasUsd = gasCostUsd(input, line, context.nativeUsd) ?? 0;
  const costFraction = policy.underlyings[context.underlying]?.costFraction ?? 1;
  return {
    shard: input.setup.shard,
    segments: costSegments(points, depth).map((segment) => {
      return { ...segment, costUsdPerUnit: segment.costUsdPerUnit + carryUsdPerUnit };
    }),
    limitUnits: Math.max(0, Math.min(...Object.values(limits))),
    gasUsd,
    leastUnits: gasUsd / costFraction / own.spotUsd,
    payableUnits: leastNotionalUsd(input, line.gasUnits) / feedUsd(context.underlying, input),
    input,
    underlying: context.underlying,
    venue: { kind: "perp", line, isOpening },
    place: { venue: line.venue, adapter: line.adapter, market: line.market },
    points,
    depth,
    freeRaw: 0n,
    fairSpotUsd,
    carryUsdPerUnit,
    haircutUsdPerUnit,
    chainUsdPerUnit: boundUsdPerUnit,
    cashUsdPerUnit: 0,
    limits,
  };
}

/** Most units of a perpetual's trade by its account alone: its margin, or the position it takes back. */
export function marginLimitUnits({ limits }: HedgeOption): number {
  return limits[NO_MARGIN] ?? limits[NO_POSITION] ?? 0;
}

/** What of the market and the account rules a trade out altogether. */
function marketLimits(
  line: PerpLine,
  { effects, policy }: TradeContext,
  report: ShardReport,
): Limits {
  const isOld = report.block.timestampMs - line.indexUpdatedAtMs > policy.staleness.feedMaxMs;
  return {
    "market takes no trades": line.acceptsTrades ? Number.POSITIVE_INFINITY : 0,
    "index is stale": line.isIndexTimedOut || isOld ? 0 : Number.POSITIVE_INFINITY,
    "a job at the same account in flight": effects.some((effect) =>
      isAtAccount(effect, line, report.shard),
    )
      ? 0
      : Number.POSITIVE_INFINITY,
  };
}

/**
 * What takes margin. What only brings some does not stop a trade that is good without it, and a hedge whose book is right
 * without it has its margin set aside.
 */
function isAtAccount(effect: PendingEffect, line: PerpLine, shard: string): boolean {
  const takesMargin =
    (isHedge(effect) && effect.isLapsed !== true) ||
    (effect.kind === "margin-move" && effect.outRaw === 0n);
  return takesMargin && isPendingAt(effect, line, shard);
}

function isPendingAt(effect: PendingEffect, { adapter }: PerpLine, shard: string): boolean {
  return effect.shard === shard && effect.isPendingAtShard && isThrough(effect, adapter);
}

/** Hedges at the account that only another history of the chain could still bring. */
function lapsedHedges({ effects }: TradeContext, line: PerpLine, shard: string): PendingEffect[] {
  return effects.filter((effect) => {
    return isHedge(effect) && effect.isLapsed === true && isPendingAt(effect, line, shard);
  });
}

/** Most units to take back: should what has lapsed be done after all, the position is not turned. */
function positionUnits(line: PerpLine, context: TradeContext, shard: string): number {
  const lapsedUnits = lapsedHedges(context, line, shard)
    .filter(({ underlying }) => underlying === line.underlying)
    .reduce((sum, { deltaUnits }) => sum + Math.abs(deltaUnits), 0);
  return Math.max(0, Math.abs(unitsFromRaw(BigInt(line.sizeE18), 18)) - lapsedUnits);
}

/** Funding a long of one unit pays over the policy's horizon, USD. */
function fundingUsdPerUnit(
  line: PerpLine,
  own: UnderlyingValuation,
  { policy }: TradeContext,
): number {
  return (line.fundingFractionPerDay * own.spotUsd * policy.planning.fundingHorizonHours) / 24;
}

/** Most units for which the account's margin, after the trade's cost, is what its positions then need. */
function marginUnits(
  input: ShardInput,
  own: UnderlyingValuation,
  line: PerpLine,
  room: {
    readonly points: readonly DepthPoint[];
    readonly depthUnits: number;
    readonly context: TradeContext;
  },
): number {
  const { context, points, depthUnits } = room;
  const { policy, depth } = context;
  const { settlementUsd, entry } = input.valuation;
  const account = entry.report.perps.filter((one) => one.adapter === line.adapter);
  const needed = marginFractionNeeded(line, policy);
  // The dearest of the account's markets, and the worst price a mandate may have allowed.
  const dearest = Math.max(...account.map((one) => marginFractionNeeded(one, policy)));
  const lapsedUsd = lapsedHedges(context, line, input.setup.shard).reduce((sum, effect) => {
    const slippage = slippageMaxFraction(policy, effect.underlying ?? line.underlying);
    return sum + effect.amountUsd * (dearest + slippage);
  }, 0);
  const valueUsd = line.accountValueUsd * settlementUsd;
  const spareUsd = valueUsd - marginNeededUsd(account, input, policy) - lapsedUsd;
  const freeRawUsd = unitsFromRaw(BigInt(line.freeMarginRaw), line.marginDecimals) * settlementUsd;
  const freeUsd = freeRawUsd - lapsedUsd;
  return largestWhere(depthUnits, (units) => {
    const costUsd = Math.max(0, executionCostUsd(points, units, depth));
    const tradeUsd = units * own.spotUsd;
    return (
      spareUsd - costUsd >= needed * tradeUsd &&
      freeUsd - costUsd >= line.initialMarginFraction * tradeUsd
    );
  });
}
