import type { Address, Hex } from "#shared/units/ids.ts";

/** What only cryptography can say of a job. */
export type JobProofs = {
  /** The agent's own shard id as the vault keeps it. */
  readonly ownShardBytes32: Hex;
  /** EIP-712 hash of the parameters as received; null when they cannot be encoded, as an address with a wrong checksum. */
  readonly paramsHash: Hex | null;
  /** keccak256(planId, shard, step, paramsHash) of the job as received; null without a hash of the parameters. */
  readonly jobId: Hex | null;
  /** Accounts whose signatures these are, in the order given; null when one is not a signature at all. */
  readonly signers: readonly Address[] | null;
};
