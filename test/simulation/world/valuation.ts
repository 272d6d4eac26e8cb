import type { RawSeries } from "#shard-agent/records/shard-snapshot.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS } from "#test/simulation/world/site.ts";

const BPS = 10_000n;
const POOL_DEPTH_RAW = 20_000_000n * 10n ** 6n;
const POOL_FEE_MILLIONTHS = 500n;
/** Cheaper than the pool, so that hedges go there while there is margin. */
export const PERP_FEE_MILLIONTHS = 200n;
const PERP_DEPTH_E18 = 50_000_000n * 10n ** 18n;
const INITIAL_MARGIN_PARTS = 10n;
/** From the settlement asset's decimals to 18. */
const USD_SCALE = 10n ** 12n;

/** What the pool pays: its own price, its fee, and an impact that grows with the size. */
export function poolOut(
  state: ShardState,
  rules: VaultRules,
  isBuy: boolean,
  amountIn: bigint,
): bigint {
  const poolE8 = BigInt(Math.round(Number(priceE8(state)) * (1 + rules.poolPremium)));
  const gross = isBuy ? (amountIn * 10n ** 20n) / poolE8 : (amountIn * poolE8) / 10n ** 20n;
  const sizeRaw = isBuy ? amountIn : gross;
  const afterFee = (gross * (1_000_000n - POOL_FEE_MILLIONTHS)) / 1_000_000n;
  return (afterFee * POOL_DEPTH_RAW) / (POOL_DEPTH_RAW + sizeRaw);
}

/** Least that the pool takes for `amountOut`, by bisection; `mostIn` must bring that much. */
export function poolIn(
  state: ShardState,
  rules: VaultRules,
  isBuy: boolean,
  { amountOut, mostIn }: { readonly amountOut: bigint; readonly mostIn: bigint },
): bigint {
  let [low, high] = [0n, mostIn];
  while (low < high) {
    const middle = (low + high) / 2n;
    if (poolOut(state, rules, isBuy, middle) >= amountOut) high = middle;
    else low = middle + 1n;
  }
  return high;
}

/** Liability of the option book as the vault counts it, rounded up. */
export function liabilitiesRaw(state: ShardState): bigint {
  const spot = priceE8(state);
  return state.series.reduce((total, series) => {
    const net = series.takersLongE18 - series.takersShortE18;
    if (net <= 0n) return total;
    const perOption = intrinsicE8(series, spot) + ceilDiv(spot * VAULT_LIMITS.marginBps, BPS);
    return total + ceilDiv(net * perOption, 10n ** 20n);
  }, 0n);
}

export function capitalRaw(state: ShardState): bigint {
  const hedges = (state.hedgeRaw * priceE8(state)) / 10n ** 20n;
  const counted = (hedges * (BPS - VAULT_LIMITS.hedgeHaircutBps)) / BPS;
  const atVenues = state.desk.suppliedRaw + heldMarginRaw(state);
  return state.settlementRaw + atVenues + counted - liabilitiesRaw(state);
}

/** What a perpetual market takes for a size, or gives for it: the feed's price, a fee, and an impact. USD, 18 decimals. */
export function perpQuoteE18(state: ShardState, sizeE18: bigint, isBuy: boolean): bigint {
  const grossE18 = (sizeE18 * priceE8(state)) / 10n ** 8n;
  const takenE18 =
    (grossE18 * PERP_FEE_MILLIONTHS) / 1_000_000n + (grossE18 * grossE18) / PERP_DEPTH_E18;
  return isBuy ? grossE18 + takenE18 : grossE18 - takenE18;
}

/** Value of the position, whichever its sign. */
export function exposureE18(state: ShardState): bigint {
  const { sizeE18 } = state.desk;
  return ((sizeE18 < 0n ? -sizeE18 : sizeE18) * priceE8(state)) / 10n ** 8n;
}

/** Margin and unrealised profit, 18 decimals; may be negative. */
export function valueE18(state: ShardState): bigint {
  const { marginRaw, sizeE18, openE18 } = state.desk;
  return marginRaw * USD_SCALE + (sizeE18 * priceE8(state)) / 10n ** 8n - openE18;
}

/** What could be taken out: no unrealised profit, and not what the position binds. */
export function freeMarginRaw(state: ShardState): bigint {
  const marginE18 = state.desk.marginRaw * USD_SCALE;
  const value = valueE18(state);
  const boundE18 = exposureE18(state) / INITIAL_MARGIN_PARTS;
  const freeE18 = (value < marginE18 ? value : marginE18) - boundE18;
  return freeE18 > 0n ? freeE18 / USD_SCALE : 0n;
}

/** What the vault counts of its margin: CurieAdapter.held. */
export function heldMarginRaw(state: ShardState): bigint {
  const valueRaw = valueE18(state) / USD_SCALE;
  const freeRaw = freeMarginRaw(state);
  if (valueRaw <= 0n) return 0n;
  return valueRaw < freeRaw ? valueRaw : freeRaw;
}

export function priceE8(state: ShardState): bigint {
  return state.rounds.at(-1)?.priceE8 ?? 1n;
}

export function intrinsicE8(series: RawSeries, spot: bigint): bigint {
  const value = series.isCall ? spot - series.strikeE8 : series.strikeE8 - spot;
  return value > 0n ? value : 0n;
}

export function ceilDiv(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}
