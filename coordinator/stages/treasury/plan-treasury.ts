import { marginNeededUsd } from "#coordinator/stages/capital/margin-needed.ts";
import { cashLevels } from "#coordinator/stages/capital/settlement-cash.ts";
import { uncoveredShards } from "#coordinator/stages/plans/find-shortfalls.ts";
import { putLeftUsd } from "#coordinator/stages/trades/caps-left.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import { keptMarginUsd, type MarginContext } from "#coordinator/stages/treasury/plan-margin.ts";
import {
  isOpenVenue,
  loan,
  loanLine,
  marginBack,
  type TreasuryContext,
  type TreasuryPlan,
  type TreasuryStep,
  treasuryPlan,
  usdOf,
} from "#coordinator/stages/treasury/treasury-action.ts";
import type { LendingLine } from "#shared/wire/shard-report.ts";

const HOURS_PER_YEAR = 8_760;
const DAYS_PER_YEAR = 365;
/** Share of a venue's own room that is lent into: what others have there earns, and they add to it, until the block. */
const ROOM_SHARE = 0.99;
/** Margin worth bringing back, in smallest moves of margin. */
const SURPLUS_MOVES = 10;

/**
 * What to do with idle cash once all else is planned: lend what is above what is to stay, while no shard lacks collateral,
 * and bring back margin that nothing needs, where the policy says so. One move per shard and pass, none where another job of
 * the shard is under way. What is short of cash is brought back before the plan is made.
 */
export function planTreasury(context: MarginContext): TreasuryPlan {
  const isNeeded = uncoveredShards(context).length > 0;
  const steps = context.inputs.flatMap((input) => {
    const { status, valuation, setup } = input;
    const isBusy = context.effects.some((effect) => {
      const isOwn = effect.shard === setup.shard || effect.target === setup.shard;
      return isOwn && effect.isPendingAtShard;
    });
    if (isBusy || !status.takesJobs || valuation.unvalued.size > 0) return [];
    const supplied = isNeeded ? undefined : supply(input, context);
    return supplied ?? surplusMargin(input, context) ?? [];
  });
  return treasuryPlan(steps, context);
}

function supply(input: ShardInput, context: TreasuryContext): TreasuryStep | undefined {
  const line = loanLine(input);
  const { policy } = context;
  const isLent = policy.lending.supplyMaxFraction !== null;
  if (!isLent || line === undefined || input.status.reducesOnly || !line.acceptsSupply)
    return undefined;
  const { freeUsd, stayUsd } = cashLevels(input, context);
  const roomUsd =
    line.supplyRoomRaw === null
      ? Number.POSITIVE_INFINITY
      : ROOM_SHARE * usdOf(input, line.supplyRoomRaw, line.decimals);
  // The desk counts what the account has earned by the block: a loan up to the last unit of the cap would revert there.
  const suppliedUsd = usdOf(input, line.suppliedRaw, line.decimals);
  const earnsUsd = (suppliedUsd * line.supplyRatePerYear) / DAYS_PER_YEAR;
  const putUsd = putLeftUsd(input, line.adapter, context) - earnsUsd;
  const usd = Math.min(freeUsd - stayUsd, roomUsd, putUsd);
  return isWorthLending(input, line, { idleUsd: usd, context })
    ? loan(input, line, { usd, reason: "idle cash", policy })
    : undefined;
}

/** True when the interest over the horizon is more than the gas of both ways and the haircut. */
function isWorthLending(
  input: ShardInput,
  line: LendingLine,
  { idleUsd, context }: { readonly idleUsd: number; readonly context: TreasuryContext },
): boolean {
  const { horizonHours, haircutFraction, minimumUsd } = context.policy.lending;
  const gasUsd = gasCostUsd(input, line, context.nativeUsd);
  if (gasUsd === null || idleUsd < minimumUsd) return false;
  const earnedUsd = (idleUsd * line.supplyRatePerYear * horizonHours) / HOURS_PER_YEAR;
  return earnedUsd > 2 * gasUsd + idleUsd * haircutFraction;
}

/** Margin beyond twice what the account's positions need and what stands for hedges to come, when that is worth a move. */
function surplusMargin(input: ShardInput, context: MarginContext): TreasuryStep | undefined {
  const { policy } = context;
  const { valuation } = input;
  const { perps } = valuation.entry.report;
  const account = perps.find((line) => isOpenVenue(input, line));
  if (account === undefined || !policy.perps.withdrawsSurplus) return undefined;
  const lines = perps.filter(({ adapter }) => adapter === account.adapter);
  const boundUsd = 2 * marginNeededUsd(lines, input, policy) + keptMarginUsd(input, lines, context);
  const spareUsd = account.accountValueUsd * valuation.settlementUsd - boundUsd;
  const freeUsd = usdOf(input, account.freeMarginRaw, account.marginDecimals);
  const usd = Math.min(spareUsd, freeUsd);
  if (usd < SURPLUS_MOVES * policy.perps.marginMoveMinimumUsd) return undefined;
  return marginBack(input, account, { usd, reason: "margin no position needs", policy });
}
