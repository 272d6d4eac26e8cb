import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { actionRefusal } from "#coordinator/stages/trades/gas-room.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { LendingLine, PerpLine } from "#shared/wire/shard-report.ts";

/** One move of cash between a vault and a venue; positive into the venue. */
type TreasuryMove = {
  readonly shard: string;
  readonly venue: string;
  readonly amountUsd: number;
  readonly reason: string;
};

export type TreasuryPlan = {
  readonly actions: readonly PlannedAction[];
  readonly moves: readonly TreasuryMove[];
  /** Moves left out because the shard's agent would refuse them. */
  readonly blocked: readonly string[];
};

/** Nothing to move. */
export const NO_TREASURY: TreasuryPlan = { actions: [], moves: [], blocked: [] };

export type TreasuryContext = {
  readonly inputs: readonly ShardInput[];
  /** In flight, and all planned before in this pass. */
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
};

/** A move of cash between a vault and one of its accounts, and what a decision says of it. */
export type TreasuryStep = { readonly action: PlannedAction; readonly move: TreasuryMove };

/** Actions and moves of some steps, those left out whose gas the shard's agent would not pay. */
export function treasuryPlan(
  steps: readonly TreasuryStep[],
  { inputs }: Pick<TreasuryContext, "inputs">,
): TreasuryPlan {
  const taken = payableSteps(steps, inputs);
  const refused = steps.filter((step) => !taken.includes(step));
  return {
    actions: taken.map(({ action }) => action),
    moves: taken.map(({ move }) => move),
    blocked: refused.map((step) => {
      const { shard, venue, reason } = step.move;
      return `${shard}: ${venue}: ${reason}: ${stepRefusal(step, inputs)}`;
    }),
  };
}

/** The steps whose gas the shard's agent pays. */
export function payableSteps(
  steps: readonly TreasuryStep[],
  inputs: readonly ShardInput[],
): TreasuryStep[] {
  return steps.filter((step) => stepRefusal(step, inputs) === undefined);
}

function stepRefusal(
  { action, move }: TreasuryStep,
  inputs: readonly ShardInput[],
): string | undefined {
  const input = inputs.find(({ setup }) => setup.shard === move.shard);
  return input === undefined ? undefined : actionRefusal(input, action);
}

/** True at a venue that no breaker has closed. */
export function isOpenVenue(
  { status }: ShardInput,
  { adapter }: { readonly adapter: Address },
): boolean {
  return !status.closedVenues.includes(adapter.toLowerCase());
}

/** Where a shard lends its settlement asset, as far as that venue is open. */
export function loanLine(input: ShardInput): LendingLine | undefined {
  const token = input.setup.settlement.token.toLowerCase();
  return input.valuation.entry.report.lending.find((line) => {
    return line.token.toLowerCase() === token && isOpenVenue(input, line);
  });
}

/** A loan of so many USD, or, where they are negative, its recall; undefined for less than a unit. */
export function loan(
  input: ShardInput,
  line: LendingLine,
  o: { readonly usd: number; readonly reason: string; readonly policy: Policy },
): TreasuryStep | undefined {
  const raw = rawFromUnitsDown(Math.abs(o.usd) / input.valuation.settlementUsd, line.decimals);
  if (raw === 0n) return undefined;
  const isIn = o.usd > 0;
  const { healthFactorMin } = o.policy.lending;
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

/** Cash of the vault put into an account as margin. */
export function marginIn(
  input: ShardInput,
  account: PerpLine,
  { usd, reason }: { readonly usd: number; readonly reason: string },
): TreasuryStep | undefined {
  const { setup, valuation } = input;
  const { decimals } = setup.settlement;
  const raw = rawFromUnitsDown(usd / valuation.settlementUsd, decimals);
  if (raw === 0n) return undefined;
  const amountUsd = unitsFromRaw(raw, decimals) * valuation.settlementUsd;
  // What is put in is free at once, but for an account that has less than its positions bind.
  const isShort = account.freeMarginRaw === "0" && account.marginRatio !== null;
  return {
    action: {
      maxFeeNativeWei: "0",
      params: {
        kind: "margin-move",
        venue: account.adapter,
        asset: account.marginToken,
        amountRaw: raw.toString(),
        minReceiptRaw: isShort ? "0" : ((raw * 99n) / 100n).toString(),
        minMarginRatioE18: "0",
        minCapitalAfterRaw: halfOfCapitalRaw(input),
      },
      effect: {
        kind: "margin-move",
        shard: setup.shard,
        target: null,
        venue: account.adapter,
        underlying: null,
        deltaUnits: 0,
        option: null,
        amountUsd,
        outRaw: raw,
        isCertain: false,
        isPendingAtShard: true,
        isPendingAtTarget: false,
      },
    },
    move: { shard: setup.shard, venue: account.venue, amountUsd, reason },
  };
}

/** Free margin of an account brought back to the vault. */
export function marginBack(
  input: ShardInput,
  account: PerpLine,
  {
    usd,
    reason,
    policy,
  }: { readonly usd: number; readonly reason: string; readonly policy: Policy },
): TreasuryStep | undefined {
  const raw = rawFromUnitsDown(usd / input.valuation.settlementUsd, account.marginDecimals);
  if (raw === 0n) return undefined;
  return {
    action: {
      maxFeeNativeWei: "0",
      params: marginOut(input, account, { raw, policy }),
      effect: effectOf(input, { kind: "margin-move", venue: account.adapter, usd: -usd, raw }),
    },
    move: { shard: input.setup.shard, venue: account.venue, amountUsd: -usd, reason },
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

/** An amount of the settlement asset in USD. */
export function usdOf({ valuation }: ShardInput, raw: string, decimals: number): number {
  return unitsFromRaw(BigInt(raw), decimals) * valuation.settlementUsd;
}

/** Half of the capital on chain: idle cash that moves changes none of it. */
function halfOfCapitalRaw({ valuation }: ShardInput): string {
  const capitalRaw = BigInt(valuation.entry.report.chain.capitalRaw);
  return (capitalRaw > 0n ? capitalRaw / 2n : 0n).toString();
}
