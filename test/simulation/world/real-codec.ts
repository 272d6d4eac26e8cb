import {
  concat,
  decodeFunctionData,
  keccak256,
  numberToHex,
  parseTransaction,
  recoverTransactionAddress,
  recoverTypedDataAddress,
  slice,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { viemMandateSigner } from "#coordinator/adapters/chain/viem-mandate-signer.ts";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { viemJobEncoder, viemJobVerifier } from "#shard-agent/adapters/sending/viem-job-desk.ts";
import type { ContractCall } from "#shard-agent/ports/sender.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { venueDeskAbi } from "#shared/evm/abi/venue-desk.ts";
import {
  EPOCH_BUMP_TYPES,
  mandateSigners,
  paramsHash,
  vaultDomain,
} from "#shared/evm/mandate-typed-data.ts";
import { recoveryAbi, recoveryCall } from "#shared/evm/recovery-call.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import { type Mandate, mandateSchema } from "#shared/wire/rebalance-job.ts";
import { paramsOf } from "#test/simulation/world/calldata.ts";
import { type Codec, recoverCall } from "#test/simulation/world/codec.ts";
import { guidOf } from "#test/simulation/world/message.ts";
import { digest, type Site } from "#test/simulation/world/site.ts";
import type { ChainCall, Transaction } from "#test/simulation/world/transaction.ts";

const CALLED = [...shardVaultAbi, ...venueDeskAbi, ...optionBookAbi, ...recoveryAbi] as const;
const PLANNER_KEY = digest("planner key");

/**
 * The real algorithms: EIP-712 and EIP-1559 signatures, calldata of the real ABIs, signers recovered from bytes. What the
 * chain makes of the same bytes is worked out once: every node, every simulation and every block asks for it again.
 */
export function realCodec(): Codec {
  const calls = new Map<string, Promise<ChainCall>>();
  const transactions = new Map<string, ReturnType<Codec["decode"]>>();
  const callOf: Codec["callOf"] = ({ to, data }, site) =>
    once(calls, `${site.shard} ${to} ${data}`, () => decodeCall({ to, data }, site));
  const planner = viemMandateSigner(PLANNER_KEY);
  const accounts = new Map<string, ReturnType<typeof privateKeyToAccount>>();
  const accountOf = (agent: string) => {
    const account = accounts.get(agent) ?? privateKeyToAccount(digest("sender key", agent));
    accounts.set(agent, account);
    return account;
  };
  const encoderOf = (site: Site) =>
    viemJobEncoder(NO_RPC, {
      vault: site.vault,
      optionBook: site.optionBook,
      settlementToken: site.settlementToken,
      venueDesk: site.venues.desk,
    });
  return {
    plannerAddress: planner.address,
    senderAddress: (agent) => accountOf(agent).address,
    signMandate: (mandate, site) => planner.signMandate(mandate, site),
    signBump: (epoch, leader, site) => planner.signEpochBump(epoch, leader, site),
    bumpSigners: async ({ expectedEpoch, leader, signature }, site) => [
      await recoverTypedDataAddress({
        domain: vaultDomain(site.chainId, site.vault),
        types: EPOCH_BUMP_TYPES,
        primaryType: "EpochBump",
        message: { expectedEpoch: BigInt(expectedEpoch), newLeader: leader },
        signature,
      }),
    ],
    prove: (job, site) => viemJobVerifier(site).prove(job),
    encodeJob: (job, nativeFeeWei, site) => encoderOf(site).encode(job, nativeFeeWei),
    encodeSettle: (seriesId, roundId, site) => encoderOf(site).encodeSettle(seriesId, roundId),
    encodeRecovery: (job, site) => {
      const { endpoint, endpointId } = site;
      return { ...recoveryCall(job, { endpoint, endpointId, receiveUln: endpoint }), valueWei: 0n };
    },
    signTransaction: async (call, { agent, site, fees }) => {
      const { nonce, gasLimit, maxFeePerGasWei, maxPriorityFeePerGasWei } = fees;
      const raw = await accountOf(agent).signTransaction({
        type: "eip1559",
        chainId: site.chainId,
        nonce,
        gas: gasLimit,
        to: call.to,
        data: call.data,
        value: call.valueWei,
        maxFeePerGas: maxFeePerGasWei,
        maxPriorityFeePerGas: maxPriorityFeePerGasWei,
      });
      const callHash = keccak256(concat([call.to, numberToHex(call.valueWei), call.data]));
      return { hash: keccak256(raw), callHash, ...fees, raw };
    },
    contractCall,
    callOf,
    decode: (raw, site) =>
      once(transactions, `${site.shard} ${raw}`, () => decodeTransaction(raw, site, callOf)),
  };
}

async function decodeTransaction(
  raw: Hex,
  site: Site,
  callOf: Codec["callOf"],
): Promise<Transaction> {
  const { to, data, value, nonce, ...fees } = parseTransaction(raw);
  const from = await recoverTransactionAddress({ serializedTransaction: raw as `0x02${string}` });
  const valueWei = value ?? 0n;
  return {
    hash: keccak256(raw),
    from,
    nonce: nonce ?? 0,
    maxFeeWei: fees.maxFeePerGas ?? 0n,
    priorityWei: fees.maxPriorityFeePerGas ?? 0n,
    valueWei,
    call: await callOf({ to: to ?? "0x", data: data ?? "0x", valueWei }, site),
  };
}

/** What a pure function of a key gave the first time. */
function once<T>(known: Map<string, T>, key: string, work: () => T): T {
  const found = known.get(key) ?? work();
  known.set(key, found);
  return found;
}

function contractCall(raw: Hex): ReturnType<Codec["contractCall"]> {
  const { to, data, value, nonce, gas } = parseTransaction(raw);
  const target = to ?? "0x";
  const gasLimit = gas ?? 0n;
  return { to: target, data: data ?? "0x", valueWei: value ?? 0n, nonce: nonce ?? 0, gasLimit };
}

const NO_RPC = {
  request: () => Promise.reject(new Error("the simulation has no JSON-RPC")),
} as unknown as RpcClient;

async function decodeCall(
  { to, data }: Pick<ContractCall, "to" | "data">,
  site: Site,
): Promise<ChainCall> {
  if (data === "0x") return { kind: "nothing" };
  if (to.toLowerCase() === site.venues.lyra) return { kind: "upkeep" };
  const decoded = decodeFunctionData({ abi: CALLED, data });
  if (decoded.functionName === "settle") {
    const [seriesId, roundId] = decoded.args;
    return { kind: "settle", seriesId, roundId: BigInt(roundId) };
  }
  if (decoded.functionName === "lzReceive") {
    const [, , guid, message] = decoded.args;
    return recoverCall({ kind: "retry-receive", guid, message });
  }
  if (decoded.functionName === "commitVerification") {
    const [header, payloadHash] = decoded.args;
    const srcEid = Number(slice(header, 9, 13));
    const guid = guidOf(srcEid, site.endpointId, BigInt(slice(header, 1, 9)));
    return { kind: "recover", step: "commit", guid, payloadHash };
  }
  const { functionName } = decoded;
  if (
    functionName !== "executeSwap" &&
    functionName !== "executeSwapExactOutput" &&
    functionName !== "executeTransfer" &&
    functionName !== "executeLendMove" &&
    functionName !== "executeMarginMove" &&
    functionName !== "executePerpChange" &&
    functionName !== "executeOptionTrade"
  )
    return { kind: "nothing" };
  const [struct, given, signatures] = decoded.args;
  const mandate = mandateOf(struct);
  const params = paramsOf(given);
  const domain = vaultDomain(site.chainId, site.vault);
  const signers = await mandateSigners(mandate, domain, [...signatures]);
  return { kind: "mandate", mandate, params, paramsHash: paramsHash(params), signers };
}

type MandateStruct = {
  readonly jobId: Hex;
  readonly epoch: bigint;
  readonly leader: Address;
  readonly shard: Hex;
  readonly action: number;
  readonly reportSetHash: Hex;
  readonly notBefore: bigint;
  readonly deadline: bigint;
  readonly maxFeeNative: bigint;
  readonly paramsHash: Hex;
};

function mandateOf(struct: MandateStruct): Mandate {
  const { jobId, leader, shard, reportSetHash } = struct;
  return {
    jobId,
    epoch: Number(struct.epoch),
    leader,
    shard,
    action: mandateSchema.shape.action.parse(struct.action),
    reportSetHash,
    notBeforeSeconds: Number(struct.notBefore),
    deadlineSeconds: Number(struct.deadline),
    maxFeeNativeWei: struct.maxFeeNative.toString(),
    paramsHash: struct.paramsHash,
  };
}
