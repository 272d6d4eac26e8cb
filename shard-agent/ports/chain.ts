import type { Inclusion } from "#shard-agent/records/journal-entry.ts";
import type {
  BlockHeader,
  DepthRequest,
  FeedPrice,
  ShardSnapshot,
} from "#shard-agent/records/shard-snapshot.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** At what sizes pools are asked for their depth. */
export type DepthAsked = readonly DepthRequest[] | Promise<readonly DepthRequest[]>;

/** Reads of the shard's chain. Every call throws RetryableError `rpc-failed` when the node does not answer. */
export type ChainReader = {
  readonly head: () => Promise<BlockHeader>;
  /** Canonical header at a height; null when there is none yet. */
  readonly headerAt: (blockNumber: number) => Promise<BlockHeader | null>;
  /** Newest final block; null when there is none yet. */
  readonly finalized: () => Promise<BlockHeader | null>;
  /**
   * Everything one report needs, true at `block.hash`.
   *
   * @param depth May be worked out while the chain is asked for the rest.
   * @throws {RetryableError} `block-not-canonical` if the block left the canonical chain meanwhile.
   */
  readonly snapshot: (block: BlockHeader, depth: DepthAsked) => Promise<ShardSnapshot>;
};

/** What the vault and the sender look like at one block. */
export type VaultReader = {
  readonly state: (
    jobId: Hex,
    at: Pick<BlockHeader, "hash">,
  ) => Promise<{ epoch: number; leader: Address; consumed: boolean }>;
  readonly senderBalanceWei: (at: BlockHeader) => Promise<bigint>;
};

/** Rounds of price feeds. */
export type FeedReader = {
  readonly latest: (feed: Address) => Promise<FeedPrice>;
  /** Null when the feed has no such round. */
  readonly round: (feed: Address, roundId: bigint) => Promise<FeedPrice | null>;
};

/** Takers' positions in the option book, at the head. */
export type PositionReader = {
  readonly seriesId: (series: {
    underlying: Address;
    isCall: boolean;
    expirySeconds: bigint;
    strikeE8: bigint;
  }) => Hex;
  /** 18 decimals. */
  readonly takerLongE18: (seriesId: Hex, taker: Address) => Promise<bigint>;
};

/** What happened to a transaction that was seen in a block. */
export type MinedTransaction = {
  readonly inclusion: Inclusion;
  /** Realised amounts, from the vault's events; zero and null where the transaction had none. */
  readonly amountInRaw: bigint;
  readonly amountOutRaw: bigint;
  readonly guid: Hex | null;
  readonly nativeFeeWei: bigint;
};

/** Transactions of the agent's sender. */
export type TransactionReader = {
  /** Null when no canonical block holds it. */
  readonly mined: (hash: Hex) => Promise<MinedTransaction | null>;
  /** Transactions the sender has in the chain that ends with `at`. */
  readonly nonceAt: (at: BlockHeader) => Promise<number>;
};
