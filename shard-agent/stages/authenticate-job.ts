import { ADMITTED, type Admission, refuse } from "#shard-agent/records/admission.ts";
import type { JobProofs } from "#shard-agent/records/job-proofs.ts";
import { isSameAddress, type ShardScope } from "#shard-agent/records/shard-scope.ts";
import { actionOf } from "#shared/evm/mandate-typed-data.ts";
import type { Address } from "#shared/units/ids.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";

/**
 * Whether a job is what it claims to be: for this shard, with the parameters and the id that were
 * signed, by a quorum of the configured signers that includes the mandate's leader. Looks at no clock
 * and no chain, so the answer never changes.
 */
export function authenticateJob(
  job: RebalanceJob,
  proofs: JobProofs,
  scope: ShardScope,
): Admission {
  const { mandate, params } = job;
  if (job.shard !== scope.shard || mandate.shard !== proofs.ownShardBytes32) {
    return refuse(
      "wrong-shard",
      `shard: found ${job.shard} (${mandate.shard}); this agent serves ${scope.shard}`,
    );
  }
  const action = actionOf(params);
  if (mandate.action !== action) {
    return refuse(
      "params-mismatch",
      `mandate.action: found ${mandate.action}; ${params.kind} is ${action}`,
    );
  }
  if (proofs.paramsHash === null) {
    return refuse(
      "malformed",
      "params: cannot be encoded; an address contradicts its own checksum",
    );
  }
  if (mandate.paramsHash !== proofs.paramsHash) {
    return refuse(
      "params-mismatch",
      `mandate.paramsHash: found ${mandate.paramsHash}; the parameters hash to ${proofs.paramsHash}`,
    );
  }
  if (mandate.jobId !== proofs.jobId) {
    return refuse(
      "job-id-mismatch",
      `mandate.jobId: found ${mandate.jobId}; plan, shard, step and parameters give ${proofs.jobId}`,
    );
  }
  return authenticateSigners(mandate.leader, proofs.signers, scope);
}

function authenticateSigners(
  leader: Address,
  signers: readonly Address[] | null,
  scope: ShardScope,
): Admission {
  if (signers === null)
    return refuse("forged", "signatures: at least one is not a 65-byte secp256k1 signature");
  const stranger = signers.find(
    (signer) => !scope.mandateSigners.some((one) => isSameAddress(one, signer)),
  );
  if (stranger !== undefined) {
    return refuse(
      "forged",
      `signatures: ${stranger} signed; allowed: ${scope.mandateSigners.join(", ")}`,
    );
  }
  const ordered = signers.map((signer) => BigInt(signer));
  if (ordered.some((signer, index) => index > 0 && signer <= (ordered[index - 1] ?? 0n))) {
    return refuse("forged", "signatures: must ascend strictly by signer address");
  }
  if (signers.length < scope.mandateQuorum) {
    return refuse(
      "forged",
      `signatures: found ${signers.length}; the quorum is ${scope.mandateQuorum}`,
    );
  }
  if (!signers.some((signer) => isSameAddress(signer, leader))) {
    return refuse("forged", `signatures: the leader ${leader} is not among the signers`);
  }
  return ADMITTED;
}
