import { type Address, pad } from "viem";
import type { RecoveryDesk } from "#shard-agent/ports/recovery-desk.ts";
import { guidOf, oftRecipient, payloadHashOf } from "#shared/evm/layerzero-packet.ts";
import { type RecoveryContracts, recoveryCall } from "#shared/evm/recovery-call.ts";
import type { Hex } from "#shared/units/ids.ts";
import { recoveryIdOf } from "#shared/wire/recovery-job.ts";

/** {@link RecoveryDesk} of one vault. */
export function viemRecoveryDesk(
  o: RecoveryContracts & { readonly vault: Address; readonly token: Address },
): RecoveryDesk {
  return {
    prove: (job) => {
      const { srcEid, sender, receiver, message } = job;
      const path = { srcEid, sender, nonce: BigInt(job.nonce), dstEid: o.endpointId, receiver };
      return {
        recoveryId: recoveryIdOf(job),
        guid: guidOf(path),
        payloadHash: payloadHashOf(job.guid, message),
        recipient: oftRecipient(message),
        ownToken: o.token,
        ownVault: pad(o.vault).toLowerCase() as Hex,
      };
    },
    // The same receiver in the configuration's letters: those of the job may contradict their own checksum.
    encode: (job) => ({ ...recoveryCall({ ...job, receiver: o.token }, o), valueWei: 0n }),
  };
}
