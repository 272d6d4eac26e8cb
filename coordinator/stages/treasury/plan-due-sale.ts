import {
  type DepthPoint,
  executionCostUsd,
  usdFor,
} from "#coordinator/stages/trades/depth-cost.ts";
import { leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type { HedgeOption, ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { hedgeOptions } from "#coordinator/stages/trades/hedge-options.ts";
import { saleForCash } from "#coordinator/stages/trades/swap-action.ts";
import type {
  TreasuryContext,
  TreasuryStep,
} from "#coordinator/stages/treasury/treasury-action.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { CapacityLine } from "#shared/wire/shard-report.ts";

/** A pool in which a shard may sell what it holds, and what it would bring of what is wanted. */
type Sale = {
  readonly option: HedgeOption;
  readonly line: CapacityLine;
  readonly outRaw: bigint;
  readonly units: number;
};

/**
 * The cheapest sale of one hedge asset that brings exactly `lackRaw` of the settlement asset, or the one that brings most of
 * it; undefined where nothing may be sold. Its delta is hedged elsewhere by the same pass.
 *
 * @param lackRaw Above zero.
 */
export function dueSale(
  input: ShardInput,
  lackRaw: bigint,
  { effects, policy, nativeUsd }: TreasuryContext,
): TreasuryStep | undefined {
  const sales = [...input.valuation.underlyings.keys()].flatMap((underlying) => {
    const context = { underlying, side: "sell", effects, policy, nativeUsd } as const;
    const outcome = hedgeOptions(input, context);
    return outcome.usable ? outcome.options.flatMap((option) => saleOf(option, lackRaw)) : [];
  });
  const [best] = sales.sort((one, other) => {
    if (one.outRaw !== other.outRaw) return one.outRaw > other.outRaw ? -1 : 1;
    return costUsd(one) - costUsd(other);
  });
  if (best === undefined) return undefined;
  const { option, line, units, outRaw } = best;
  const action = saleForCash(option, line, { units, outRaw, policy });
  const { settlementDecimals, settlementUsd } = option.depth;
  const amountUsd = unitsFromRaw(outRaw, settlementDecimals) * settlementUsd;
  const reason = "cash for expired series";
  return {
    action,
    move: { shard: input.setup.shard, venue: line.venue, amountUsd: -amountUsd, reason },
  };
}

function saleOf(option: HedgeOption, lackRaw: bigint): Sale[] {
  if (option.venue.kind !== "spot") return [];
  const { points, depth, limitUnits, venue } = option;
  const mostUnits = usdFor(points, limitUnits) / depth.settlementUsd;
  const mostRaw = rawFromUnitsDown(mostUnits, depth.settlementDecimals);
  // More than what lacks, where the agent would not pay the gas of so little: it is due all the same.
  const leastUnitsOut = leastNotionalUsd(option.input, venue.line.gasUnits) / depth.settlementUsd;
  if (!(leastUnitsOut <= mostUnits)) return [];
  const leastRaw = rawFromUnitsUp(leastUnitsOut, depth.settlementDecimals);
  const outRaw = between(lackRaw, leastRaw, mostRaw);
  if (outRaw === 0n) return [];
  const outUsd = unitsFromRaw(outRaw, depth.settlementDecimals) * depth.settlementUsd;
  const units = Math.min(limitUnits, leastUnits(points, outUsd));
  return [{ option, line: venue.line, outRaw, units }];
}

function between(raw: bigint, leastRaw: bigint, mostRaw: bigint): bigint {
  if (raw < leastRaw) return leastRaw < mostRaw ? leastRaw : mostRaw;
  return raw < mostRaw ? raw : mostRaw;
}

/** Fewest units that bring `usd` on a depth, linear between its points; the last slope beyond them. */
function leastUnits(points: readonly DepthPoint[], usd: number): number {
  const at = points.findIndex((point) => point.usd >= usd);
  const index = at === -1 ? points.length - 1 : Math.max(1, at);
  const [from, to] = [points[index - 1], points[index]];
  if (from === undefined || to === undefined) return 0;
  return from.units + ((usd - from.usd) * (to.units - from.units)) / (to.usd - from.usd);
}

function costUsd({ option, units }: Sale): number {
  return executionCostUsd(option.points, units, option.depth) + option.gasUsd;
}
