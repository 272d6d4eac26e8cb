import type { ContractCall } from "#shard-agent/ports/sender.ts";
import type { JobProofs } from "#shard-agent/records/job-proofs.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { JobParams, RebalanceJob } from "#shared/wire/rebalance-job.ts";

/** Recomputes from a job what its hashes and signatures claim. */
export type JobVerifier = { readonly prove: (job: RebalanceJob) => Promise<JobProofs> };

/** Turns what is to be done into the contract call that does it. */
export type JobEncoder = {
  /** Native fee the call must carry at this moment; 0 except for transfers. @throws {RetryableError} `rpc-failed`. */
  readonly nativeFeeWei: (params: JobParams) => Promise<bigint>;
  readonly encode: (job: RebalanceJob, nativeFeeWei: bigint) => ContractCall;
  /** Call of OptionBook.settle, which anyone may make. */
  readonly encodeSettle: (seriesId: Hex, roundId: bigint) => ContractCall;
};
