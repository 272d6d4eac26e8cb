import type { PendingEffect } from "#coordinator/records/pending-effect.ts";
import type { SwapParams, TransferParams } from "#shared/wire/rebalance-job.ts";

/** One thing a pass wants a shard to do; becomes a mandate when it is issued. */
export type PlannedAction = {
  readonly params: SwapParams | TransferParams;
  readonly effect: PendingEffect;
  /** Largest native fee in wei the mandate allows; "0" for swaps. */
  readonly maxFeeNativeWei: string;
};
