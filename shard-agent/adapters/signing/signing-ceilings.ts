import type { TransactionSerializableEIP1559 } from "viem";

/** The most a key signs away, whatever the journal's entry says; from the configuration. */
export type SigningCeilings = {
  readonly maxFeePerGasWei: bigint;
  readonly maxGasLimit: bigint;
  /** Most that the gas of one transaction may cost. */
  readonly maxGasFeeWei: bigint;
  /** Most coins that one transaction may carry. */
  readonly maxValueWei: bigint;
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
