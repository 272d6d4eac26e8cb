import type { TransferDecision } from "#coordinator/records/planning/decision-record.ts";
import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import {
  assessCapital,
  type CapitalAssessment,
} from "#coordinator/stages/capital/assess-capital.ts";
import {
  shortfalls,
  type TransferPlanContext,
  whyNothingIsSent,
  withoutArriving,
} from "#coordinator/stages/plans/find-shortfalls.ts";
import { transfersLeftUsd } from "#coordinator/stages/trades/caps-left.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import {
  closedRoutes,
  feeDecision,
  type RouteContext,
  type RouteFee,
  routeFee,
} from "#coordinator/stages/trades/route-fee.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Hex } from "#shared/units/ids.ts";
import { rawFromUnitsDown, unitsFromRaw } from "#shared/units/token-amount.ts";

export type TransferPlan = {
  readonly actions: readonly PlannedAction[];
  readonly transfers: readonly TransferDecision[];
  /** Shortfalls that were not, or not wholly, covered, and why. */
  readonly blocked: readonly string[];
};

type Planning = TransferPlanContext & RouteContext;

/** Decimals every OFT shares; smaller amounts cannot travel. */
const OFT_SHARED_DECIMALS = 6;

/**
 * Settlement asset for shards in shortfall, the largest first, from the shards with the largest
 * surplus; among those that can cover all of it by themselves, over the cheapest route. A source keeps its required capital x buffer, also after hedges planned in this pass; a
 * target is brought up to its own. Nothing is sent to a target while what is already on its way covers
 * the shortfall, or may have come.
 */
export function planTransfers(context: Planning): TransferPlan {
  const plan = {
    actions: [] as PlannedAction[],
    transfers: [] as TransferDecision[],
    blocked: [] as string[],
  };
  for (const input of shortfalls(context)) {
    const effects = [...context.effects, ...plan.actions.map((action) => action.effect)];
    const outcome = coverShortfall(input, { ...context, effects });
    plan.actions.push(...outcome.actions);
    plan.transfers.push(...outcome.transfers);
    plan.blocked.push(...outcome.blocked);
  }
  return plan;
}

function assess(
  input: ShardInput,
  effects: readonly PendingEffect[],
  policy: Policy,
): CapitalAssessment {
  return assessCapital(input.valuation, input.setup, effects, policy);
}

function coverShortfall(target: ShardInput, context: Planning): TransferPlan {
  const { policy } = context;
  const shard = target.setup.shard;
  const wait = whyNothingIsSent(target, context);
  if (wait !== undefined) return none(`${shard}: ${wait}`);
  const capital = assess(target, context.effects, policy);
  const { missingUsd } = capital;
  const plan = {
    actions: [] as PlannedAction[],
    transfers: [] as TransferDecision[],
    blocked: [] as string[],
  };
  let leftUsd = missingUsd;
  for (const source of sourcesFor(target, missingUsd, context)) {
    // A rest below the minimum is not worth a fee: the next shortfall will have it.
    if (leftUsd <= 0 || (plan.actions.length > 0 && leftUsd < policy.transfers.minimumUsd)) break;
    const amountUsd = transferAmountUsd(source, leftUsd, policy);
    if (amountUsd !== undefined && source.fee.closed !== null) {
      plan.blocked.push(...closedRoutes([source.input], target, context));
      continue;
    }
    if (amountUsd === undefined) {
      plan.blocked.push(...smallSource(shard, source));
      continue;
    }
    const action = transferAction(source.input, target, amountUsd, policy);
    if (action === undefined) continue;
    plan.actions.push(action);
    plan.transfers.push({
      source: source.input.setup.shard,
      target: shard,
      amountUsd: action.effect.amountUsd,
      reason:
        capital.collateralUsdAfterHaircut < capital.requiredCapitalUsd
          ? "collateral below required capital"
          : "cash below what expired series are due",
      fee: feeDecision(source.fee),
    });
    leftUsd -= action.effect.amountUsd;
  }
  if (leftUsd > policy.transfers.minimumUsd)
    plan.blocked.push(`${shard}: shortfall not covered; no shard has surplus to spare`);
  return plan;
}

/** A source that has something to spare, and less than a transfer is worth. */
function smallSource(target: string, { input, mostUsd, fee }: Source): string[] {
  if (mostUsd < 1 || mostUsd >= fee.leastUsd) return [];
  const could = `${input.setup.shard} could spare ${mostUsd.toFixed(2)} USD`;
  return [`${target}: ${could}, the smallest transfer is ${Number(fee.leastUsd.toFixed(2))} USD`];
}

function none(reason: string): TransferPlan {
  return { actions: [], transfers: [], blocked: [reason] };
}

/** At least the route's least, at most the maximum and what the source can spare; undefined when that is empty. */
function transferAmountUsd(
  { mostUsd, fee }: Source,
  wantedUsd: number,
  { transfers }: Policy,
): number | undefined {
  const amountUsd = Math.min(Math.max(wantedUsd, fee.leastUsd), transfers.maximumUsd, mostUsd);
  return amountUsd >= fee.leastUsd ? amountUsd : undefined;
}

type Source = { readonly input: ShardInput; readonly mostUsd: number; readonly fee: RouteFee };

/** True when a shard may give collateral away at all. */
export function isSource({ status, valuation }: ShardInput): boolean {
  return status.mode === "run" && status.takesJobs && valuation.unvalued.size === 0;
}

/** True unless a breaker has closed the way from one shard to another. */
export function isOpenRoute(source: ShardInput, target: ShardInput): boolean {
  return !source.status.closedTargets.includes(target.setup.shard);
}

function sourcesFor(target: ShardInput, missingUsd: number, context: Planning): Source[] {
  const enoughUsd = Math.min(
    Math.max(missingUsd, context.policy.transfers.minimumUsd),
    context.policy.transfers.maximumUsd,
  );
  const byFee = (left: Source, right: Source): number => {
    const isEither = left.mostUsd >= enoughUsd && right.mostUsd >= enoughUsd;
    return isEither ? left.fee.usd - right.fee.usd : 0;
  };
  return context.inputs
    .filter((input) => input.setup.shard !== target.setup.shard)
    .filter((input) => isSource(input) && isOpenRoute(input, target))
    .map((input) => {
      const fee = routeFee(input, target, context);
      return { input, mostUsd: mostFrom(input, context), fee };
    })
    .sort(
      (left, right) =>
        byFee(left, right) ||
        right.mostUsd - left.mostUsd ||
        (left.input.setup.shard < right.input.setup.shard ? -1 : 1),
    );
}

/** Most a source can send in USD: its surplus, its free cash, its capital on chain above its own floor, and its window. */
export function mostFrom(input: ShardInput, context: TransferPlanContext, moreCashUsd = 0): number {
  const { setup, valuation } = input;
  // What is still on its way here is no surplus yet: it could not be sent on.
  const capital = withoutArriving(input, context);
  const freeCashUsd =
    unitsFromRaw(capital.freeCashRaw, setup.settlement.decimals) * valuation.settlementUsd;
  const chainUsd =
    chainCapitalUsd(input) - leavingUsd(input, context.effects) - chainFloorUsd(input, capital);
  const windowUsd = transfersLeftUsd(input, context);
  return Math.max(0, Math.min(capital.surplusUsd, freeCashUsd + moreCashUsd, chainUsd, windowUsd));
}

/** What pending transfers, and premiums of options, which the vault counts as nothing, will still take from a shard. */
export function leavingUsd({ setup }: ShardInput, effects: readonly PendingEffect[]): number {
  return effects
    .filter((effect) => {
      const isTaking = effect.kind === "transfer" || (effect.option?.vegaUsdPerVolPoint ?? 0) > 0;
      return effect.shard === setup.shard && isTaking && effect.isPendingAtShard;
    })
    .reduce((total, effect) => total + effect.amountUsd, 0);
}

/** Capital the vault itself counts, in USD. */
export function chainCapitalUsd({ setup, valuation }: ShardInput): number {
  const { capitalRaw } = valuation.entry.report.chain;
  return unitsFromRaw(BigInt(capitalRaw), setup.settlement.decimals) * valuation.settlementUsd;
}

/** Required capital in excess of the liability on chain: what the vault must still have after a transfer. */
function chainFloorUsd(input: ShardInput, capital: CapitalAssessment): number {
  return Math.max(0, capital.requiredCapitalUsd - chainLiabilityUsd(input));
}

/** Liability the vault itself counts, in USD. */
export function chainLiabilityUsd({ setup, valuation }: ShardInput): number {
  const { liabilitiesRaw } = valuation.entry.report.chain;
  return unitsFromRaw(BigInt(liabilitiesRaw), setup.settlement.decimals) * valuation.settlementUsd;
}

/** The transfer of an amount, whole in the decimals that travel; undefined when nothing is left of it. */
export function transferAction(
  source: ShardInput,
  target: ShardInput,
  amountUsd: number,
  policy: Policy,
): PlannedAction | undefined {
  const { settlement, shard } = source.setup;
  const dust = 10n ** BigInt(Math.max(0, settlement.decimals - OFT_SHARED_DECIMALS));
  const exactRaw = rawFromUnitsDown(
    amountUsd / source.valuation.settlementUsd,
    settlement.decimals,
  );
  const amountRaw = exactRaw - (exactRaw % dust);
  if (amountRaw === 0n) return undefined;
  const capital = assess(source, [], policy);
  const floorUnits = chainFloorUsd(source, capital) / source.valuation.settlementUsd;
  return {
    maxFeeNativeWei: policy.transfers.maxFeeNativeWei,
    params: {
      kind: "transfer",
      dstEid: target.setup.endpointId,
      dstVault: paddedAddress(target.setup.vault),
      amountRaw: amountRaw.toString(),
      minAmountRaw: amountRaw.toString(),
      lzReceiveGas: policy.transfers.lzReceiveGas,
      minCapitalAfterRaw: rawFromUnitsDown(floorUnits, settlement.decimals).toString(),
    },
    effect: {
      kind: "transfer",
      shard,
      target: target.setup.shard,
      venue: null,
      underlying: null,
      deltaUnits: 0,
      option: null,
      amountUsd: unitsFromRaw(amountRaw, settlement.decimals) * source.valuation.settlementUsd,
      outRaw: amountRaw,
      isCertain: false,
      isPendingAtShard: true,
      isPendingAtTarget: true,
    },
  };
}

function paddedAddress(address: Hex): Hex {
  return `0x${address.slice(2).toLowerCase().padStart(64, "0")}`;
}
