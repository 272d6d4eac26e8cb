import type { ShardState } from "#test/simulation/world/shard-state.ts";

/** The vault's feed of its hedge asset, USD with 8 decimals. */
export function priceE8(state: Pick<ShardState, "rounds">): bigint {
  return state.rounds.at(-1)?.priceE8 ?? 1n;
}

/** Payoff of one option at a price, USD with 8 decimals. */
export function intrinsicE8(
  one: { readonly isCall: boolean; readonly strikeE8: bigint },
  spotE8: bigint,
): bigint {
  const value = one.isCall ? spotE8 - one.strikeE8 : one.strikeE8 - spotE8;
  return value > 0n ? value : 0n;
}

export function ceilDiv(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator;
}

export function absOf(value: bigint): bigint {
  return value < 0n ? -value : value;
}
