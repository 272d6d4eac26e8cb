import {
  type Address,
  encodeAbiParameters,
  encodePacked,
  getAddress,
  type Hex,
  hashStruct,
  hashTypedData,
  keccak256,
  recoverAddress,
  stringToHex,
} from "viem";
import {
  ACTION_LEND_MOVE,
  ACTION_SWAP,
  ACTION_TRANSFER,
  type JobParams,
  type LendMoveParams,
  type Mandate,
  type SwapParams,
  type TransferParams,
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

const SWAP_TYPES = {
  SwapParams: [
    { name: "venue", type: "address" },
    { name: "pool", type: "address" },
    { name: "assetIn", type: "address" },
    { name: "assetOut", type: "address" },
    { name: "amountIn", type: "uint256" },
    { name: "minAmountOut", type: "uint256" },
    { name: "minCapitalAfter", type: "int256" },
  ],
} as const;

const TRANSFER_TYPES = {
  TransferParams: [
    { name: "dstEid", type: "uint32" },
    { name: "dstVault", type: "bytes32" },
    { name: "amount", type: "uint256" },
    { name: "minAmount", type: "uint256" },
    { name: "lzReceiveGas", type: "uint128" },
    { name: "minCapitalAfter", type: "int256" },
  ],
} as const;

const LEND_MOVE_TYPES = {
  LendMoveParams: [
    { name: "venue", type: "address" },
    { name: "asset", type: "address" },
    { name: "amount", type: "int256" },
    { name: "minReceipt", type: "uint256" },
    { name: "minHealthFactor", type: "uint256" },
    { name: "minCapitalAfter", type: "int256" },
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

/** Swap parameters as the vault's ABI takes them. */
export function swapStruct(params: SwapParams) {
  return {
    venue: params.venue,
    pool: params.pool,
    assetIn: params.assetIn,
    assetOut: params.assetOut,
    amountIn: BigInt(params.amountInRaw),
    minAmountOut: BigInt(params.minAmountOutRaw),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Transfer parameters as the vault's ABI takes them. */
export function transferStruct(params: TransferParams) {
  return {
    dstEid: params.dstEid,
    dstVault: params.dstVault,
    amount: BigInt(params.amountRaw),
    minAmount: BigInt(params.minAmountRaw),
    lzReceiveGas: BigInt(params.lzReceiveGas),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

/** Parameters of a lending move as the venue desk's ABI takes them. */
export function lendMoveStruct(params: LendMoveParams) {
  return {
    venue: params.venue,
    asset: params.asset,
    amount: BigInt(params.amountRaw),
    minReceipt: BigInt(params.minReceiptRaw),
    minHealthFactor: BigInt(params.minHealthFactorE18),
    minCapitalAfter: BigInt(params.minCapitalAfterRaw),
  };
}

const ACTIONS = {
  swap: ACTION_SWAP,
  transfer: ACTION_TRANSFER,
  "lend-move": ACTION_LEND_MOVE,
} as const satisfies Record<JobParams["kind"], number>;

/** Mandate action of a job's parameters. */
export function actionOf(params: JobParams): Mandate["action"] {
  return ACTIONS[params.kind];
}

/** EIP-712 struct hash of a job's parameters: the mandate's `paramsHash`. */
export function paramsHash(params: JobParams): Hex {
  switch (params.kind) {
    case "swap":
      return hashStruct({ data: swapStruct(params), primaryType: "SwapParams", types: SWAP_TYPES });
    case "transfer":
      return hashStruct({
        data: transferStruct(params),
        primaryType: "TransferParams",
        types: TRANSFER_TYPES,
      });
    case "lend-move":
      return hashStruct({
        data: lendMoveStruct(params),
        primaryType: "LendMoveParams",
        types: LEND_MOVE_TYPES,
      });
  }
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
