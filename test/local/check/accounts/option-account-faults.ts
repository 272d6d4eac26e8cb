import {
  type ChainHistory,
  isSameAddress,
  sumRaw,
} from "#test/local/check/accounts/chain-history.ts";

/**
 * What an account at an option market has that its trades and moves do not explain: one entry each. Until a series ends
 * the account is long exactly what was traded; afterwards that, or nothing once it is settled. Cash is exactly what was
 * moved and traded, and more only by payouts of what has ended.
 */
export function optionAccountFaults({ optionVenue, venueMoves, shard, finalBlock }: ChainHistory) {
  if (optionVenue === null) return [];
  const { adapter, trades, series, cash } = optionVenue;
  const faults: string[] = [];
  const isEnded = (expiryMs: number): boolean => expiryMs <= finalBlock.timestampMs;
  for (const { strikeId, isCall, expiryMs, heldE18 } of series) {
    const own = trades.filter((one) => one.strikeId === strikeId && one.isCall === isCall);
    const traded = sumRaw(own, (one) => one.quantity);
    if (heldE18 === traded || (isEnded(expiryMs) && heldE18 === 0n)) continue;
    const name = `${shard} strike ${strikeId} ${isCall ? "call" : "put"}`;
    faults.push(`${name}: the account is long ${heldE18}, its trades ${traded}`);
  }
  const moves = venueMoves.filter((one) => isSameAddress(one.venue, adapter));
  const moved = sumRaw(moves, (one) => (one.amount > 0n ? one.amount : -one.gained));
  const paid = sumRaw(trades, (one) => (one.quantity > 0n ? one.amount : -one.amount));
  const difference = cash.closingRaw - (cash.openingRaw + moved - paid);
  const hasPayout = difference > 0n && series.some(({ expiryMs }) => isEnded(expiryMs));
  if (difference !== 0n && !hasPayout)
    faults.push(`${shard} ${adapter}: cash differs from moves and trades by ${difference}`);
  return faults;
}
