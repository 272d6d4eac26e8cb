import {
  type Address,
  hexToNumber,
  numberToHex,
  padHex,
  parseAbi,
  parseEventLogs,
  toEventSelector,
} from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc/rpc-client.ts";
import { type RawLog, readHeader } from "#shard-agent/adapters/rpc/rpc-values.ts";
import { consumedJobReader, JOB_TOPICS } from "#shard-agent/adapters/sending/viem-job-events.ts";
import { isSameAddress } from "#shard-agent/records/shard-scope.ts";
import type { BlockHeader, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { REPORT_WINDOW_BLOCKS } from "#shared/wire/report-window.ts";
import type { DeliveredTransfer } from "#shared/wire/shard-report.ts";

/** Most blocks whose events are asked for one by one. */
const PATH_MAX_BLOCKS = 16;

const oftAbi = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);
const OFT_RECEIVED = toEventSelector(oftAbi[0]);
/** The only events with which the liquidity at a pool's ticks changes. */
const LIQUIDITY_TOPICS = parseAbi([
  "event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)",
  "event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)",
]).map((event) => toEventSelector(event));

export type EventSources = {
  readonly vault: Address;
  readonly desk: Address | null;
  readonly settlementToken: Address;
  readonly pools: readonly Address[];
};

/** What a snapshot says of events. */
export type EventFacts = Pick<ShardSnapshot, "consumedJobs" | "deliveredTransfers">;

export type RecentEvents = {
  /**
   * Everything but the pools' since 64 blocks before the last final one: the newest 16 blocks' by hash, the others' by
   * number.
   *
   * @throws {RetryableError} `block-not-canonical` if the block does not descend from the canonical chain any more.
   */
  readonly upTo: (block: BlockHeader, finalizedNumber: number) => Promise<readonly RawLog[]>;
  /** The events after one block up to another: by hash of each; null when they are not of one chain, or too many. */
  readonly since: (after: BlockHeader, block: BlockHeader) => Promise<readonly RawLog[] | null>;
  readonly factsOf: (logs: readonly RawLog[]) => Promise<EventFacts>;
};

/** First block of which events are reported while `finalizedNumber` is final. */
export function firstEventBlock(finalizedNumber: number): number {
  return Math.max(0, finalizedNumber - REPORT_WINDOW_BLOCKS);
}

/** Whether liquidity came to a pool or left it. */
export function hasLiquidityChange(logs: readonly RawLog[], pool: Address): boolean {
  const isOfPool = (log: RawLog) => isSameAddress(log.address, pool);
  return logs.some((log) => isOfPool(log) && LIQUIDITY_TOPICS.includes(log.topics[0]));
}

/** {@link RecentEvents} of one shard: of its vault, its venue desk and its token; block by block of its pools too. */
export function recentEvents(rpc: RpcClient, sources: EventSources): RecentEvents {
  const { vault, desk, settlementToken, pools } = sources;
  const own = {
    address: [vault, ...(desk === null ? [] : [desk]), settlementToken],
    topics: [...JOB_TOPICS, OFT_RECEIVED],
  };
  const read = async ({ address, topics }: typeof own, range: object) =>
    (await rpc.request("eth_getLogs", [{ address, topics: [topics], ...range }])) as RawLog[];
  // Anybody can have a pool say so without end, and nodes answer with so many events: only of one block at a time.
  const withPools = {
    address: [...own.address, ...pools],
    topics: [...own.topics, ...LIQUIDITY_TOPICS],
  };
  const eventsOf = ({ hash: blockHash }: BlockHeader) => read(withPools, { blockHash });
  const consumedJobs = consumedJobReader(rpc);
  return {
    since: async (after, block) => {
      if (after.hash === block.hash) return [];
      if (after.hash === block.parentHash) return eventsOf(block);
      const path = await pathBetween(rpc, after, block);
      // By hash and not by numbers: of numbers that a node has not got yet it leaves the events out without a word.
      return path === null ? null : (await Promise.all(path.map(eventsOf))).flat();
    },
    upTo: async (block, finalizedNumber) => {
      const first = firstEventBlock(finalizedNumber);
      const last = Math.max(0, first - 1, block.number - PATH_MAX_BLOCKS);
      const range = { fromBlock: numberToHex(first), toBlock: numberToHex(last) };
      const [older, after] = await Promise.all([
        first <= last ? read(own, range) : [],
        readHeader(rpc, last),
      ]);
      const isSame = after?.hash === block.hash;
      const path = isSame || after === null ? [] : await pathBetween(rpc, after, block);
      if (after === null || path === null)
        throw new RetryableError(
          "block-not-canonical",
          `Block ${block.number} ${block.hash}: does not descend from block ${last} ${after?.hash ?? "(unknown)"}`,
        );
      // The newest by hash, as above: what a node behind the others leaves out would be counted a second time.
      const newest = path.map(({ hash: blockHash }) => read(own, { blockHash }));
      return [...older, ...(await Promise.all(newest)).flat()];
    },
    factsOf: async (logs) => {
      const ofVault = logs.filter(
        ({ address }) =>
          isSameAddress(address, vault) || (desk !== null && isSameAddress(address, desk)),
      );
      const consumed = await consumedJobs(ofVault);
      return { consumedJobs: consumed, deliveredTransfers: deliveriesOf(logs, sources) };
    },
  };
}

/** The blocks after one up to another; null when they do not follow each other, or are too many to ask for one by one. */
async function pathBetween(
  rpc: RpcClient,
  after: BlockHeader,
  block: BlockHeader,
): Promise<readonly BlockHeader[] | null> {
  const length = block.number - after.number;
  if (length < 1 || length > PATH_MAX_BLOCKS) return null;
  const numbers = Array.from({ length: length - 1 }, (_one, index) => after.number + 1 + index);
  const between = await Promise.all(numbers.map((number) => readHeader(rpc, number)));
  const path: BlockHeader[] = [];
  for (const next of [...between, block]) {
    if (next?.parentHash !== (path.at(-1) ?? after).hash) return null;
    path.push(next);
  }
  return path;
}

function deliveriesOf(
  logs: readonly RawLog[],
  { vault, settlementToken }: EventSources,
): DeliveredTransfer[] {
  const to = padHex(vault, { size: 32 }).toLowerCase();
  const ofToken = logs.filter(
    ({ address, topics }) =>
      isSameAddress(address, settlementToken) && topics[2]?.toLowerCase() === to,
  );
  if (ofToken.length === 0) return [];
  return parseEventLogs({ abi: oftAbi, logs: ofToken as never, strict: true }).map((event) => {
    const log = event as unknown as RawLog;
    return {
      guid: event.args.guid,
      srcEid: event.args.srcEid,
      amountRaw: event.args.amountReceivedLD.toString(),
      blockNumber: hexToNumber(log.blockNumber),
      blockHash: log.blockHash,
    };
  });
}
