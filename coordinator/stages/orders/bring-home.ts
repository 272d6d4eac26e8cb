import { isThrough, type PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { marginNeededUsd } from "#coordinator/stages/capital/margin-needed.ts";
import { actionRefusal, DUST_USD, MARGIN_GAS_UNITS } from "#coordinator/stages/trades/gas-room.ts";
import type { ShardInput } from "#coordinator/stages/trades/hedge-option.ts";
import { gasCostUsd } from "#coordinator/stages/trades/venue-limits.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import type { Address } from "#shared/units/ids.ts";
import { rawFromUnitsDown, rawFromUnitsUp, unitsFromRaw } from "#shared/units/token-amount.ts";
import type { LendingLine, PerpLine } from "#shared/wire/shard-report.ts";

export type BringHomeContext = {
  readonly effects: readonly PendingEffect[];
  readonly policy: Policy;
  readonly nativeUsd: ReadonlyMap<string, number>;
  readonly jobsMax: number;
  /** Why nothing may be moved in this pass, if so. */
  readonly barrier: string | undefined;
};

export type BringHomeStep = {
  readonly actions: readonly PlannedAction[];
  readonly waitingFor: readonly string[];
  /** What is not worth the gas of bringing it. */
  readonly left: readonly string[];
};

type Move =
  | { readonly action: PlannedAction }
  | { readonly waitsFor: string }
  | { readonly left: string };

/** What comes home must be worth this many times the gas of bringing it, and more than dust. */
const GAS_MULTIPLE = 3;
/** Margin is taken out as far as twice what positions need stays: the price moves until the block. */
const MARGIN_KEPT = 2;

/**
 * Brings what a shard lends, and margin and option cash that nothing needs, back into its vault: one move an account,
 * none where another job of the shard is at the same account. None of it changes what the vault is worth, so that any of
 * them may happen without the others.
 */
export function bringHome(own: ShardInput, context: BringHomeContext): BringHomeStep {
  const { report } = own.valuation.entry;
  const accounts = [...Map.groupBy(report.perps, ({ adapter }) => adapter).values()];
  const moves: Move[] = [
    ...report.lending.flatMap((line) => lent(own, line, context)),
    ...accounts.flatMap((lines) => margin(own, lines, context)),
    ...report.optionMarkets.flatMap(({ adapter, cashRaw, series }): Move[] => {
      const isHeld = series.some(({ heldE18 }) => heldE18 !== "0");
      const raw = isHeld ? 0n : BigInt(cashRaw);
      return marginMove(own, { adapter, raw, ratioE18: "0" }, context);
    }),
  ];
  const actions = moves.flatMap((one) => ("action" in one ? [one.action] : []));
  const waitingFor = moves.flatMap((one) => ("waitsFor" in one ? [one.waitsFor] : []));
  const left = moves.flatMap((one) => ("left" in one ? [one.left] : []));
  if (context.barrier !== undefined && actions.length > 0)
    return {
      actions: [],
      waitingFor: [...waitingFor, `what lies at venues: ${context.barrier}`],
      left,
    };
  return { actions: actions.slice(0, Math.max(0, context.jobsMax)), waitingFor, left };
}

function lent(own: ShardInput, line: LendingLine, context: BringHomeContext): Move[] {
  const [supplied, available] = [BigInt(line.suppliedRaw), BigInt(line.availableRaw)];
  const raw = supplied < available ? supplied : available;
  const priceUsd = priceOf(own, line.token);
  const usd = unitsFromRaw(raw, line.decimals) * priceUsd;
  const worthUsd = unitsFromRaw(supplied, line.decimals) * priceUsd;
  if (isBusy(own, line.adapter, context)) return [];
  const what = `${line.asset} lent at ${line.venue}`;
  const stays = staying(own, { what, usd: worthUsd, gasUnits: line.gasUnits }, context);
  if (stays !== undefined) return stays;
  if (!line.allowsWithdrawal || usd < DUST_USD || !isOpen(own, line.adapter))
    return [stayOr(context, { what, usd: worthUsd, why: "it cannot be withdrawn now" })];
  const params = {
    kind: "lend-move",
    venue: line.adapter,
    asset: line.token,
    amountRaw: (-raw).toString(),
    // Shares of the venue round by a unit or two.
    minReceiptRaw: (raw > 2n ? raw - 2n : 0n).toString(),
    minHealthFactorE18: rawFromUnitsDown(context.policy.lending.healthFactorMin, 18).toString(),
    minCapitalAfterRaw: halfOfCapitalRaw(own),
  } as const;
  return [moved(own, params, { kind: "lend-move", venue: line.adapter, usd, what, context })];
}

function margin(own: ShardInput, lines: readonly PerpLine[], context: BringHomeContext): Move[] {
  const [account] = lines;
  if (account === undefined) return [];
  const { settlementUsd } = own.valuation;
  const neededUsd = MARGIN_KEPT * marginNeededUsd(lines, own, context.policy);
  const spareUnits = account.accountValueUsd - neededUsd / settlementUsd;
  if (!(spareUnits > 0)) return [];
  const spareRaw = rawFromUnitsDown(spareUnits, account.marginDecimals);
  const freeRaw = BigInt(account.freeMarginRaw);
  const raw = freeRaw < spareRaw ? freeRaw : spareRaw;
  const floor = Math.max(context.policy.perps.marginRatioMin, account.marginRatioFloor);
  const ratioE18 = rawFromUnitsUp(floor, 18).toString();
  return marginMove(own, { adapter: account.adapter, raw, ratioE18 }, context);
}

function marginMove(
  own: ShardInput,
  o: { readonly adapter: Address; readonly raw: bigint; readonly ratioE18: string },
  context: BringHomeContext,
): Move[] {
  const { settlement } = own.setup;
  const usd = unitsFromRaw(o.raw, settlement.decimals) * own.valuation.settlementUsd;
  const gas = own.valuation.entry.report.perps.find(({ adapter }) => adapter === o.adapter);
  const gasUnits = gas?.marginGasUnits ?? MARGIN_GAS_UNITS;
  if (isBusy(own, o.adapter, context)) return [];
  const what = `cash at ${o.adapter}`;
  const stays = staying(own, { what, usd, gasUnits }, context);
  if (stays !== undefined) return stays;
  if (!isOpen(own, o.adapter))
    return [stayOr(context, { what, usd, why: "its venue is closed by a breaker" })];
  const params = {
    kind: "margin-move",
    venue: o.adapter,
    asset: settlement.token,
    amountRaw: (-o.raw).toString(),
    minReceiptRaw: o.raw.toString(),
    minMarginRatioE18: o.ratioE18,
    minCapitalAfterRaw: halfOfCapitalRaw(own),
  } as const;
  return [moved(own, params, { kind: "margin-move", venue: o.adapter, usd, what, context })];
}

function moved(
  own: ShardInput,
  params: PlannedAction["params"],
  o: {
    readonly kind: "lend-move" | "margin-move";
    readonly venue: Address;
    readonly usd: number;
    readonly what: string;
    readonly context: BringHomeContext;
  },
): Move {
  const effect: PendingEffect = {
    kind: o.kind,
    shard: own.setup.shard,
    target: null,
    venue: o.venue,
    underlying: null,
    deltaUnits: 0,
    option: null,
    amountUsd: o.usd,
    outRaw: 0n,
    isCertain: false,
    isPendingAtShard: true,
    isPendingAtTarget: false,
  };
  const action = { maxFeeNativeWei: "0", params, effect };
  const refusal = actionRefusal(own, action);
  return refusal === undefined ? { action } : stayOr(o.context, { ...o, why: refusal });
}

/** What cannot be brought now: it is waited for, unless it is dust. */
function stayOr(
  { policy }: BringHomeContext,
  { what, usd, why }: { readonly what: string; readonly usd: number; readonly why: string },
): Move {
  return usd < policy.orders.dustUsd
    ? { left: `${what} worth ${usd.toFixed(2)} USD: ${why}` }
    : { waitsFor: `${what}: ${why}` };
}

/**
 * What is not worth its gas, or not known to be; undefined when it is to be brought. Of less than a cent nothing is told.
 */
function staying(
  own: ShardInput,
  o: { readonly what: string; readonly usd: number; readonly gasUnits: number },
  context: BringHomeContext,
): Move[] | undefined {
  if (o.usd < DUST_USD) return [];
  const gasUsd = gasCostUsd(own, o, context.nativeUsd);
  if (gasUsd === null) return [stayOr(context, { ...o, why: "its gas has no price now" })];
  if (o.usd > GAS_MULTIPLE * gasUsd) return undefined;
  return [{ left: `${o.what} worth ${o.usd.toFixed(2)} USD: not worth its gas` }];
}

function isBusy(own: ShardInput, adapter: Address, { effects }: BringHomeContext): boolean {
  return effects.some((effect) => {
    return (
      effect.shard === own.setup.shard && isThrough(effect, adapter) && effect.isPendingAtShard
    );
  });
}

function isOpen({ status }: ShardInput, adapter: Address): boolean {
  return !status.closedVenues.includes(adapter.toLowerCase());
}

function priceOf({ setup, valuation }: ShardInput, token: Address): number {
  const isToken = (one: { readonly token: Address }): boolean =>
    one.token.toLowerCase() === token.toLowerCase();
  if (isToken(setup.settlement)) return valuation.settlementUsd;
  const ticker = setup.underlyings.find(isToken)?.ticker ?? "";
  return valuation.underlyings.get(ticker)?.spotUsd ?? 0;
}

/** Half of the capital on chain: what comes home changes none of it. */
function halfOfCapitalRaw({ valuation }: ShardInput): string {
  const capitalRaw = BigInt(valuation.entry.report.chain.capitalRaw);
  return (capitalRaw > 0n ? capitalRaw / 2n : 0n).toString();
}
