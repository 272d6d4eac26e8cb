import type { SignedCost } from "#shard-agent/records/signed-cost.ts";
import { DAY_MS } from "#shared/units/time.ts";

/** Sum over the nonces: of a call and its cancel only one is ever paid, the dearer of which counts. */
export function spentWei(costs: readonly SignedCost[]): bigint {
  return [...byNonce(costs).values()].reduce((sum, one) => sum + one.costWei, 0n);
}

/**
 * Whether one more transaction fits into what may be spent within 24 hours, and when it will. One that replaces another
 * counts for both at the dearer of them.
 *
 * @param costs What was signed within 24 hours or may still be paid, at the latest.
 * @returns Null when it fits; else what all would cost, and when it will fit, null when never.
 */
export function judgeSpending(
  costs: readonly SignedCost[],
  {
    nonce,
    costWei,
    maxWei,
  }: { readonly nonce: number; readonly costWei: bigint; readonly maxWei: bigint },
): { readonly totalWei: bigint; readonly liftsAtMs: number | null } | null {
  const spent = byNonce(costs);
  const before = spent.get(nonce)?.costWei ?? 0n;
  spent.delete(nonce);
  const ownWei = costWei > before ? costWei : before;
  const others = [...spent.values()].sort((one, other) => one.atMs - other.atMs);
  const totalWei = others.reduce((sum, one) => sum + one.costWei, ownWei);
  if (totalWei <= maxWei) return null;
  let leftWei = totalWei;
  for (const { costWei: freedWei, atMs } of others) {
    leftWei -= freedWei;
    if (leftWei <= maxWei) return { totalWei, liftsAtMs: atMs + DAY_MS };
  }
  return { totalWei, liftsAtMs: null };
}

function byNonce(costs: readonly SignedCost[]): Map<number, SignedCost> {
  const dearest = new Map<number, SignedCost>();
  for (const one of costs) {
    const known = dearest.get(one.nonce);
    if (known === undefined || known.costWei < one.costWei) dearest.set(one.nonce, one);
  }
  return dearest;
}
