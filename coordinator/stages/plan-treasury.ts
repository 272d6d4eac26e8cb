import type { PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planned-action.ts";
import { assessCapital } from "#coordinator/stages/assess-capital.ts";
import { putLeftUsd } from "#coordinator/stages/caps-left.ts";
import type { ShardInput } from "#coordinator/stages/hedge-option.ts";
import { marginNeededUsd } from "#coordinator/stages/margin-needed.ts";
import { cashToKeepUsd } from "#coordinator/stages/settlement-cash.ts";
import { gasCostUsd } from "#coordinator/stages/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { LendingLine, PerpLine } from "#shared/wire/shard-report.ts";

/** One move of idle cash; positive into the venue. */
type TreasuryMove = {
  readonly shard: string;
  readonly venue: string;
  readonly amountUsd: number;
  readonly reason: string;
};

export type TreasuryPlan = {
  readonly actions: readonly PlannedAction[];
  readonly moves: readonly TreasuryMove[];
};

export type TreasuryContext = {
  readonly inputs: readonly ShardInput[];
  /** In flight, and all planned before in this pass. */
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
};

const HOURS_PER_YEAR = 8_760;
/** Cash below this share of what is to stay in the vault is brought back; between, nothing moves. */
const LOW_WATER = 0.5;
/** Margin worth bringing back, in smallest moves of margin. */
const SURPLUS_MOVES = 10;

/**
 * What to do with idle cash once hedges and transfers are planned: lend what is above the policy's share, call a loan back
 * when the vault runs short or series soon to settle need it, and bring back margin that no position needs. One move per
 * shard and pass, none where another job of the shard moves cash.
 */
export function planTreasury(context: TreasuryContext): TreasuryPlan {
  const found = context.inputs.flatMap((input) => {
    const { status, valuation, setup } = input;
    const isBusy = context.effects.some((effect) => {
      const isOwn = effect.shard === setup.shard || effect.target === setup.shard;
      return isOwn && effect.isPendingAtShard;
    });
    if (isBusy || !status.takesJobs || valuation.unvalued.size > 0) return [];
    return loanMove(input, context) ?? marginBack(input, context) ?? [];
  });
  return { actions: found.map(({ action }) => action), moves: found.map(({ move }) => move) };
}

type Found = { readonly action: PlannedAction; readonly move: TreasuryMove };

function loanMove(input: ShardInput, context: TreasuryContext): Found | undefined {
  const { lending } = context.policy;
  const { valuation, setup, status } = input;
  const line = valuation.entry.report.lending.find(({ token, adapter }) => {
    const isOpen = !status.closedVenues.includes(adapter.toLowerCase());
    return isOpen && token.toLowerCase() === setup.settlement.token.toLowerCase();
  });
  if (lending.supplyMaxFraction === null || line === undefined) return undefined;
  const cash = cashOf(input, context);
  const suppliedUsd = usdOf(input, line.suppliedRaw, line.decimals);
  const totalUsd = cash.freeUsd + suppliedUsd;
  const stayUsd = Math.max(cash.keepUsd, (1 - lending.supplyMaxFraction) * totalUsd);
  if (cash.freeUsd < Math.max(cash.keepUsd, LOW_WATER * stayUsd)) {
    const availableUsd = usdOf(input, line.availableRaw, line.decimals);
    const backUsd = Math.min(stayUsd - cash.freeUsd, suppliedUsd, availableUsd);
    const isWorth = line.allowsWithdrawal && backUsd >= Math.min(lending.minimumUsd, suppliedUsd);
    return isWorth && backUsd > 0
      ? loan(input, line, { usd: -backUsd, reason: "the vault is short of cash", context })
      : undefined;
  }
  if (status.reducesOnly || !line.acceptsSupply) return undefined;
  const roomUsd =
    line.supplyRoomRaw === null
      ? Number.POSITIVE_INFINITY
      : usdOf(input, line.supplyRoomRaw, line.decimals);
  const putUsd = putLeftUsd(input, line.adapter, context);
  const idleUsd = Math.min(cash.freeUsd - stayUsd, roomUsd, putUsd);
  return isWorthLending(input, line, { idleUsd, context })
    ? loan(input, line, { usd: idleUsd, reason: "idle cash", context })
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

/** Free cash, and what of it own series soon to settle and the shard's own requirement keep in the vault, USD. */
function cashOf(input: ShardInput, { effects, policy }: TreasuryContext) {
  const { valuation, setup } = input;
  const capital = assessCapital(valuation, setup, effects, policy);
  const due = cashToKeepUsd(valuation, policy);
  return {
    freeUsd: unitsFromRaw(capital.freeCashRaw, setup.settlement.decimals) * valuation.settlementUsd,
    keepUsd: due,
  };
}

function loan(
  input: ShardInput,
  line: LendingLine,
  o: { readonly usd: number; readonly reason: string; readonly context: TreasuryContext },
): Found | undefined {
  const raw = rawFromUnitsDown(Math.abs(o.usd) / input.valuation.settlementUsd, line.decimals);
  if (raw === 0n) return undefined;
  const isIn = o.usd > 0;
  const { healthFactorMin } = o.context.policy.lending;
  return {
    action: {
      maxFeeNativeWei: "0",
      params: {
        kind: "lend-move",
        venue: line.adapter,
        asset: line.token,
        amountRaw: (isIn ? raw : -raw).toString(),
        // Shares of the venue round by a unit or two.
        minReceiptRaw: (raw > 2n ? raw - 2n : 0n).toString(),
        minHealthFactorE18: rawFromUnitsDown(healthFactorMin, 18).toString(),
        minCapitalAfterRaw: halfOfCapitalRaw(input),
      },
      effect: effectOf(input, { kind: "lend-move", venue: line.adapter, usd: o.usd, raw }),
    },
    move: { shard: input.setup.shard, venue: line.venue, amountUsd: o.usd, reason: o.reason },
  };
}

/** Margin beyond twice what the account's positions need, when that is worth a move. */
function marginBack(input: ShardInput, { policy }: TreasuryContext): Found | undefined {
  const { valuation, setup, status } = input;
  const { perps } = valuation.entry.report;
  const account = perps.find(({ adapter }) => !status.closedVenues.includes(adapter.toLowerCase()));
  if (account === undefined || !policy.perps.withdrawsSurplus) return undefined;
  const lines = perps.filter(({ adapter }) => adapter === account.adapter);
  const spareUsd =
    account.accountValueUsd * valuation.settlementUsd - 2 * marginNeededUsd(lines, input, policy);
  const freeUsd = usdOf(input, account.freeMarginRaw, account.marginDecimals);
  const usd = Math.min(spareUsd, freeUsd);
  if (usd < SURPLUS_MOVES * policy.perps.marginMoveMinimumUsd) return undefined;
  const raw = rawFromUnitsDown(usd / valuation.settlementUsd, account.marginDecimals);
  return {
    action: {
      maxFeeNativeWei: "0",
      params: marginOut(input, account, { raw, policy }),
      effect: effectOf(input, { kind: "margin-move", venue: account.adapter, usd: -usd, raw }),
    },
    move: {
      shard: setup.shard,
      venue: account.venue,
      amountUsd: -usd,
      reason: "margin no position needs",
    },
  };
}

function marginOut(
  input: ShardInput,
  line: PerpLine,
  { raw, policy }: { readonly raw: bigint; readonly policy: Policy },
): PlannedAction["params"] {
  return {
    kind: "margin-move",
    venue: line.adapter,
    asset: line.marginToken,
    amountRaw: (-raw).toString(),
    minReceiptRaw: raw.toString(),
    minMarginRatioE18: rawFromUnitsUp(
      Math.max(policy.perps.marginRatioMin, line.marginRatioFloor),
      18,
    ).toString(),
    minCapitalAfterRaw: halfOfCapitalRaw(input),
  };
}

function effectOf(
  input: ShardInput,
  o: {
    readonly kind: "lend-move" | "margin-move";
    readonly venue: Address;
    readonly usd: number;
    readonly raw: bigint;
  },
): PendingEffect {
  return {
    kind: o.kind,
    shard: input.setup.shard,
    target: null,
    venue: o.venue,
    underlying: null,
    deltaUnits: 0,
    option: null,
    amountUsd: Math.abs(o.usd),
    outRaw: o.usd > 0 ? o.raw : 0n,
    isCertain: false,
    isPendingAtShard: true,
    isPendingAtTarget: false,
  };
}

function usdOf({ valuation }: ShardInput, raw: string, decimals: number): number {
  return unitsFromRaw(BigInt(raw), decimals) * valuation.settlementUsd;
}

/** Half of the capital on chain: idle cash that moves changes none of it. */
function halfOfCapitalRaw({ valuation }: ShardInput): string {
  const capitalRaw = BigInt(valuation.entry.report.chain.capitalRaw);
  return (capitalRaw > 0n ? capitalRaw / 2n : 0n).toString();
}
