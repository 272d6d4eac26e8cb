import type { Hex } from "#shared/units/ids.ts";
import type {
  LendMoveParams,
  MarginMoveParams,
  OptionTradeParams,
  PerpChangeParams,
} from "#shared/wire/rebalance-job.ts";
import { noteMove, placedAtRaw } from "#test/simulation/desk/desk-caps.ts";
import type { DeskState } from "#test/simulation/desk/desk-state.ts";
import { premiumLimitE8, strikeOf, tradeOption } from "#test/simulation/desk/option-market.ts";
import {
  exposureE18,
  freeMarginRaw,
  INITIAL_MARGIN_MILLIONTHS,
  marginRatioE18,
  perpQuoteE18,
  settledFunding,
  valueE18,
} from "#test/simulation/desk/perp-market.ts";
import { absOf, ceilDiv, priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS, type VenueName } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

export type DeskParams = LendMoveParams | MarginMoveParams | PerpChangeParams | OptionTradeParams;

export type DeskOutcome =
  | { readonly ok: true; readonly state: ShardState; readonly events: readonly ChainEvent[] }
  | { readonly ok: false; readonly reason: string };

const BPS = 10_000n;

type Acting = {
  readonly jobId: Hex;
  readonly rules: VaultRules;
  readonly nowSeconds: number;
};

/** What VenueDesk does with the vault's accounts at venues: the same checks in the same order. */
export function actAtVenue(state: ShardState, params: DeskParams, o: Acting): DeskOutcome {
  switch (params.kind) {
    case "lend-move":
      return lend(state, params, o);
    case "margin-move":
      return moveMargin(state, params, o);
    case "perp-change":
      return changePerp(state, params, o);
    case "option-trade":
      return changeOption(state, params, o);
  }
}

/** Units of the underlying that count in the vault's window, 18 decimals; 0 of what only moves cash. */
export function countedE18(params: DeskParams): bigint {
  if (params.kind === "perp-change") return absOf(BigInt(params.sizeE18));
  return params.kind === "option-trade" ? absOf(BigInt(params.quantityE18)) : 0n;
}

function fail(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

function lend(state: ShardState, params: LendMoveParams, o: Acting): DeskOutcome {
  const { site } = o.rules;
  if (params.venue !== site.venues.aave) return fail("NotRegistered");
  if (params.asset !== site.settlementToken) return fail("AssetNotAllowed");
  const amountRaw = BigInt(params.amountRaw);
  if (amountRaw === 0n) return fail("ZeroAmount");
  if (amountRaw > 0n && state.desk.isClosed) return fail("ReservePaused");
  const suppliedRaw = state.desk.suppliedRaw + amountRaw;
  if (suppliedRaw < 0n || state.settlementRaw < amountRaw) return fail("InsufficientBalance");
  const move = { venue: "aave", amountRaw, minReceiptRaw: BigInt(params.minReceiptRaw) } as const;
  return moved(state, { ...move, change: { suppliedRaw } }, o);
}

function moveMargin(state: ShardState, params: MarginMoveParams, o: Acting): DeskOutcome {
  const { venues, settlementToken } = o.rules.site;
  const isPerp = params.venue === venues.curie;
  if (!isPerp && params.venue !== venues.lyra) return fail("NotRegistered");
  if (params.asset !== settlementToken) return fail("AssetNotAllowed");
  const amountRaw = BigInt(params.amountRaw);
  if (amountRaw === 0n) return fail("ZeroAmount");
  if (state.settlementRaw < amountRaw) return fail("InsufficientBalance");
  const { perp, options } = state.desk;
  const minReceiptRaw = BigInt(params.minReceiptRaw);
  if (!isPerp) {
    const cashRaw = options.cashRaw + amountRaw;
    if (cashRaw < 0n) return fail("NotEnoughCash");
    const change = { options: { ...options, cashRaw } };
    return moved(state, { venue: "lyra", amountRaw, minReceiptRaw, change }, o);
  }
  if (-amountRaw > freeMarginRaw(state)) return fail("NotEnoughFreeCollateral");
  const after = { ...settledFunding(perp), marginRaw: perp.marginRaw + amountRaw };
  const move = { venue: "curie", amountRaw, minReceiptRaw, change: { perp: after } } as const;
  const outcome = moved(state, move, o);
  return outcome.ok ? requireHealth(outcome, BigInt(params.minMarginRatioE18)) : outcome;
}

type Move = {
  readonly venue: VenueName;
  readonly amountRaw: bigint;
  readonly minReceiptRaw: bigint;
  readonly change: Partial<DeskState>;
};

function moved(
  state: ShardState,
  { venue, amountRaw, minReceiptRaw, change }: Move,
  { jobId, rules }: Acting,
): DeskOutcome {
  const desk = { ...noteMove(state, venue, amountRaw), ...change };
  const after = { ...state, settlementRaw: state.settlementRaw - amountRaw, desk };
  const isBeyond = amountRaw > 0n && placedAtRaw(after, venue) > desk.caps[venue];
  if (isBeyond && !rules.ignoresCaps) return fail("CapExceeded");
  const gainedRaw = absOf(amountRaw);
  if (gainedRaw < minReceiptRaw) return fail("ReceivedTooLittle");
  return {
    ok: true,
    state: after,
    events: [{ type: "venue", jobId, venue, amountRaw, gainedRaw }],
  };
}

/** The window is the caller's: it counts swaps as well. */
function changePerp(state: ShardState, params: PerpChangeParams, o: Acting): DeskOutcome {
  const { site } = o.rules;
  if (params.venue !== site.venues.curie) return fail("NotRegistered");
  if (params.market !== site.venues.market) return fail("UnknownMarket");
  const sizeE18 = BigInt(params.sizeE18);
  if (sizeE18 === 0n) return fail("ZeroAmount");
  const worstE8 = BigInt(params.worstPriceE8);
  if (isPriceOutside(state, sizeE18, worstE8)) return fail("PriceOutsideLimit");
  const { perp } = state.desk;
  const reduces = perp.sizeE18 > 0n === sizeE18 < 0n && absOf(sizeE18) <= absOf(perp.sizeE18);
  if (!reduces && !mayGrow(state, "curie", o)) return fail("OnlyReduces");
  if (state.desk.isClosed) return fail("MarketClosed");
  const isBuy = sizeE18 > 0n;
  const size = absOf(sizeE18);
  const quoteE18 = perpQuoteE18(state, size, isBuy);
  const worstQuoteE18 = (size * worstE8) / 10n ** 8n;
  if (isBuy ? quoteE18 > worstQuoteE18 : quoteE18 < worstQuoteE18) return fail("TooMuchSlippage");
  const settled = settledFunding(perp);
  const changed = {
    ...settled,
    sizeE18: settled.sizeE18 + sizeE18,
    openE18: settled.openE18 + (isBuy ? quoteE18 : -quoteE18),
  };
  const after = { ...state, desk: { ...state.desk, perp: changed } };
  const isGrowing = exposureE18(after) > exposureE18(state);
  const neededE18 = (exposureE18(after) * INITIAL_MARGIN_MILLIONTHS) / 1_000_000n;
  if (isGrowing && valueE18(after) < neededE18) return fail("NotEnoughFreeCollateral");
  const event = { type: "perp", jobId: o.jobId, sizeE18, quoteE18 } as const;
  return requireHealth(
    { ok: true, state: after, events: [event] },
    BigInt(params.minMarginRatioE18),
  );
}

function isPriceOutside(state: ShardState, sizeE18: bigint, worstE8: bigint): boolean {
  const fairE8 = priceE8(state);
  const { maxSlippageBps } = VAULT_LIMITS;
  return sizeE18 > 0n
    ? worstE8 > (fairE8 * (BPS + maxSlippageBps)) / BPS
    : worstE8 < ceilDiv(fairE8 * (BPS - maxSlippageBps), BPS);
}

function mayGrow({ desk }: ShardState, venue: VenueName, { rules }: Acting): boolean {
  return desk.caps[venue] > 0n || rules.ignoresCaps;
}

function changeOption(state: ShardState, params: OptionTradeParams, o: Acting): DeskOutcome {
  const { venues } = o.rules.site;
  if (params.venue !== venues.lyra) return fail("NotRegistered");
  if (params.market !== venues.optionMarket) return fail("WrongMarket");
  const quantityE18 = BigInt(params.quantityE18);
  if (quantityE18 === 0n) return fail("ZeroAmount");
  const opens = quantityE18 > 0n;
  if (opens && !mayGrow(state, "lyra", o)) return fail("OnlyReduces");
  const strikeId = Number(params.strikeId);
  const isCall = params.optionType === "call";
  const strike = strikeOf(state, strikeId);
  if (strike === undefined) return fail("UnknownStrike");
  const worstPremiumE8 = BigInt(params.worstPremiumE8);
  const limitE8 = premiumLimitE8(state, { strike, isCall }, opens);
  if (opens ? worstPremiumE8 > limitE8 : worstPremiumE8 < limitE8) return fail("PriceOutsideLimit");
  const trade = { strikeId, isCall, quantityE18 };
  const done = tradeOption(state, { ...trade, worstPremiumE8 }, o.nowSeconds);
  if (!done.ok) return done;
  const { amountRaw } = done;
  const event = { type: "option", jobId: o.jobId, ...trade, amountRaw } as const;
  return { ok: true, state: done.state, events: [event] };
}

function requireHealth(
  outcome: Extract<DeskOutcome, { ok: true }>,
  minimumE18: bigint,
): DeskOutcome {
  const healthE18 = marginRatioE18(outcome.state);
  return healthE18 !== null && healthE18 < minimumE18 ? fail("HealthBelowFloor") : outcome;
}
