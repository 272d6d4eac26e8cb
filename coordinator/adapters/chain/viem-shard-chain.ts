import {
  createPublicClient,
  encodeFunctionData,
  fallback,
  keccak256,
  numberToHex,
  type PublicClient,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { type AuditTarget, auditAt } from "#coordinator/adapters/audit/viem-audit.ts";
import { batchedTransport } from "#coordinator/adapters/chain/batched-transport.ts";
import { messageFate } from "#coordinator/adapters/chain/message-fate.ts";
import { sentMessage } from "#coordinator/adapters/chain/sent-message.ts";
import { consumedMandates, deliveries } from "#coordinator/adapters/chain/vault-events.ts";
import type { ChainBlock, ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

export type ShardChainOptions = {
  readonly setup: ShardSetup;
  readonly optionBook: Address;
  /** Contracts that nothing on chain leads to; what they tell is not looked at where one is null. */
  readonly audit: Pick<AuditTarget, "volatilityFeed" | "quoter" | "lyraViewer">;
  /** Tried in order; the next one when one fails. */
  readonly rpcUrls: readonly string[];
  /** Pays the gas of epoch bumps. */
  readonly feePayer: PrivateKeyAccount;
};

const REQUEST_TIMEOUT_MS = 3_000;
const BUMP_WAIT_MS = 30_000;
const BUMP_POLL_MS = 500;

/** One shard's chain over its RPCs. Reads that belong together name the same block hash. */
export function viemShardChain(options: ShardChainOptions): ShardChain {
  const { setup } = options;
  const transports = options.rpcUrls.map((url) =>
    batchedTransport(url, { timeoutMs: REQUEST_TIMEOUT_MS }),
  );
  const client = createPublicClient({ transport: fallback(transports, { retryCount: 0 }) });
  const chain = checkedClient(client, setup);
  const { vault } = setup;
  const { optionBook, audit } = options;
  const target: AuditTarget = { setup, optionBook, ...audit, kinds: new Map() };
  return {
    newestBlock: () => chain((rpc) => blockOf(rpc, "latest")),
    finalBlock: () => chain((rpc) => blockOf(rpc, "finalized")),
    blockAt: (blockNumber) => chain((rpc) => blockOf(rpc, numberToHex(blockNumber))),
    fenceAt: (block) =>
      chain(async (rpc) => {
        const [epoch, leader] = await Promise.all([
          read(rpc, vault, { functionName: "epoch" }, block),
          read(rpc, vault, { functionName: "leader" }, block),
        ]);
        return { epoch: Number(BigInt(epoch)), leader: `0x${leader.slice(-40)}` };
      }),
    isConsumed: (jobId, blockHash) =>
      chain(async (rpc) => {
        const word = await read(rpc, vault, { functionName: "consumed", args: [jobId] }, blockHash);
        return BigInt(word) !== 0n;
      }),
    bumpEpoch: (expectedEpoch, newLeader, signature) =>
      chain((rpc) => sendBump(rpc, options, { expectedEpoch, newLeader, signature })),
    auditAt: (blockHash, asked) => chain((rpc) => auditAt(rpc, target, blockHash, asked)),
    consumedMandates: (range, jobId) => chain((rpc) => consumedMandates(rpc, vault, range, jobId)),
    deliveries: (range, guid) => chain((rpc) => deliveries(rpc, setup, range, guid)),
    messageFate: (message, o) => chain((rpc) => messageFate(rpc, setup, message, o)),
    sentMessage: (blockNumber, guid) => chain((rpc) => sentMessage(rpc, setup, blockNumber, guid)),
  };
}

type Call = {
  readonly functionName: "epoch" | "leader" | "consumed";
  readonly args?: readonly [Hex];
};

/** Runs a call after the RPC has shown once that it serves the configured chain; every failure is retryable. */
function checkedClient(client: PublicClient, setup: ShardSetup) {
  let isChecked = false;
  return async <T>(run: (rpc: PublicClient) => Promise<T>): Promise<T> => {
    try {
      if (!isChecked) {
        const found = Number(await client.request({ method: "eth_chainId" }));
        if (found !== setup.chainId) {
          throw new RetryableError(
            "chain-wrong-id",
            `${setup.shard}: RPC serves chain ${found}; must be ${setup.chainId}`,
          );
        }
        isChecked = true;
      }
      return await run(client);
    } catch (error) {
      if (error instanceof RetryableError) throw error;
      throw new RetryableError("chain-unreachable", `${setup.shard}: ${shortReason(error)}`, {
        cause: error,
      });
    }
  };
}

function shortReason(error: unknown): string {
  if (typeof error === "object" && error !== null && "shortMessage" in error)
    return String(error.shortMessage);
  return error instanceof Error ? error.message : String(error);
}

async function blockOf(rpc: PublicClient, tag: "finalized" | "latest" | Hex): Promise<ChainBlock> {
  const block = await rpc.request({ method: "eth_getBlockByNumber", params: [tag, false] });
  if (block === null || block.hash === null || block.number === null) {
    throw new RetryableError("chain-unreachable", `there is no block ${tag} yet`);
  }
  return {
    number: Number(block.number),
    hash: block.hash,
    timestampMs: Number(block.timestamp) * 1000,
  };
}

async function read(
  rpc: PublicClient,
  vault: Address,
  call: Call,
  block: Hex | "latest",
): Promise<Hex> {
  const data = encodeFunctionData({ abi: shardVaultAbi, ...call } as Parameters<
    typeof encodeFunctionData
  >[0]);
  const at = block === "latest" ? block : { blockHash: block };
  const word = await rpc.request({ method: "eth_call", params: [{ to: vault, data }, at] });
  if (word.length === 66) return word;
  throw new RetryableError(
    "chain-unreachable",
    `${vault}: ${call.functionName}() gave ${word}; is it the vault?`,
  );
}

type Bump = {
  readonly expectedEpoch: number;
  readonly newLeader: Address;
  readonly signature: Hex;
};

/** Signs with the nonce of the newest block, so that a later attempt replaces one that is stuck. */
async function sendBump(
  rpc: PublicClient,
  { setup, feePayer }: ShardChainOptions,
  bump: Bump,
): Promise<void> {
  const data = encodeFunctionData({
    abi: shardVaultAbi,
    functionName: "bumpEpoch",
    args: [BigInt(bump.expectedEpoch), bump.newLeader, [bump.signature]],
  });
  const call = { from: feePayer.address, to: setup.vault, data };
  const [nonce, gas, gasPrice] = await Promise.all([
    rpc.request({ method: "eth_getTransactionCount", params: [feePayer.address, "latest"] }),
    rpc.request({ method: "eth_estimateGas", params: [call] }),
    rpc.request({ method: "eth_gasPrice" }),
  ]);
  const maxFeePerGas = BigInt(gasPrice) * 2n;
  const raw = await feePayer.signTransaction({
    type: "eip1559",
    chainId: setup.chainId,
    nonce: Number(nonce),
    to: setup.vault,
    data,
    gas: (BigInt(gas) * 12n) / 10n,
    maxFeePerGas,
    maxPriorityFeePerGas: maxFeePerGas < 1_000_000_000n ? maxFeePerGas : 1_000_000_000n,
  });
  await rpc.request({ method: "eth_sendRawTransaction", params: [raw] });
  await untilIncluded(rpc, setup.shard, keccak256(raw));
}

async function untilIncluded(rpc: PublicClient, shard: string, hash: Hex): Promise<void> {
  const attemptsMax = Math.ceil(BUMP_WAIT_MS / BUMP_POLL_MS);
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const receipt = await rpc.request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (receipt?.status === numberToHex(1)) return;
    if (receipt !== null)
      throw new RetryableError("bump-not-included", `${shard}: bump ${hash} reverted`);
    await new Promise((resolve) => setTimeout(resolve, BUMP_POLL_MS));
  }
  throw new RetryableError(
    "bump-not-included",
    `${shard}: bump ${hash} not in a block after ${BUMP_WAIT_MS} ms`,
  );
}
