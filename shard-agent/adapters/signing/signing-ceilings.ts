import type { TransactionSerializableEIP1559 } from "viem";
import { DAY_MS } from "#shared/units/time.ts";

/** The most a key signs away, whatever the journal's entry says; from the configuration. */
export type SigningCeilings = {
  readonly maxFeePerGasWei: bigint;
  readonly maxGasLimit: bigint;
  /** Most that the gas of one transaction may cost. */
  readonly maxGasFeeWei: bigint;
  /** Most coins that one transaction may carry. */
  readonly maxValueWei: bigint;
  /** Most that all transactions signed within 24 hours may cost together, gas and coins; null: no such limit. */
  readonly maxWeiPerDay: bigint | null;
};

/** What of a transaction is beyond a ceiling, and what is allowed; null when nothing is. */
export function ceilingProblem(
  { gas = 0n, maxFeePerGas = 0n, value = 0n }: TransactionSerializableEIP1559,
  ceilings: SigningCeilings,
): string | null {
  const { maxFeePerGasWei, maxGasLimit, maxGasFeeWei, maxValueWei } = ceilings;
  if (maxFeePerGas > maxFeePerGasWei)
    return `maxFeePerGas: found ${maxFeePerGas} wei; at most ${maxFeePerGasWei} wei`;
  if (gas > maxGasLimit) return `gas: found ${gas}; at most ${maxGasLimit}`;
  const costWei = gas * maxFeePerGas;
  if (costWei > maxGasFeeWei)
    return `gas may cost ${costWei} wei; the configuration allows ${maxGasFeeWei} wei`;
  return value > maxValueWei ? `value: found ${value} wei; at most ${maxValueWei} wei` : null;
}

type Spent = { readonly atMs: number; readonly costWei: bigint };

/**
 * What was signed within 24 hours, each nonce once at the most it may cost. It is of this process: a restart begins anew.
 * A cancel counts and is never refused: it frees a nonce behind which everything else would wait.
 */
export function spendingBudget(
  maxWeiPerDay: bigint | null,
  clock: { readonly nowMs: () => number },
) {
  const byNonce = new Map<number, Spent>();
  return {
    /** What would be beyond the budget; null when nothing is, or when it was counted for a cancel. */
    spend: (transaction: TransactionSerializableEIP1559, isCancel: boolean): string | null => {
      if (maxWeiPerDay === null) return null;
      const nowMs = clock.nowMs();
      for (const [nonce, { atMs }] of byNonce) if (atMs <= nowMs - DAY_MS) byNonce.delete(nonce);
      const { nonce = 0, gas = 0n, maxFeePerGas = 0n, value = 0n } = transaction;
      const before = byNonce.get(nonce)?.costWei ?? 0n;
      const newWei = gas * maxFeePerGas + value;
      const costWei = newWei > before ? newWei : before;
      const others = [...byNonce.values()].reduce((sum, one) => sum + one.costWei, 0n) - before;
      if (!isCancel && others + costWei > maxWeiPerDay)
        return `${others + costWei} wei within 24 hours; the configuration allows ${maxWeiPerDay} wei`;
      byNonce.set(nonce, { atMs: nowMs, costWei });
      return null;
    },
  };
}
