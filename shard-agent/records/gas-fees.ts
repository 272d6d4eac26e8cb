/** Fees of one transaction (EIP-1559), in wei per gas. */
export type GasFees = {
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
};

/** What the agent may spend on gas; from the configuration. */
export type GasFeeTerms = {
  /** Largest share of a job's notional that its gas may cost. */
  readonly maxGasFeeFractionOfNotional: number;
  /** Largest cost of one transaction's gas, whatever the job is worth. */
  readonly maxGasFeeWei: string;
  /** Largest price of one unit of gas; left out: only the caps above hold. */
  readonly maxFeePerGasWei?: string;
  /** Ticker of the configured underlying that is the chain's native coin; null: only the absolute cap holds. */
  readonly nativeUnderlying: string | null;
};

/** Gas limit of a transaction over what a node expects it to use: what others do before it may make it dearer. */
export const GAS_LIMIT_PER_MILLE = 1500n;

/** Gas limit for a call that is expected to use so much gas. */
export function gasLimitFor(expectedGas: bigint): bigint {
  return (expectedGas * GAS_LIMIT_PER_MILLE) / 1000n;
}
