import { heldAtRaw } from "#test/simulation/desk/held.ts";
import { ceilDiv, intrinsicE8, priceE8 } from "#test/simulation/world/price.ts";
import type { ShardState, VaultRules } from "#test/simulation/world/shard-state.ts";
import { VAULT_LIMITS, VENUE_NAMES } from "#test/simulation/world/site.ts";

const BPS = 10_000n;
const POOL_DEPTH_RAW = 20_000_000n * 10n ** 6n;
const POOL_FEE_MILLIONTHS = 500n;

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
  const atVenues = VENUE_NAMES.reduce((sum, venue) => sum + heldAtRaw(state, venue), 0n);
  return state.settlementRaw + atVenues + counted - liabilitiesRaw(state);
}
