import type { MessageFate, MessagePath } from "#coordinator/records/jobs/message-fate.ts";
import type { AuditQuestions, ChainAudit } from "#coordinator/records/safety/chain-audit.ts";
import type { Address, Hex } from "#shared/units/ids.ts";
import type { SentTransfer } from "#shared/wire/transfer-line.ts";

export type ChainBlock = {
  readonly number: number;
  readonly hash: Hex;
  readonly timestampMs: number;
};

export type Fence = { readonly epoch: number; readonly leader: Address };

/** A mandate the vault consumed, with the amounts its own events give. */
export type ConsumedMandate = {
  readonly jobId: Hex;
  readonly action: number;
  readonly blockNumber: number;
  readonly amountInRaw: string;
  readonly amountOutRaw: string;
  /** Transfers only. */
  readonly guid: Hex | null;
  readonly dstEid: number | null;
};

export type Delivery = { readonly guid: Hex; readonly blockNumber: number };

export type BlockRange = { readonly fromBlock: number; readonly toBlock: number };

/**
 * One shard's chain, read by the coordinator itself. Every call throws a {@link RetryableError}
 * `chain-unreachable` when no RPC answers, and one for events `chain-range-refused` when the node gives none even of a
 * narrow range; a failed read is never an answer.
 */
export type ShardChain = {
  /** Newest block of all; it may still be replaced. */
  readonly newestBlock: () => Promise<ChainBlock>;
  /** Newest final block. */
  readonly finalBlock: () => Promise<ChainBlock>;
  /** The chain's block of a number, which it has reached. */
  readonly blockAt: (blockNumber: number) => Promise<ChainBlock>;
  /** The vault's fence at a block, or at the head. */
  readonly fenceAt: (block: Hex | "latest") => Promise<Fence>;
  readonly isConsumed: (jobId: Hex, blockHash: Hex) => Promise<boolean>;
  /**
   * Sends the bump and waits until it is in a block.
   *
   * @throws {RetryableError} `bump-not-included` when it reverted or was not seen in time.
   */
  readonly bumpEpoch: (expectedEpoch: number, newLeader: Address, signature: Hex) => Promise<void>;
  /** What the shard's contracts say at a block; undefined when the node does not have it. */
  readonly auditAt: (blockHash: Hex, asked: AuditQuestions) => Promise<ChainAudit | undefined>;
  /** Consumed mandates in a range, oldest first; of one job only when `jobId` is given. */
  readonly consumedMandates: (range: BlockRange, jobId?: Hex) => Promise<ConsumedMandate[]>;
  /** Transfers credited to the vault in a range; of one guid only when it is given. */
  readonly deliveries: (range: BlockRange, guid?: Hex) => Promise<Delivery[]>;
  /**
   * What the endpoint keeps of a message to the settlement token at a block of the chain; undefined when the node does
   * not have the block yet.
   *
   * @param o.fromBlock A credit is searched for from here on.
   */
  readonly messageFate: (
    message: MessagePath,
    o: { readonly blockNumber: number; readonly fromBlock: number },
  ) => Promise<MessageFate | undefined>;
  /** What the endpoint sent for a transfer that the vault consumed in a block; undefined when it is not there. */
  readonly sentMessage: (blockNumber: number, guid: Hex) => Promise<SentTransfer | undefined>;
};
