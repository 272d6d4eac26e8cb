import { randomBytes } from "node:crypto";
import { encodeFunctionData, zeroAddress } from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import {
  actionOf,
  EPOCH_BUMP_TYPES,
  jobIdOf,
  MANDATE_TYPES,
  mandateStruct,
  paramsHash,
  shardBytes32,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import {
  type JobParams,
  type Mandate,
  REBALANCE_JOB_VERSION,
  type RebalanceJob,
} from "#shared/wire/rebalance-job.ts";
import type { WorldChain } from "#test/local/world-description.ts";

/** Ten billionths of an ether: far above any local LayerZero fee. */
const MAX_FEE_NATIVE_WEI = "100000000000000000";

export type JobOptions = {
  readonly chain: WorldChain;
  readonly params: JobParams;
  readonly leader: Address;
  readonly epoch: number;
  /** Who signs; the leader in an honest job. */
  readonly signer: PrivateKeyAccount;
  readonly lifetimeSeconds?: number;
  readonly change?: Partial<Mandate>;
};

/** A job as the coordinator issues it, signed; `change` alters the mandate before it is signed. */
export async function plannedJob(o: JobOptions): Promise<RebalanceJob> {
  const { chain, params } = o;
  const planId: Hex = `0x${randomBytes(32).toString("hex")}`;
  const hash = paramsHash(params);
  const nowMs = Date.now();
  const mandate: Mandate = {
    jobId: jobIdOf({ planId, shard: chain.shard, step: 0, paramsHash: hash }),
    epoch: o.epoch,
    leader: o.leader,
    shard: shardBytes32(chain.shard),
    action: actionOf(params),
    reportSetHash: `0x${"0e".repeat(32)}`,
    notBeforeSeconds: 0,
    deadlineSeconds: Math.floor(nowMs / 1000) + (o.lifetimeSeconds ?? 60),
    maxFeeNativeWei: params.kind === "transfer" ? MAX_FEE_NATIVE_WEI : "0",
    paramsHash: hash,
    ...o.change,
  };
  const signature = await o.signer.signTypedData({
    domain: vaultDomain(chain.chainId, chain.contracts.vault),
    types: MANDATE_TYPES,
    primaryType: "Mandate",
    message: mandateStruct(mandate),
  });
  return {
    version: REBALANCE_JOB_VERSION,
    shard: chain.shard,
    planId,
    step: 0,
    mandate,
    params,
    signatures: [signature],
    issuedAtMs: nowMs,
  };
}

/** Calldata that gives a job straight to the vault or its desk, as anybody could. */
export function vaultCall(job: RebalanceJob): Hex {
  return mandateCall(job, { vault: zeroAddress, venueDesk: zeroAddress }).data;
}

/** Calldata that makes `leader` the vault's leader at `expectedEpoch + 1`. */
export async function bumpEpochCall(o: {
  readonly chain: WorldChain;
  readonly planner: PrivateKeyAccount;
  readonly expectedEpoch: bigint;
}): Promise<Hex> {
  const { chain, planner, expectedEpoch } = o;
  const message = { expectedEpoch, newLeader: planner.address };
  const signature = await planner.signTypedData({
    domain: vaultDomain(chain.chainId, chain.contracts.vault),
    types: EPOCH_BUMP_TYPES,
    primaryType: "EpochBump",
    message,
  });
  const args = [expectedEpoch, planner.address, [signature]] as const;
  return encodeFunctionData({ abi: shardVaultAbi, functionName: "bumpEpoch", args });
}
