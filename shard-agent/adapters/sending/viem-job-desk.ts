import { type Address, encodeFunctionData, type Hex, isHex, size } from "viem";
import { quoteMessage } from "#shard-agent/adapters/reads/send-quote.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import type { JobEncoder, JobVerifier } from "#shard-agent/ports/job-desk.ts";
import { RetryableError } from "#shared/errors.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { mandateCall } from "#shared/evm/mandate-call.ts";
import {
  jobIdOf,
  mandateSigners,
  paramsHash,
  shardBytes32,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import type { JobParams, RebalanceJob, TransferParams } from "#shared/wire/rebalance-job.ts";

const SIGNATURE_BYTES = 65;

/** {@link JobVerifier} for one vault. */
export function viemJobVerifier(o: {
  readonly shard: string;
  readonly chainId: number;
  readonly vault: Address;
}): JobVerifier {
  const domain = vaultDomain(o.chainId, o.vault);
  return {
    prove: async (job) => {
      const hash = paramsHashOf(job);
      const { planId, shard, step } = job;
      return {
        ownShardBytes32: shardBytes32(o.shard),
        paramsHash: hash,
        jobId: hash && jobIdOf({ planId, shard, step, paramsHash: hash }),
        signers: await signersOf(job, domain),
      };
    },
  };
}

function paramsHashOf({ params }: RebalanceJob): Hex | null {
  try {
    return paramsHash(params);
  } catch {
    return null;
  }
}

async function signersOf(
  job: RebalanceJob,
  domain: ReturnType<typeof vaultDomain>,
): Promise<Address[] | null> {
  const isWellFormed = job.signatures.every(
    (signature) => isHex(signature) && size(signature) === SIGNATURE_BYTES,
  );
  if (!isWellFormed) return null;
  try {
    return await mandateSigners(job.mandate, domain, job.signatures);
  } catch {
    return null;
  }
}

/** {@link JobEncoder} for one vault and its collateral token. */
export function viemJobEncoder(
  rpc: RpcClient,
  o: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly settlementToken: Address;
    /** Null when the vault has no venue desk. */
    readonly venueDesk: Address | null;
  },
): JobEncoder {
  return {
    nativeFeeWei: (params: JobParams) =>
      params.kind === "transfer" ? quoteFee(rpc, o.settlementToken, params) : Promise.resolve(0n),
    encode: (job, nativeFeeWei) => ({ ...mandateCall(job, o), valueWei: nativeFeeWei }),
    encodeSettle: (seriesId, roundId) => {
      const data = encodeFunctionData({
        abi: optionBookAbi,
        functionName: "settle",
        args: [seriesId, roundId],
      });
      return { to: o.optionBook, data, valueWei: 0n };
    },
  };
}

/** What the endpoint asks now for the very message the vault will send. */
async function quoteFee(rpc: RpcClient, token: Address, params: TransferParams): Promise<bigint> {
  const message = {
    dstEid: params.dstEid,
    to: params.dstVault,
    amountRaw: BigInt(params.amountRaw),
    minAmountRaw: BigInt(params.minAmountRaw),
    lzReceiveGas: params.lzReceiveGas,
  };
  const feeWei = await quoteMessage(rpc, token, { message, at: "latest" });
  if (feeWei !== null) return feeWei;
  throw new RetryableError("rpc-failed", `eth_call: quoteSend to ${params.dstEid} reverts`);
}
