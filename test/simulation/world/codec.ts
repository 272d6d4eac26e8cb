import type { ContractCall } from "#shard-agent/ports/sender.ts";
import type { GasFees } from "#shard-agent/records/gas-fees.ts";
import type { JobProofs } from "#shard-agent/records/job-proofs.ts";
import type { SignedTransaction } from "#shard-agent/records/journal-entry.ts";
import { jobIdOf, paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { Mandate, RebalanceJob } from "#shared/wire/rebalance-job.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";
import { payloadHashOf } from "#test/simulation/world/message.ts";
import { digest, type Site } from "#test/simulation/world/site.ts";
import type { ChainCall, Transaction } from "#test/simulation/world/transaction.ts";

type Fees = GasFees & { readonly nonce: number; readonly gasLimit: bigint };

/** Everything that is signed: by default with fast stand-ins, on request with the real algorithms. */
export type Codec = {
  readonly plannerAddress: Address;
  readonly senderAddress: (agent: string) => Address;
  readonly signMandate: (mandate: Mandate, site: Site) => Promise<Hex>;
  readonly signBump: (expectedEpoch: number, leader: Address, site: Site) => Promise<Hex>;
  /** Accounts whose signature of a bump this is. */
  readonly bumpSigners: (
    bump: { readonly expectedEpoch: number; readonly leader: Address; readonly signature: Hex },
    site: Site,
  ) => Promise<readonly Address[]>;
  readonly prove: (job: RebalanceJob, site: Site) => Promise<JobProofs>;
  readonly encodeJob: (job: RebalanceJob, nativeFeeWei: bigint, site: Site) => ContractCall;
  readonly encodeSettle: (seriesId: Hex, roundId: bigint, site: Site) => ContractCall;
  readonly encodeRecovery: (job: RecoveryJob, site: Site) => ContractCall;
  readonly signTransaction: (
    call: ContractCall,
    o: { readonly agent: string; readonly site: Site; readonly fees: Fees },
  ) => Promise<SignedTransaction>;
  /** The call inside signed bytes. */
  readonly contractCall: (
    raw: Hex,
  ) => ContractCall & { readonly nonce: number; readonly gasLimit: bigint };
  readonly callOf: (call: ContractCall, site: Site) => Promise<ChainCall>;
  readonly decode: (raw: Hex, site: Site) => Promise<Transaction>;
};

type FastTransaction = {
  readonly from: Address;
  readonly to: Address;
  readonly fees: {
    readonly nonce: number;
    readonly gasLimit: string;
    readonly max: string;
    readonly priority: string;
  };
  readonly valueWei: string;
  readonly data: Hex;
};

/** Signatures are keyed hashes and transactions are JSON: the same bytes for the same content, always. */
export function fastCodec(): Codec {
  const plannerAddress = "0x11111111111111111111111111111111111111a1";
  const senderAddress = (agent: string): Address => `0x${digest("sender", agent).slice(2, 42)}`;
  const mandateSignature = (mandate: Mandate, site: Site): Hex =>
    signatureOf("mandate", JSON.stringify(mandate), site);
  const bumpSignature = (epoch: number, leader: Address, site: Site): Hex =>
    signatureOf("bump", `${epoch} ${leader}`, site);
  const signersOf = (job: Pick<RebalanceJob, "mandate" | "signatures">, site: Site): Address[] =>
    job.signatures.map((signature) =>
      signature === mandateSignature(job.mandate, site) ? plannerAddress : "0x",
    );
  const callOf = (call: ContractCall, site: Site): ChainCall => fastCall(call, site, signersOf);
  return {
    plannerAddress,
    senderAddress,
    signMandate: async (mandate, site) => mandateSignature(mandate, site),
    signBump: async (epoch, leader, site) => bumpSignature(epoch, leader, site),
    bumpSigners: async (bump, site) => {
      const expected = bumpSignature(bump.expectedEpoch, bump.leader, site);
      return bump.signature === expected ? [plannerAddress] : [];
    },
    prove: async (job, site) => {
      const hash = paramsHash(job.params);
      const { planId, shard, step } = job;
      return {
        ownShardBytes32: shardBytes32(site.shard),
        paramsHash: hash,
        jobId: jobIdOf({ planId, shard, step, paramsHash: hash }),
        signers: signersOf(job, site),
      };
    },
    encodeJob: (job, nativeFeeWei, site) => ({
      to: site.vault,
      data: hexOf({ kind: "mandate", job }),
      valueWei: nativeFeeWei,
    }),
    encodeSettle: (seriesId, roundId, site) =>
      callTo(site.optionBook, { kind: "settle", seriesId, roundId: roundId.toString() }),
    encodeRecovery: (job, site) => callTo(site.endpoint, { kind: "recover", job }),
    signTransaction: async (call, { agent, fees }) => {
      const raw = hexOf({
        from: senderAddress(agent),
        to: call.to,
        fees: {
          nonce: fees.nonce,
          gasLimit: fees.gasLimit.toString(),
          max: fees.maxFeePerGasWei.toString(),
          priority: fees.maxPriorityFeePerGasWei.toString(),
        },
        valueWei: call.valueWei.toString(),
        data: call.data,
      } satisfies FastTransaction);
      const { nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei } = fees;
      const signed = { hash: digest(raw), raw, nonce, gasLimit };
      const callHash = digest(`${call.to}${call.valueWei}${call.data}`);
      return { ...signed, callHash, maxFeePerGasWei, maxPriorityFeePerGasWei };
    },
    contractCall: (raw) => {
      const { to, data, valueWei, fees } = parsed(raw) as FastTransaction;
      const { nonce, gasLimit } = fees;
      return { to, data, valueWei: BigInt(valueWei), nonce, gasLimit: BigInt(gasLimit) };
    },
    callOf: async (call, site) => callOf(call, site),
    decode: async (raw, site) => {
      const { from, to, fees, valueWei, data } = parsed(raw) as FastTransaction;
      const call = callOf({ to, data, valueWei: BigInt(valueWei) }, site);
      return { hash: digest(raw), from, ...feesOf(fees), valueWei: BigInt(valueWei), call };
    },
  };
}

function feesOf({ nonce, max, priority }: FastTransaction["fees"]) {
  return { nonce, maxFeeWei: BigInt(max), priorityWei: BigInt(priority) };
}

function fastCall(
  call: ContractCall,
  site: Site,
  signersOf: (job: RebalanceJob, site: Site) => Address[],
): ChainCall {
  if (call.data === "0x") return { kind: "nothing" };
  if (call.to === site.venues.lyra) return { kind: "upkeep" };
  const content = parsed(call.data) as
    | { kind: "mandate"; job: RebalanceJob }
    | { kind: "recover"; job: RecoveryJob }
    | { kind: "settle"; seriesId: Hex; roundId: string };
  if (content.kind === "recover") return recoverCall(content.job);
  if (content.kind === "settle")
    return { kind: "settle", seriesId: content.seriesId, roundId: BigInt(content.roundId) };
  const { mandate, params } = content.job;
  const signers = signersOf(content.job, site);
  return { kind: "mandate", mandate, params, paramsHash: paramsHash(params), signers };
}

function callTo(to: Address, content: object): ContractCall {
  return { to, data: hexOf(content), valueWei: 0n };
}

/** What the endpoint, or its library, makes of a recovery's calldata: it hashes what it is given. */
export function recoverCall(job: Pick<RecoveryJob, "kind" | "guid" | "message">): ChainCall {
  const step = job.kind === "retry-receive" ? "receive" : "commit";
  const payloadHash = payloadHashOf(job.guid, job.message);
  return { kind: "recover", step, guid: job.guid, payloadHash };
}

/** 65 bytes that only this content and chain give. */
function signatureOf(kind: string, content: string, site: Site): Hex {
  const half = digest(kind, content, site.chainId, site.vault);
  return `${half}${digest("second", half).slice(2)}1b`;
}

function hexOf(value: unknown): Hex {
  return `0x${Buffer.from(JSON.stringify(value)).toString("hex")}`;
}

function parsed(data: Hex): unknown {
  return JSON.parse(Buffer.from(data.slice(2), "hex").toString());
}
