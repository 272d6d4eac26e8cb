import {
  type Address,
  encodeAbiParameters,
  encodePacked,
  getAddress,
  type Hex,
  hashStruct,
  hashTypedData,
  isAddress,
  keccak256,
  recoverAddress,
  stringToHex,
} from "viem";
import { typedParams } from "#shared/evm/params-typed-data.ts";
import {
  ACTION_LEND_MOVE,
  ACTION_MARGIN_MOVE,
  ACTION_OPTION_TRADE,
  ACTION_PERP_CHANGE,
  ACTION_SWAP,
  ACTION_SWAP_EXACT_OUTPUT,
  ACTION_TRANSFER,
  type JobParams,
  type Mandate,
} from "#shared/wire/rebalance-job.ts";

/** EIP-712 types of contracts/src/types/Mandate.sol; a change there is a change here and breaks every signature. */
export const MANDATE_TYPES = {
  Mandate: [
    { name: "jobId", type: "bytes32" },
    { name: "epoch", type: "uint64" },
    { name: "leader", type: "address" },
    { name: "shard", type: "bytes32" },
    { name: "action", type: "uint8" },
    { name: "reportSetHash", type: "bytes32" },
    { name: "notBefore", type: "uint64" },
    { name: "deadline", type: "uint64" },
    { name: "maxFeeNative", type: "uint256" },
    { name: "paramsHash", type: "bytes32" },
  ],
} as const;

export const EPOCH_BUMP_TYPES = {
  EpochBump: [
    { name: "expectedEpoch", type: "uint64" },
    { name: "newLeader", type: "address" },
  ],
} as const;

/** EIP-712 domain of one vault. */
export function vaultDomain(chainId: number, vault: Address) {
  return { name: "riskshard vault", version: "1", chainId, verifyingContract: vault } as const;
}

/** Shard id as the vault keeps it: ASCII, left-aligned in 32 bytes. */
export function shardBytes32(shard: string): Hex {
  return stringToHex(shard, { size: 32 });
}

/**
 * True of a well-formed address in mixed case that its own checksum contradicts (ERC-55): no mandate and no call can be
 * encoded with it.
 */
export function hasWrongChecksum(address: string): boolean {
  return address.toLowerCase() !== address && !isAddress(address);
}

/** The mandate as the vault's ABI takes it. */
export function mandateStruct(mandate: Mandate) {
  return {
    jobId: mandate.jobId,
    epoch: BigInt(mandate.epoch),
    leader: mandate.leader,
    shard: mandate.shard,
    action: mandate.action,
    reportSetHash: mandate.reportSetHash,
    notBefore: BigInt(mandate.notBeforeSeconds),
    deadline: BigInt(mandate.deadlineSeconds),
    maxFeeNative: BigInt(mandate.maxFeeNativeWei),
    paramsHash: mandate.paramsHash,
  };
}

const ACTIONS = {
  swap: ACTION_SWAP,
  transfer: ACTION_TRANSFER,
  "lend-move": ACTION_LEND_MOVE,
  "margin-move": ACTION_MARGIN_MOVE,
  "perp-change": ACTION_PERP_CHANGE,
  "option-trade": ACTION_OPTION_TRADE,
  "swap-exact-output": ACTION_SWAP_EXACT_OUTPUT,
} as const satisfies Record<JobParams["kind"], number>;

/** Mandate action of a job's parameters. */
export function actionOf(params: JobParams): Mandate["action"] {
  return ACTIONS[params.kind];
}

/** EIP-712 struct hash of a job's parameters: the mandate's `paramsHash`. */
export function paramsHash(params: JobParams): Hex {
  const { primaryType, fields, struct } = typedParams(params);
  return hashStruct({ primaryType, types: { [primaryType]: fields }, data: struct });
}

/** Deterministic job id: keccak256(abi.encode(planId, shard, step, paramsHash)). */
export function jobIdOf(job: { planId: Hex; shard: string; step: number; paramsHash: Hex }): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: "bytes32" }, { type: "bytes32" }, { type: "uint256" }, { type: "bytes32" }],
      [job.planId, shardBytes32(job.shard), BigInt(job.step), job.paramsHash],
    ),
  );
}

/** EIP-712 digest of a mandate for one vault. */
export function mandateDigest(mandate: Mandate, domain: ReturnType<typeof vaultDomain>): Hex {
  return hashTypedData({
    domain,
    types: MANDATE_TYPES,
    primaryType: "Mandate",
    message: mandateStruct(mandate),
  });
}

/**
 * Signers of a mandate, in the order given.
 *
 * @throws {Error} If a signature is malformed.
 */
export async function mandateSigners(
  mandate: Mandate,
  domain: ReturnType<typeof vaultDomain>,
  signatures: readonly Hex[],
): Promise<Address[]> {
  const digest = mandateDigest(mandate, domain);
  return Promise.all(
    signatures.map(async (signature) =>
      getAddress(await recoverAddress({ hash: digest, signature })),
    ),
  );
}

/** Series id as the option book computes it: keccak256(abi.encodePacked(underlying, isCall, expiry, strike)). */
export function seriesIdOf(series: {
  underlying: Address;
  isCall: boolean;
  expirySeconds: bigint;
  strikeE8: bigint;
}): Hex {
  return keccak256(
    encodePacked(
      ["address", "bool", "uint64", "uint128"],
      [series.underlying, series.isCall, series.expirySeconds, series.strikeE8],
    ),
  );
}
