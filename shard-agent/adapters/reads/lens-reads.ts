import { type Address, type ContractFunctionReturnType, encodeFunctionData, type Hex } from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { callEncoded } from "#shard-agent/adapters/rpc/rpc-values.ts";
import type { BlockHeader, DepthRequest } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";

/** What may change with every block, as the lens gives it. */
export type LensState = ContractFunctionReturnType<typeof shardLensAbi, "view", "readState">;
/** The option book and what the vault makes of it, as the lens gives it. */
export type LensBook = ContractFunctionReturnType<typeof shardLensAbi, "view", "readBook">;
type LensTicks = ContractFunctionReturnType<typeof shardLensAbi, "view", "readTicks">;

export type LensOptions = {
  readonly contracts: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly lens: Address;
    readonly volatilityFeed: Address;
    readonly quoterV2: Address;
    readonly uniswapAdapter: Address;
  };
  /** Pools of the venue that are traded on. */
  readonly pools: readonly Address[];
  readonly sender: Address;
};

/** Calls of ShardLens, each by block hash. */
export type LensReads = {
  readonly state: (block: BlockHeader) => Promise<LensState>;
  readonly book: (block: BlockHeader) => Promise<LensBook>;
  /** What Uniswap's QuoterV2 says, in the order of the questions; 0 where the pool cannot fill the amount. */
  readonly quotes: (
    block: BlockHeader,
    depth: readonly DepthRequest[],
  ) => Promise<readonly bigint[]>;
  readonly ticks: (
    block: BlockHeader,
    range: { readonly pool: Address; readonly firstWord: number; readonly words: number },
  ) => Promise<LensTicks>;
};

/** {@link LensReads} of one shard; throws RetryableError `rpc-failed` when the node answers from another block. */
export function lensReads(rpc: RpcClient, { contracts, pools, sender }: LensOptions): LensReads {
  const request = {
    vault: contracts.vault,
    book: contracts.optionBook,
    volatilityFeed: contracts.volatilityFeed,
    senders: [sender],
    spotAdapter: contracts.uniswapAdapter,
    pools,
  };
  type Name = "readState" | "readBook" | "readQuotes" | "readTicks";
  const encode = (name: Name, args: readonly unknown[]) =>
    encodeFunctionData({ abi: shardLensAbi, functionName: name, args } as never);
  const read = (name: Name, { hash: blockHash }: BlockHeader, data: Hex) =>
    callEncoded(rpc, { abi: shardLensAbi, to: contracts.lens, name, data, at: { blockHash } });
  const stateData = encode("readState", [request]);
  const bookData = encode("readBook", [contracts.vault, contracts.optionBook]);
  return {
    state: async (block) =>
      ofBlock(block, (await read("readState", block, stateData)) as LensState),
    book: async (block) => ofBlock(block, (await read("readBook", block, bookData)) as LensBook),
    quotes: async (block, depth) => {
      if (depth.length === 0) return [];
      const quotes = depth.map(({ amountInRaw, ...one }) => ({ ...one, amountIn: amountInRaw }));
      const data = encode("readQuotes", [contracts.quoterV2, quotes]);
      return (await read("readQuotes", block, data)) as readonly bigint[];
    },
    ticks: async (block, range) =>
      (await read("readTicks", block, encode("readTicks", [range]))) as LensTicks,
  };
}

/**
 * A node may look the newest block up by its hash and make the call when the next one has just come, from that one's
 * state (anvil may). The time of the block it was made in tells, where no two blocks in a row have the same.
 */
function ofBlock<T extends { readonly timestamp: bigint }>(block: BlockHeader, answer: T): T {
  const atMs = Number(answer.timestamp) * 1000;
  if (atMs === block.timestampMs) return answer;
  throw new RetryableError(
    "rpc-failed",
    `Lens: asked at block ${block.number} of time ${block.timestampMs} ms, answered at ${atMs} ms`,
  );
}
