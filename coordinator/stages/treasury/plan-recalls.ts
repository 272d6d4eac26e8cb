import {
  arrivingUsd,
  inDoubtUsd,
  isThrough,
  pendingHomeUsd,
} from "#coordinator/records/planning/pending-effect.ts";
import { assessCapital, freeCashRaw } from "#coordinator/stages/capital/assess-capital.ts";
import { cashLevels } from "#coordinator/stages/capital/settlement-cash.ts";
import { uncoveredShards } from "#coordinator/stages/plans/find-shortfalls.ts";
import { isOpenRoute, isSource, mostFrom } from "#coordinator/stages/plans/plan-transfers.ts";
import { leastNotionalUsd } from "#coordinator/stages/trades/gas-room.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { dueSale } from "#coordinator/stages/treasury/plan-due-sale.ts";
import { accountMargin, type StandingContext } from "#coordinator/stages/treasury/plan-margin.ts";
import {
  isOpenVenue,
  loan,
  loanLine,
  marginBack,
  payableSteps,
  type TreasuryContext,
  type TreasuryPlan,
  type TreasuryStep,
  treasuryPlan,
  usdOf,
} from "#coordinator/stages/treasury/treasury-action.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { PerpLine } from "#shared/wire/shard-report.ts";

export type RecallContext = TreasuryContext & StandingContext;

/** Margin worth bringing back, in smallest moves of margin. */
const RECALL_MOVES = 10;

/**
 * Cash that a shard's own venues owe it, brought back before a pass plans: loans where the vault has less than half of what
 * is to stay in it, loans and then free margin where it has less than series due or soon to settle may need, or than it
 * could send to a shard in shortfall that nobody else's cash covers. What positions need, and the margin that stands for
 * hedges to come, stays. The plan counts what is on its way home as cash that is not lacking, and spends it when a report
 * shows it there.
 */
export function planRecalls(context: RecallContext): TreasuryPlan {
  const sending = wantedForTransfers(context);
  const steps = context.inputs.flatMap((input) => {
    if (!input.status.takesJobs || input.valuation.unvalued.size > 0) return [];
    return recall(input, sending.get(input.setup.shard) ?? 0, context);
  });
  return treasuryPlan(steps, context);
}

function recall(input: ShardInput, sendUsd: number, context: RecallContext): TreasuryStep[] {
  const cash = cashLevels(input, context);
  const thereUsd = cash.freeUsd + cash.homeUsd;
  const mustUsd = Math.max(cash.keepUsd, sendUsd);
  const isShort = thereUsd < mustUsd;
  if (!isShort && thereUsd >= cash.lowUsd) return [];
  const { inputs } = context;
  const loans = [loanBack(input, Math.max(cash.stayUsd, sendUsd) - thereUsd, context) ?? []].flat();
  const backUsd = payableSteps(loans, inputs).reduce((sum, { move }) => sum - move.amountUsd, 0);
  const lackUsd = Math.max(cash.keptUsd, sendUsd) - thereUsd - backUsd;
  const margin = isShort ? freeMarginBack(input, lackUsd, context) : undefined;
  const steps = [...loans, ...(margin === undefined ? [] : [margin])];
  const sale = saleForDue(input, payableSteps(steps, inputs), context);
  return sale === undefined ? steps : [...steps, sale];
}

/**
 * A hedge sold for exactly the cash that expired series are due and that neither comes home nor could come from the cash of
 * other shards.
 */
function saleForDue(
  input: ShardInput,
  steps: readonly TreasuryStep[],
  context: RecallContext,
): TreasuryStep | undefined {
  const { valuation, setup } = input;
  const effects = [...context.effects, ...steps.map(({ action }) => action.effect)];
  const comingUsd = pendingHomeUsd(effects, setup.shard) + arrivingUsd(effects, setup.shard);
  const comingRaw = rawFromUnitsDown(
    comingUsd / valuation.settlementUsd,
    setup.settlement.decimals,
  );
  const lackRaw = -freeCashRaw(valuation, setup, effects) - comingRaw;
  if (valuation.dueUnits === 0 || lackRaw <= 0n) return undefined;
  const elsewhereUsd = context.inputs
    .filter((other) => other !== input && isSource(other) && isOpenRoute(other, input))
    .reduce((sum, other) => sum + mostFrom(other, context), 0);
  const lackUsd = unitsFromRaw(lackRaw, setup.settlement.decimals) * valuation.settlementUsd;
  // A sale cannot be taken back: it waits while cash that would do has perhaps come, or still comes.
  if (lackUsd <= inDoubtUsd(effects, setup.shard)) return undefined;
  const isElsewhere = elsewhereUsd >= Math.max(lackUsd, context.policy.transfers.minimumUsd);
  return isElsewhere ? undefined : dueSale(input, lackRaw, { ...context, effects });
}

function loanBack(
  input: ShardInput,
  lackUsd: number,
  { policy, effects }: RecallContext,
): TreasuryStep | undefined {
  const line = loanLine(input);
  if (line === undefined || policy.lending.supplyMaxFraction === null) return undefined;
  if (!line.allowsWithdrawal || isBusyAt(input, line, { effects })) return undefined;
  const suppliedUsd = usdOf(input, line.suppliedRaw, line.decimals);
  const availableUsd = usdOf(input, line.availableRaw, line.decimals);
  // A little more than what lacks, where the agent would not pay the gas of that.
  const payableUsd = leastNotionalUsd(input, line.gasUnits);
  const wantedUsd = lackUsd > 0 ? Math.max(lackUsd, payableUsd) : 0;
  const usd = Math.min(wantedUsd, suppliedUsd, availableUsd);
  if (!(usd > 0) || usd < Math.min(policy.lending.minimumUsd, suppliedUsd)) return undefined;
  return loan(input, line, { usd: -usd, reason: "the vault is short of cash", policy });
}

/** Out of the account that has the most to spare; a little more than what lacks, where that would not be worth a move. */
function freeMarginBack(
  input: ShardInput,
  lackUsd: number,
  context: RecallContext,
): TreasuryStep | undefined {
  const { policy } = context;
  const minimumUsd = RECALL_MOVES * policy.perps.marginMoveMinimumUsd;
  const [best] = accountsOf(input)
    .filter(([account]) => isOpenVenue(input, account) && !isBusyAt(input, account, context))
    .map((lines) => {
      const { spareUsd, standingUsd } = accountMargin(input, lines, context);
      const [account] = lines;
      const freeUsd = usdOf(input, account.freeMarginRaw, account.marginDecimals);
      return { account, usd: Math.min(spareUsd - standingUsd, freeUsd) };
    })
    .sort((left, right) => right.usd - left.usd);
  if (best === undefined || lackUsd <= 0 || best.usd < minimumUsd) return undefined;
  const payableUsd = leastNotionalUsd(input, best.account.marginGasUnits);
  const leastUsd = Math.max(minimumUsd, payableUsd);
  const usd = Math.min(Math.max(lackUsd, leastUsd), best.usd);
  return marginBack(input, best.account, { usd, reason: "the vault is short of cash", policy });
}

function accountsOf({ valuation }: ShardInput): [PerpLine, ...PerpLine[]][] {
  const accounts = Map.groupBy(valuation.entry.report.perps, ({ adapter }) => adapter);
  return [...accounts.values()].flatMap(([first, ...rest]): [PerpLine, ...PerpLine[]][] => {
    return first === undefined ? [] : [[first, ...rest]];
  });
}

function isBusyAt(
  { setup }: ShardInput,
  { adapter }: { readonly adapter: string },
  { effects }: Pick<RecallContext, "effects">,
): boolean {
  return effects.some((effect) => {
    return effect.shard === setup.shard && isThrough(effect, adapter) && effect.isPendingAtShard;
  });
}

/** Cash each source should have for what shards in shortfall lack beyond what all sources can send now, USD. */
function wantedForTransfers(context: RecallContext): Map<string, number> {
  const { policy, effects, inputs } = context;
  const missingUsd = uncoveredShards(context).reduce((sum, { valuation, setup }) => {
    return sum + assessCapital(valuation, setup, effects, policy).missingUsd;
  }, 0);
  const sources = inputs.filter(isSource).map((input) => {
    const nowUsd = mostFrom(input, context);
    return { input, nowUsd, moreUsd: mostFrom(input, context, Number.POSITIVE_INFINITY) - nowUsd };
  });
  let leftUsd = missingUsd - sources.reduce((sum, { nowUsd }) => sum + nowUsd, 0);
  const wanted = new Map<string, number>();
  for (const { input, nowUsd, moreUsd } of sources.sort(
    (one, other) => other.moreUsd - one.moreUsd,
  )) {
    const usd = Math.min(leftUsd, moreUsd);
    if (usd < policy.transfers.minimumUsd) break;
    wanted.set(input.setup.shard, nowUsd + usd);
    leftUsd -= usd;
  }
  return wanted;
}
