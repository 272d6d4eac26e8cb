/** Why a transaction does not fit into a budget. */
type BudgetExcess = {
  readonly what: string;
  /** When enough of what is spent will be a day old; null when the transaction alone is too much. */
  readonly liftsAtMs: number | null;
};

/** What the sender's key may sign away within 24 hours. Outlives the process: it is counted from the journal. */
export type SpendingBudget = {
  /** Null when a transaction with this nonce that may cost so much, gas and coins, fits beside all others of 24 hours. */
  readonly judge: (transaction: {
    readonly nonce: number;
    readonly costWei: bigint;
  }) => BudgetExcess | null;
  /** What may still be signed now; null without a limit. May be a minute old where nothing was judged since. */
  readonly leftWei: () => bigint | null;
};
