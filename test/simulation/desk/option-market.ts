import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import type { Long, Strike } from "#test/simulation/desk/desk-state.ts";
import { VOLATILITY } from "#test/simulation/world/market.ts";
import { absOf, ceilDiv, intrinsicE8, priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS } from "#test/simulation/world/site.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

const BPS = 10_000n;
const UNIT_E18 = 10n ** 18n;
/** Half the venue's spread, and what each option more makes it wider, of the value. */
const SPREAD_BPS = 150n;
const IMPACT_BPS = 2n;
/** Cheaper options are not offered. */
const LEAST_PREMIUM_E8 = 10n ** 7n;

/** One series: a strike, as call or put. */
type Series = Pick<Long, "strikeId" | "isCall">;

/** What an account holds of a series. */
export function heldOf({ desk }: ShardState, { strikeId, isCall }: Series): bigint {
  const held = desk.options.longs.find((one) => one.strikeId === strikeId && one.isCall === isCall);
  return held?.quantityE18 ?? 0n;
}

export function strikeOf({ desk }: ShardState, strikeId: number): Strike | undefined {
  return desk.options.strikes.find((one) => one.strikeId === strikeId);
}

/** True while the venue trades on the strike's board. */
export function isListed({ desk }: ShardState, strike: Strike, nowSeconds: number): boolean {
  return Number(strike.expirySeconds) > nowSeconds && !desk.options.ended.has(strike.board);
}

/** The venue's own value of one option at its last price, USD with 8 decimals. */
export function premiumE8(state: ShardState, strike: Strike, isCall: boolean): bigint {
  return BigInt(Math.round(figuresOf(state, strike, isCall).priceUsd * 1e8));
}

/** The venue's own figures of one option. */
export function figuresOf(state: ShardState, strike: Strike, isCall: boolean) {
  const nowMs = state.rounds.at(-1)?.updatedAtMs ?? 0;
  return blackScholes({
    type: isCall ? "call" : "put",
    spotUsd: Number(priceE8(state)) / 1e8,
    strikeUsd: Number(strike.strikeE8) / 1e8,
    years: Math.max(0, (Number(strike.expirySeconds) * 1000 - nowMs) / YEAR_MS),
    volatility: VOLATILITY,
    rate: 0,
  });
}

/** What some options cost, or bring, USD with 18 decimals; 0 where the venue does not trade them. */
export function optionQuoteE18(
  state: ShardState,
  o: { readonly strike: Strike; readonly isCall: boolean },
  quantityE18: bigint,
): bigint {
  const eachE8 = premiumE8(state, o.strike, o.isCall);
  if (eachE8 < LEAST_PREMIUM_E8) return 0n;
  const size = absOf(quantityE18);
  const bps = SPREAD_BPS + (IMPACT_BPS * size) / UNIT_E18;
  const share = quantityE18 > 0n ? BPS + bps : BPS - bps;
  return (eachE8 * size * share) / (BPS * 10n ** 8n);
}

/** What the desk lets a mandate agree to at worst for one option, USD with 8 decimals: VenueBounds._premiumLimit. */
export function premiumLimitE8(
  state: ShardState,
  o: { readonly strike: Strike; readonly isCall: boolean },
  opens: boolean,
): bigint {
  const fairE8 = premiumE8(state, o.strike, o.isCall);
  const spotE8 = priceE8(state);
  const slackE8 = (spotE8 * VAULT_LIMITS.maxSlippageBps) / BPS;
  if (!opens) return fairE8 > slackE8 ? fairE8 - slackE8 : 0n;
  const ceilingE8 = o.isCall ? spotE8 : o.strike.strikeE8;
  const mostE8 = fairE8 + slackE8;
  if (mostE8 < ceilingE8) return mostE8;
  return ceilingE8;
}

/** The account with more or fewer of a series. */
function withLong(longs: readonly Long[], series: Series, changeE18: bigint): Long[] {
  const isIt = (one: Long) => one.strikeId === series.strikeId && one.isCall === series.isCall;
  const beforeE18 = longs.find(isIt)?.quantityE18 ?? 0n;
  const { strikeId, isCall } = series;
  const after = { strikeId, isCall, quantityE18: beforeE18 + changeE18 };
  return [...longs.filter((one) => !isIt(one)), ...(after.quantityE18 === 0n ? [] : [after])];
}

/** Longs whose board is over and that have not been paid yet. */
export function dueLongs(state: ShardState, nowSeconds: number): Long[] {
  return state.desk.options.longs.filter((long) => {
    const strike = strikeOf(state, long.strikeId);
    return strike !== undefined && !isListed(state, strike, nowSeconds);
  });
}

/** Pays the account's longs that are over, at the price at which their board ended, or at the one of now; anybody may ask for it. */
export function settleLongs(
  state: ShardState,
  nowSeconds: number,
): { readonly state: ShardState; readonly events: readonly ChainEvent[] } {
  const events: Extract<ChainEvent, { type: "option-paid" }>[] = [];
  let { longs, cashRaw } = state.desk.options;
  for (const long of dueLongs(state, nowSeconds)) {
    const strike = strikeOf(state, long.strikeId);
    if (strike === undefined) continue;
    const atE8 = state.desk.options.ended.get(strike.board) ?? priceE8(state);
    const eachE8 = intrinsicE8({ isCall: long.isCall, strikeE8: strike.strikeE8 }, atE8);
    const payoutRaw = (long.quantityE18 * eachE8) / 10n ** 20n;
    longs = withLong(longs, long, -long.quantityE18);
    cashRaw += payoutRaw;
    events.push({ type: "option-paid", ...long, strikeE8: strike.strikeE8, atE8, payoutRaw });
  }
  const options = { ...state.desk.options, longs, cashRaw };
  return { state: { ...state, desk: { ...state.desk, options } }, events };
}

/** The venue ends a board before its time: what is held there is paid at the price of now. */
export function endBoard(state: ShardState, board: number): ShardState {
  const { options } = state.desk;
  if (options.ended.has(board)) return state;
  const ended = new Map(options.ended).set(board, priceE8(state));
  return { ...state, desk: { ...state.desk, options: { ...options, ended } } };
}

export type OptionTrade = Series & {
  readonly quantityE18: bigint;
  readonly worstPremiumE8: bigint;
};

/** What the account's adapter and the venue make of a trade within the desk's bounds. */
export function tradeOption(
  state: ShardState,
  trade: OptionTrade,
  nowSeconds: number,
):
  | { readonly ok: true; readonly state: ShardState; readonly amountRaw: bigint }
  | { readonly ok: false; readonly reason: string } {
  const strike = strikeOf(state, trade.strikeId);
  if (strike === undefined || !isListed(state, strike, nowSeconds))
    return { ok: false, reason: "BoardExpired" };
  if (state.desk.isClosed) return { ok: false, reason: "MarketPaused" };
  const { options } = state.desk;
  const { quantityE18, worstPremiumE8, isCall } = trade;
  const opens = quantityE18 > 0n;
  const worth = absOf(quantityE18) * worstPremiumE8;
  const limitRaw = opens ? worth / 10n ** 20n : ceilDiv(worth, 10n ** 20n);
  const quoteE18 = optionQuoteE18(state, { strike, isCall }, quantityE18);
  const amountRaw = opens ? ceilDiv(quoteE18, 10n ** 12n) : quoteE18 / 10n ** 12n;
  if (quoteE18 === 0n) return { ok: false, reason: "DeltaOutOfTradingRange" };
  // All that the mandate allows is changed first; what is left comes back.
  if (opens && limitRaw > options.cashRaw) return { ok: false, reason: "InsufficientBalance" };
  if (opens && amountRaw > limitRaw)
    return { ok: false, reason: "TotalCostOutsideOfSpecifiedBounds" };
  if (!opens && amountRaw < limitRaw) return { ok: false, reason: "ReceivedTooLittle" };
  if (!opens && heldOf(state, trade) < -quantityE18) return { ok: false, reason: "NoPosition" };
  const after = {
    ...options,
    cashRaw: options.cashRaw + (opens ? -amountRaw : amountRaw),
    longs: withLong(options.longs, trade, quantityE18),
  };
  const desk = { ...state.desk, options: after };
  return { ok: true, state: { ...state, desk }, amountRaw };
}
