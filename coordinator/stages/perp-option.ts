import { isHedge, type PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { UnderlyingValuation } from "#coordinator/records/shard-valuation.ts";
import {
  costSegments,
  type DepthPoint,
  executionCostUsd,
  largestWhere,
  perpDepthPoints,
  unitsWithinSlippage,
} from "#coordinator/stages/depth-cost.ts";
import type { HedgeOption, Limits, ShardInput } from "#coordinator/stages/hedge-option.ts";
import { marginFractionNeeded, marginNeededUsd } from "#coordinator/stages/margin-needed.ts";
import { freeForVenuesRaw } from "#coordinator/stages/settlement-cash.ts";
import {
  fairSpot,
  gasCostUsd,
  reducingUnits,
  SLIPPAGE_SHARE_PLANNED,
  solventUnits,
  type TradeContext,
} from "#coordinator/stages/venue-limits.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine, ShardReport } from "#shared/wire/shard-report.ts";

/**
 * How much and at what cost a shard may trade one perpetual: with the margin that is there, and, where that is what
 * stops it, with margin brought from the vault's cash first. A trade that takes back a position ends where it is closed.
 */
export function perpOptions(
  input: ShardInput,
  own: UnderlyingValuation,
  line: PerpLine,
  context: TradeContext,
): HedgeOption[] {
  const now = perpOption(input, own, line, { ...context, isAwaitingMargin: false });
  if (isReducing(line, context) || now.limits[NO_MARGIN] !== now.limitUnits) return [now];
  return [now, perpOption(input, own, line, { ...context, isAwaitingMargin: true })];
}

const NO_MARGIN = "not enough margin";

/** True when a trade on this side takes back the position that is there. */
function isReducing({ sizeE18 }: PerpLine, { side }: Pick<TradeContext, "side">): boolean {
  const size = BigInt(sizeE18);
  return side === "buy" ? size < 0n : size > 0n;
}

type PerpContext = TradeContext & { readonly isAwaitingMargin: boolean };

function perpOption(
  input: ShardInput,
  own: UnderlyingValuation,
  line: PerpLine,
  context: PerpContext,
): HedgeOption {
  const { policy, depth, isAwaitingMargin, side } = context;
  const isOpening = !isReducing(line, context);
  const points = perpDepthPoints(line, depth);
  const fairSpotUsd = fairSpot(input, own, context);
  const slippage = slippageMaxFraction(policy, context.underlying) * SLIPPAGE_SHARE_PLANNED;
  const depthUnits = unitsWithinSlippage(points, { ...depth, spotUsd: fairSpotUsd }, slippage);
  const boundUsdPerUnit = isOpening ? line.initialMarginFraction * own.spotUsd : 0;
  const haircutUsdPerUnit = boundUsdPerUnit * policy.capital.hedgeHaircutFraction;
  const room = { points, depthUnits, context };
  const cashUsdPerUnit = isAwaitingMargin ? marginFractionNeeded(line, policy) * own.spotUsd : 0;
  const limits: Limits = {
    ...marketLimits(line, context, input.valuation.entry.report),
    "venue too thin or too dear": depthUnits,
    "notional limit":
      (policy.underlyings[context.underlying]?.hedgeNotionalMaxUsd ?? 0) / own.spotUsd,
    ...(isOpening
      ? { [NO_MARGIN]: marginUnits(input, own, line, room) }
      : { "no position to take back": Math.abs(unitsFromRaw(BigInt(line.sizeE18), 18)) }),
    ...(input.status.reducesOnly
      ? { "would not reduce its own delta": reducingUnits(input, context) }
      : {}),
    "would not stay solvent": solventUnits(input, own, {
      points,
      mostUnits: depthUnits,
      haircutUsdPerUnit,
      chainUsdPerUnit: boundUsdPerUnit,
      context,
    }),
  };
  const carryUsdPerUnit = (side === "buy" ? 1 : -1) * fundingUsdPerUnit(line, own, context);
  const gasUnits = line.gasUnits + (isAwaitingMargin ? line.marginGasUnits : 0);
  const gasUsd = gasCostUsd(input, { gasUnits }, context.nativeUsd) ?? 0;
  const costFraction = policy.underlyings[context.underlying]?.costFraction ?? 1;
  return {
    shard: input.setup.shard,
    segments: costSegments(points, depth).map((segment) => {
      return { ...segment, costUsdPerUnit: segment.costUsdPerUnit + carryUsdPerUnit };
    }),
    limitUnits: Math.max(0, Math.min(...Object.values(limits))),
    gasUsd,
    leastUnits: gasUsd / costFraction / own.spotUsd,
    input,
    underlying: context.underlying,
    venue: { kind: "perp", line, isOpening, isAwaitingMargin },
    place: { venue: line.venue, adapter: line.adapter, market: line.market, isAwaitingMargin },
    points,
    depth,
    freeRaw: isAwaitingMargin ? freeForVenuesRaw(input, context) : 0n,
    fairSpotUsd,
    carryUsdPerUnit,
    haircutUsdPerUnit,
    chainUsdPerUnit: boundUsdPerUnit,
    cashUsdPerUnit,
    limits,
  };
}

/** What of the market and the account rules a trade out altogether. */
function marketLimits(
  line: PerpLine,
  { effects, policy }: PerpContext,
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

function isAtAccount(effect: PendingEffect, { adapter }: PerpLine, shard: string): boolean {
  return (
    effect.shard === shard &&
    effect.isPendingAtShard &&
    effect.venue === adapter &&
    (isHedge(effect) || effect.kind === "margin-move")
  );
}

/** Funding a long of one unit pays over the policy's horizon, USD. */
function fundingUsdPerUnit(
  line: PerpLine,
  own: UnderlyingValuation,
  { policy }: PerpContext,
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
    readonly context: PerpContext;
  },
): number {
  const { context, points, depthUnits } = room;
  const { policy, depth, isAwaitingMargin } = context;
  const { settlementUsd, entry } = input.valuation;
  const account = entry.report.perps.filter((one) => one.adapter === line.adapter);
  const needed = marginFractionNeeded(line, policy);
  const broughtUsd = isAwaitingMargin
    ? unitsFromRaw(freeForVenuesRaw(input, context), input.setup.settlement.decimals) *
      settlementUsd
    : 0;
  const spareUsd =
    line.accountValueUsd * settlementUsd + broughtUsd - marginNeededUsd(account, input, policy);
  const freeUsd =
    unitsFromRaw(BigInt(line.freeMarginRaw), line.marginDecimals) * settlementUsd + broughtUsd;
  return largestWhere(depthUnits, (units) => {
    const costUsd = Math.max(0, executionCostUsd(points, units, depth));
    const valueUsd = units * own.spotUsd;
    return (
      spareUsd - costUsd >= needed * valueUsd &&
      freeUsd - costUsd >= line.initialMarginFraction * valueUsd
    );
  });
}
