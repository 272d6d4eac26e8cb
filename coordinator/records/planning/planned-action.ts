import type { OptionExposure } from "#coordinator/records/jobs/job-record.ts";
import type { PendingEffect } from "#coordinator/records/planning/pending-effect.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";

/** One thing a pass wants a shard to do; becomes a mandate when it is issued. */
export type PlannedAction = {
  readonly params: JobParams;
  readonly effect: PendingEffect;
  /** What cash for an option account lets a later pass trade; left out of all else. */
  readonly prepares?: {
    readonly deltaUnits: number;
    readonly option: OptionExposure;
    readonly costUsd: number;
    readonly gasUsd: number;
  };
  /** Largest native fee in wei the mandate allows; "0" for all but transfers. */
  readonly maxFeeNativeWei: string;
};
