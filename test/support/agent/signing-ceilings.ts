import type { SigningCeilings } from "#shard-agent/adapters/signing/signing-ceilings.ts";
import type { SpendingBudget } from "#shard-agent/ports/spending-budget.ts";

/** Ceilings that no test's transaction reaches. */
export const NO_CEILINGS: SigningCeilings = {
  maxFeePerGasWei: 10n ** 30n,
  maxGasLimit: 10n ** 9n,
  maxGasFeeWei: 10n ** 30n,
  maxValueWei: 10n ** 30n,
};

/** A budget into which everything fits. */
export const NO_BUDGET: SpendingBudget = { judge: () => null, leftWei: () => null };
