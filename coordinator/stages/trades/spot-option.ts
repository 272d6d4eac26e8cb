import { pendingSellRaw } from "#coordinator/records/planning/pending-effect.ts";
import type { UnderlyingValuation } from "#coordinator/records/planning/shard-valuation.ts";
import { assessCapital, settlementHaircut } from "#coordinator/stages/capital/assess-capital.ts";
import {
  costSegments,
  type DepthPoint,
  depthPoints,
  largestWhere,
  unitsWithinSlippage,
  usdFor,
} from "#coordinator/stages/trades/depth-cost.ts";
import { feedUsd, leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type {
  HedgeContext,
  HedgeOption,
  Limits,
  ShardInput,
} from "#coordinator/stages/trades/hedge-option.ts";
import { SLIPPAGE_SHARE_PLANNED } from "#coordinator/stages/trades/slippage-share.ts";
import {
  fairSpot,
  gasCostUsd,
  NO_HEDGE,
  NOT_REDUCING,
  reducingUnits,
  solventUnits,
  type TradeContext,
  windowUnits,
} from "#coordinator/stages/trades/venue-limits.ts";
import { slippageMaxFraction } from "#shared/policy/slippage.ts";
import { unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** How much and at what cost a shard may swap in one pool. */
export function spotOption(
  input: ShardInput,
  own: UnderlyingValuation,
  line: CapacityLine,
  context: TradeContext,
): HedgeOption {
  const { policy, depth } = context;
  const points = depthPoints(line, depth);
  const slippage = slippageMaxFraction(policy, context.underlying) * SLIPPAGE_SHARE_PLANNED;
  const fairSpotUsd = fairSpot(input, own, context);
  const depthUnits = unitsWithinSlippage(points, { ...depth, spotUsd: fairSpotUsd }, slippage);
  const notionalMaxUsd = policy.underlyings[context.underlying]?.hedgeNotionalMaxUsd ?? 0;
  const freeRaw = freeRawOf(input, own, context);
  const sign = context.side === "buy" ? 1 : -1;
  const { hedgeHaircutFraction } = policy.capital;
  const chainUsdPerUnit = sign * own.spotUsd * hedgeHaircutFraction;
  // What is bought with an asset that has lost its peg no longer takes that haircut, and what is sold for it does.
  const depeg = settlementHaircut(input.valuation, policy);
  const haircutUsdPerUnit = sign * own.spotUsd * (hedgeHaircutFraction - depeg);
  const limits: Limits = {
    "venue too thin or too dear": depthUnits,
    "notional limit": notionalMaxUsd / own.spotUsd,
    "window of the vault used up": windowUnits(input, context),
    ...(context.side === "buy"
      ? { "no free cash": cashUnits(input, points, depthUnits, freeRaw) }
      : { [NO_HEDGE]: unitsFromRaw(freeRaw, depth.tokenDecimals) }),
    ...(input.status.reducesOnly ? { [NOT_REDUCING]: reducingUnits(input, context) } : {}),
    "would not stay solvent": solventUnits(input, own, {
      points,
      mostUnits: depthUnits,
      haircutUsdPerUnit,
      chainUsdPerUnit,
      context,
    }),
  };
  const gasUsd = gasCostUsd(input, line, context.nativeUsd) ?? 0;
  const costFraction = policy.underlyings[context.underlying]?.costFraction ?? 1;
  return {
    shard: input.setup.shard,
    segments: costSegments(points, depth),
    limitUnits: Math.max(0, Math.min(...Object.values(limits))),
    gasUsd,
    leastUnits: gasUsd / costFraction / own.spotUsd,
    payableUnits: leastNotionalUsd(input, line.gasUnits) / feedUsd(context.underlying, input),
    input,
    underlying: context.underlying,
    venue: { kind: "spot", line },
    place: { venue: line.venue, adapter: line.adapter, market: line.pool },
    points,
    depth,
    freeRaw,
    fairSpotUsd,
    carryUsdPerUnit: 0,
    haircutUsdPerUnit,
    chainUsdPerUnit,
    cashUsdPerUnit: context.side === "buy" ? own.spotUsd : 0,
    limits,
  };
}

function freeRawOf(
  input: ShardInput,
  own: UnderlyingValuation,
  { side, underlying, effects, policy }: HedgeContext,
): bigint {
  const { setup, valuation } = input;
  if (side === "buy") return assessCapital(valuation, setup, effects, policy).freeCashRaw;
  const freeRaw = own.sellableRaw - pendingSellRaw(effects, setup.shard, underlying);
  return freeRaw > 0n ? freeRaw : 0n;
}

function cashUnits(
  input: ShardInput,
  points: readonly DepthPoint[],
  most: number,
  freeCashRaw: bigint,
): number {
  const { setup, valuation } = input;
  const freeUsd = unitsFromRaw(freeCashRaw, setup.settlement.decimals) * valuation.settlementUsd;
  return largestWhere(most, (units) => usdFor(points, units) <= freeUsd);
}
