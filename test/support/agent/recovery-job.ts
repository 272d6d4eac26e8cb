import { pad } from "viem";
import { guidOf, payloadHashOf } from "#shared/evm/layerzero-packet.ts";
import { RECOVERY_JOB_VERSION, type RecoveryJob, recoveryIdOf } from "#shared/wire/recovery-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

/** A recovery of the seventh message from Ethereum to the vault `0x01...` on Base, with all its ids right. */
export function aRecoveryJob(change: Partial<RecoveryJob> = {}): RecoveryJob {
  const path = { srcEid: 30_101, sender: hash32("5e"), receiver: address20("c0") };
  const guid = guidOf({ ...path, nonce: 7n, dstEid: 30_184 });
  const message = `${pad(address20("01"))}00000000075bcd15` as const;
  const fields = {
    version: RECOVERY_JOB_VERSION as typeof RECOVERY_JOB_VERSION,
    kind: "retry-receive" as const,
    shard: "base",
    attempt: 1,
    ...path,
    nonce: "7",
    guid,
    message,
    payloadHash: payloadHashOf(guid, message),
    deadlineSeconds: 1_790_000_120,
    issuedAtMs: 1_790_000_000_000,
    ...change,
  };
  return { ...fields, recoveryId: change.recoveryId ?? recoveryIdOf(fields) };
}
