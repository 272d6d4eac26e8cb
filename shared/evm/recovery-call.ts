import { type Address, encodeFunctionData, type Hex, parseAbi } from "viem";
import { headerOf } from "#shared/evm/layerzero-packet.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";

/** The two calls that anyone may make to bring a verified message home. */
export const recoveryAbi = parseAbi([
  "struct Origin { uint32 srcEid; bytes32 sender; uint64 nonce; }",
  "function lzReceive(Origin origin, address receiver, bytes32 guid, bytes message, bytes extraData) payable",
  "function commitVerification(bytes packetHeader, bytes32 payloadHash)",
]);

/** Where those calls go on a target's chain. */
export type RecoveryContracts = {
  readonly endpoint: Address;
  readonly endpointId: number;
  readonly receiveUln: Address;
};

/** The contract call of a recovery: it carries no value and delivers only what the endpoint has verified. */
export function recoveryCall(
  job: RecoveryJob,
  contracts: RecoveryContracts,
): { readonly to: Address; readonly data: Hex } {
  const { srcEid, sender, receiver, guid, message, payloadHash } = job;
  const nonce = BigInt(job.nonce);
  switch (job.kind) {
    case "retry-receive": {
      const args = [{ srcEid, sender, nonce }, receiver, guid, message, "0x"] as const;
      const data = encodeFunctionData({ abi: recoveryAbi, functionName: "lzReceive", args });
      return { to: contracts.endpoint, data };
    }
    case "commit-verification": {
      const header = headerOf({ srcEid, sender, nonce, dstEid: contracts.endpointId, receiver });
      const args = [header, payloadHash] as const;
      const data = encodeFunctionData({
        abi: recoveryAbi,
        functionName: "commitVerification",
        args,
      });
      return { to: contracts.receiveUln, data };
    }
  }
}
