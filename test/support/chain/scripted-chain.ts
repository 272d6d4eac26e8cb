import type {
  BlockRange,
  ConsumedMandate,
  Delivery,
  Fence,
  ShardChain,
} from "#coordinator/ports/shard-chain.ts";
import type { MessageFate } from "#coordinator/records/jobs/message-fate.ts";
import type { AuditQuestions, ChainAudit } from "#coordinator/records/safety/chain-audit.ts";
import { RetryableError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { SentTransfer } from "#shared/wire/transfer-line.ts";
import { LEADER, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

/** What a scripted chain says; change it while the test runs. */
export type ChainScript = {
  isReachable: boolean;
  head: Fence;
  final: Fence;
  newestBlock: { number: number; timestampMs: number };
  finalBlock: { number: number; timestampMs: number };
  consumed: ConsumedMandate[];
  deliveries: Delivery[];
  /** Ranges in which a delivery was looked for. */
  asked: BlockRange[];
  /** Hashes of blocks by number, where they matter: all others have that of the final one. */
  hashes: Map<number, Hex>;
  /** Times of blocks, where they matter. */
  timestampAt: (blockNumber: number) => number;
  sent: SentTransfer[];
  /** What the endpoint keeps of messages, by guid. */
  fates: Map<string, MessageFate>;
  bumps: number;
  /** What its contracts say, by block hash; a block that is not here is unknown. */
  audits: Map<string, (asked: AuditQuestions) => ChainAudit>;
};

/**
 * A chain that answers as told, for states that a healthy chain does not show on demand. A bump
 * changes the head; the test says when it is final.
 */
export function scriptedChain(): { readonly script: ChainScript; readonly chain: ShardChain } {
  const script: ChainScript = {
    isReachable: true,
    head: { epoch: 3, leader: `0x${"99".repeat(20)}` },
    final: { epoch: 3, leader: `0x${"99".repeat(20)}` },
    newestBlock: { number: 120, timestampMs: NOW_MS },
    finalBlock: { number: 100, timestampMs: NOW_MS },
    consumed: [],
    deliveries: [],
    asked: [],
    hashes: new Map(),
    timestampAt: () => NOW_MS,
    sent: [],
    fates: new Map(),
    bumps: 0,
    audits: new Map(),
  };
  const reach = <T>(value: () => T): Promise<T> => {
    if (script.isReachable) return Promise.resolve(value());
    return Promise.reject(new RetryableError("chain-unreachable", "no RPC answers"));
  };
  const chain: ShardChain = {
    newestBlock: () => reach(() => ({ ...script.newestBlock, hash: hash32("f2") })),
    finalBlock: () =>
      reach(() => {
        const { number } = script.finalBlock;
        return { ...script.finalBlock, hash: script.hashes.get(number) ?? hash32("f1") };
      }),
    fenceAt: (block: Hex | "latest") =>
      reach(() => (block === "latest" ? script.head : script.final)),
    isConsumed: (jobId) => reach(() => script.consumed.some((one) => one.jobId === jobId)),
    bumpEpoch: (expectedEpoch, newLeader) =>
      reach(() => {
        if (expectedEpoch !== script.head.epoch)
          throw new RetryableError("bump-not-included", "wrong epoch");
        script.head = { epoch: expectedEpoch + 1, leader: newLeader };
        script.bumps += 1;
      }),
    auditAt: (blockHash, asked) => reach(() => script.audits.get(blockHash)?.(asked)),
    consumedMandates: (range, jobId) =>
      reach(() =>
        script.consumed.filter(
          (one) => within(one, range) && (jobId === undefined || one.jobId === jobId),
        ),
      ),
    messageFate: ({ guid }, { blockNumber }) =>
      reach(() => (blockNumber > script.newestBlock.number ? undefined : script.fates.get(guid))),
    sentMessage: (_blockNumber, guid) => reach(() => script.sent.find((one) => one.guid === guid)),
    blockAt: (number) =>
      reach(() => ({
        number,
        hash: script.hashes.get(number) ?? hash32("f1"),
        timestampMs: script.timestampAt(number),
      })),
    deliveries: (range, guid) =>
      reach(() => {
        script.asked.push(range);
        return script.deliveries.filter(
          (one) => within(one, range) && (guid === undefined || one.guid === guid),
        );
      }),
  };
  return { script, chain };
}

/** The bump is final from here on. */
export function finalise(script: ChainScript): void {
  script.final = { ...script.head, leader: LEADER };
}

function within(
  one: { readonly blockNumber: number },
  range: { readonly fromBlock: number; readonly toBlock: number },
): boolean {
  return one.blockNumber >= range.fromBlock && one.blockNumber <= range.toBlock;
}
