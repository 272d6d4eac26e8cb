import type { DeskState, PerpAccount } from "#test/simulation/desk/desk-state.ts";
import { absOf, priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState } from "#test/simulation/world/shard-state.ts";
import type { ChainEvent } from "#test/simulation/world/transaction.ts";

/** Cheaper than the pool, so that hedges go there while there is margin. */
export const PERP_FEE_MILLIONTHS = 200n;
/** As Curie's, in millionths. */
export const INITIAL_MARGIN_MILLIONTHS = 100_000n;
export const MAINTENANCE_MARGIN_MILLIONTHS = 62_500n;
const LIQUIDATION_PENALTY_MILLIONTHS = 25_000n;
const MILLION = 1_000_000n;
const PERP_DEPTH_E18 = 50_000_000n * 10n ** 18n;
const WAD = 10n ** 18n;
const PRICE_UNIT = 10n ** 8n;
/** From the settlement asset's decimals to 18. */
const USD_SCALE = 10n ** 12n;
const DAY_SECONDS = 86_400n;

type WithPerp = Pick<ShardState, "rounds"> & { readonly desk: Pick<DeskState, "perp"> };

/** What a perpetual market takes for a size, or gives for it: the feed's price, a fee, and an impact. USD, 18 decimals. */
export function perpQuoteE18(state: WithPerp, sizeE18: bigint, isBuy: boolean): bigint {
  const grossE18 = (sizeE18 * priceE8(state)) / PRICE_UNIT;
  const takenE18 =
    (grossE18 * PERP_FEE_MILLIONTHS) / MILLION + (grossE18 * grossE18) / PERP_DEPTH_E18;
  return isBuy ? grossE18 + takenE18 : grossE18 - takenE18;
}

/** Value of the position, whichever its sign. */
export function exposureE18(state: WithPerp): bigint {
  return exposureAt(state.desk.perp, priceE8(state));
}

function exposureAt({ sizeE18 }: PerpAccount, atE8: bigint): bigint {
  return (absOf(sizeE18) * atE8) / PRICE_UNIT;
}

/** Margin, unrealised profit and pending funding, 18 decimals; may be negative. */
export function valueE18(state: WithPerp): bigint {
  return valueAt(state.desk.perp, priceE8(state));
}

function valueAt({ marginRaw, sizeE18, openE18, fundingE18 }: PerpAccount, atE8: bigint): bigint {
  return marginRaw * USD_SCALE + (sizeE18 * atE8) / PRICE_UNIT - openE18 - fundingE18;
}

/** What could be taken out: no unrealised profit, and not what the position binds. */
export function freeMarginRaw(state: WithPerp): bigint {
  const marginE18 = state.desk.perp.marginRaw * USD_SCALE;
  const value = valueE18(state);
  const boundE18 = (exposureE18(state) * INITIAL_MARGIN_MILLIONTHS) / MILLION;
  const freeE18 = (value < marginE18 ? value : marginE18) - boundE18;
  return freeE18 > 0n ? freeE18 / USD_SCALE : 0n;
}

/** What the vault counts of its margin: CurieAdapter.held. */
export function heldMarginRaw(state: WithPerp): bigint {
  const valueRaw = valueE18(state) / USD_SCALE;
  const freeRaw = freeMarginRaw(state);
  if (valueRaw <= 0n) return 0n;
  return valueRaw < freeRaw ? valueRaw : freeRaw;
}

/** Account value over exposure, 18 decimals; null without a position. */
export function marginRatioE18(state: WithPerp): bigint | null {
  return ratioAt(state.desk.perp, priceE8(state));
}

function ratioAt(perp: PerpAccount, atE8: bigint): bigint | null {
  const exposure = exposureAt(perp, atE8);
  if (exposure === 0n) return null;
  const value = valueAt(perp, atE8);
  return value <= 0n ? 0n : (value * WAD) / exposure;
}

/** Funding that is due becomes part of what the position has cost, as every trade and every move of margin makes it. */
export function settledFunding(perp: PerpAccount): PerpAccount {
  return { ...perp, openE18: perp.openE18 + perp.fundingE18, fundingE18: 0n };
}

type PerpOutcome = { readonly state: ShardState; readonly events: readonly ChainEvent[] };

/** Funding up to a block at the rate until then, and the rate from then on. */
export function fund(state: ShardState, ratePerDayE18: bigint, nowSeconds: number): PerpOutcome {
  const { perp } = state.desk;
  const seconds = BigInt(nowSeconds - perp.fundedAtSeconds);
  const growthE18 =
    (priceE8(state) * 10n ** 10n * perp.ratePerDayE18 * seconds) / (WAD * DAY_SECONDS);
  const fundingE18 = perp.fundingE18 + fundingOf(perp.sizeE18, growthE18);
  const after = { ...perp, fundingE18, ratePerDayE18, fundedAtSeconds: nowSeconds };
  return {
    state: withPerp(state, after),
    events: growthE18 === 0n ? [] : [{ type: "funding", growthE18 }],
  };
}

/** What a position owes when one unit of it owes `growthE18`. */
function fundingOf(sizeE18: bigint, growthE18: bigint): bigint {
  return (sizeE18 * growthE18) / WAD;
}

/**
 * What anybody may do to an account below the maintenance margin at the venue's own price of the moment: half of the
 * position is closed at it, all of it when not even half of that margin is left, and a penalty is taken.
 */
export function liquidate(state: ShardState, atE8: bigint): PerpOutcome {
  const perp = settledFunding(state.desk.perp);
  const ratioE18 = ratioAt(perp, atE8);
  const leastE18 = (MAINTENANCE_MARGIN_MILLIONTHS * WAD) / MILLION;
  if (ratioE18 === null || ratioE18 >= leastE18) return { state, events: [] };
  const sizeE18 = ratioE18 < leastE18 / 2n ? -perp.sizeE18 : -perp.sizeE18 / 2n;
  const quoteE18 = (absOf(sizeE18) * atE8) / PRICE_UNIT;
  const penaltyE18 = (quoteE18 * LIQUIDATION_PENALTY_MILLIONTHS) / MILLION;
  const after = {
    ...perp,
    sizeE18: perp.sizeE18 + sizeE18,
    openE18: perp.openE18 + (sizeE18 > 0n ? quoteE18 : -quoteE18) + penaltyE18,
  };
  return {
    state: withPerp(state, after),
    events: [{ type: "liquidated", sizeE18, quoteE18, penaltyE18 }],
  };
}

/** The price, beyond the feed's, at which strangers may liquidate; undefined without a position, or where it is further off than `mostFraction`. */
export function liquidationPriceE8(state: WithPerp, mostFraction: number): bigint | undefined {
  const { sizeE18, marginRaw, openE18, fundingE18 } = state.desk.perp;
  if (sizeE18 === 0n) return undefined;
  const ratio = (Number(MAINTENANCE_MARGIN_MILLIONTHS) / 1e6) * LIQUIDATED_AT;
  const size = Number(sizeE18) / 1e18;
  const costUsd = Number(openE18 + fundingE18 - marginRaw * USD_SCALE) / 1e18;
  const usd = costUsd / (size - ratio * Math.abs(size));
  const spotUsd = Number(priceE8(state)) / 1e8;
  if (!(Math.abs(usd / spotUsd - 1) <= mostFraction)) return undefined;
  return BigInt(Math.round(usd * 1e8));
}

/** Share of the maintenance margin that is left when somebody comes to liquidate. */
const LIQUIDATED_AT = 0.9;

function withPerp(state: ShardState, perp: PerpAccount): ShardState {
  return { ...state, desk: { ...state.desk, perp } };
}
