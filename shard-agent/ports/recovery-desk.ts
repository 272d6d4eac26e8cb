import type { ContractCall } from "#shard-agent/ports/sender.ts";
import type { RecoveryProofs } from "#shard-agent/records/recovery-proofs.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";

/** Recomputes what a recovery claims, and turns it into its contract call. */
export type RecoveryDesk = {
  readonly prove: (job: RecoveryJob) => RecoveryProofs;
  readonly encode: (job: RecoveryJob) => ContractCall;
};
