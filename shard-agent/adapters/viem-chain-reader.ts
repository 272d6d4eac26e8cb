import {
  type Address,
  type ContractFunctionReturnType,
  getAbiItem,
  hexToNumber,
  numberToHex,
  padHex,
  parseAbi,
  parseEventLogs,
  toEventSelector,
} from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc-client.ts";
import { callView, type RawLog, readHeader } from "#shard-agent/adapters/rpc-values.ts";
import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type {
  BlockHeader,
  DepthRequest,
  FeedPrice,
  HedgeAsset,
  ShardSnapshot,
} from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import type { ConsumedJob, DeliveredTransfer } from "#shared/wire/shard-report.ts";

/** Blocks before the last final one from which events are reported again. */
const EVENT_LOOKBACK_BLOCKS = 64;
const HEADER_CACHE_MAX = 4096;

const oftAbi = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);
const OFT_RECEIVED = toEventSelector(oftAbi[0]);
const VAULT_TOPICS = (["MandateConsumed", "SwapExecuted", "TransferSent"] as const).map((name) =>
  toEventSelector(getAbiItem({ abi: shardVaultAbi, name })),
);

type LensShard = ContractFunctionReturnType<typeof shardLensAbi, "nonpayable", "read">;

export type ChainReaderOptions = {
  readonly contracts: {
    readonly vault: Address;
    readonly optionBook: Address;
    readonly lens: Address;
    readonly volatilityFeed: Address;
    readonly quoterV2: Address;
  };
  readonly settlementToken: Address;
  readonly sender: Address;
};

/** {@link ChainReader} over raw JSON-RPC: one lens call at a block hash, and the events around it. */
export function viemChainReader(rpc: RpcClient, options: ChainReaderOptions): ChainReader {
  const timestamps = timestampCache(rpc);
  const head = async (): Promise<BlockHeader> => {
    const header = await readHeader(rpc, "latest");
    if (header === null)
      throw new RetryableError("rpc-failed", "eth_getBlockByNumber: no latest block");
    return header;
  };
  const finalized = () => readHeader(rpc, "finalized");
  const snapshot = async (
    block: BlockHeader,
    depth: readonly DepthRequest[],
  ): Promise<ShardSnapshot> => {
    const finalNumber = Math.min((await finalized())?.number ?? 0, block.number);
    const [shard, vaultLogs, oftLogs] = await Promise.all([
      readLens(rpc, options, block, depth),
      readVaultLogs(rpc, options, { from: finalNumber, to: block.number }),
      readDeliveries(rpc, options, { from: finalNumber, to: block.number }),
    ]);
    const consumedJobs = await consumedJobsOf(vaultLogs, timestamps);
    const canonical = await readHeader(rpc, block.number);
    if (canonical?.hash !== block.hash) {
      throw new RetryableError(
        "block-not-canonical",
        `Block ${block.number} ${block.hash}: replaced by ${canonical?.hash ?? "nothing"}`,
      );
    }
    return {
      ...snapshotOf(shard, block, depth, options),
      finalizedNumber: finalNumber,
      consumedJobs,
      deliveredTransfers: oftLogs,
    };
  };
  return { head, finalized, snapshot, headerAt: (number) => readHeader(rpc, number) };
}

async function readLens(
  rpc: RpcClient,
  options: ChainReaderOptions,
  block: BlockHeader,
  depth: readonly DepthRequest[],
): Promise<LensShard> {
  const { contracts, sender } = options;
  const request = {
    vault: contracts.vault,
    book: contracts.optionBook,
    volatilityFeed: contracts.volatilityFeed,
    quoter: contracts.quoterV2,
    senders: [sender],
    quotes: depth.map(({ amountInRaw, ...one }) => ({ ...one, amountIn: amountInRaw })),
  };
  const at = { blockHash: block.hash };
  return (await callView(rpc, {
    abi: shardLensAbi,
    to: contracts.lens,
    name: "read",
    args: [request],
    at,
  })) as LensShard;
}

function snapshotOf(
  shard: LensShard,
  block: BlockHeader,
  depth: readonly DepthRequest[],
  options: ChainReaderOptions,
): Omit<ShardSnapshot, "finalizedNumber" | "consumedJobs" | "deliveredTransfers"> {
  return {
    block,
    epoch: Number(shard.epoch),
    leader: shard.leader,
    paused: shard.paused,
    capitalRaw: shard.capital,
    liabilitiesRaw: shard.liabilities,
    settlement: {
      token: shard.settlementAsset,
      balanceRaw: shard.settlementBalance,
      price: feedPrice(shard.settlementPrice),
    },
    hedgeAssets: shard.hedgeAssets.map((token, index) => hedgeAssetOf(shard, token, index)),
    series: shard.series.map((series) => ({
      seriesId: series.id,
      underlying: series.underlying,
      isCall: series.isCall,
      expirySeconds: series.expiry,
      strikeE8: series.strike,
      takersLongE18: series.takersLong,
      takersShortE18: series.takersShort,
    })),
    senders: [{ address: options.sender, balanceWei: shard.senderBalancesWei[0] ?? 0n }],
    depth: depth.map((one, index) => ({
      ...one,
      amountOutRaw: shard.quoteAmountsOut[index] ?? 0n,
    })),
  };
}

function hedgeAssetOf(shard: LensShard, token: Address, index: number): HedgeAsset {
  const price = shard.hedgePrices[index];
  if (price === undefined)
    throw new RetryableError("rpc-failed", `Lens: no price of hedge asset ${token}`);
  return {
    token,
    balanceRaw: shard.hedgeBalances[index] ?? 0n,
    price: feedPrice(price),
    slices: (shard.volatility[index]?.slices ?? []).map((slice) => ({
      expirySeconds: slice.expiry,
      aE18: slice.a,
      bE18: slice.b,
      rhoE18: slice.rho,
      mE18: slice.m,
      sigmaE18: slice.sigma,
      updatedAtMs: Number(slice.updatedAt) * 1000,
    })),
  };
}

function feedPrice(price: LensShard["settlementPrice"]): FeedPrice {
  return {
    priceE8: price.answer,
    roundId: price.roundId,
    updatedAtMs: Number(price.updatedAt) * 1000,
  };
}

async function readVaultLogs(
  rpc: RpcClient,
  options: ChainReaderOptions,
  range: { from: number; to: number },
): Promise<RawLog[]> {
  return getLogs(rpc, range, { address: options.contracts.vault, topics: [VAULT_TOPICS] });
}

async function readDeliveries(
  rpc: RpcClient,
  options: ChainReaderOptions,
  range: { from: number; to: number },
): Promise<DeliveredTransfer[]> {
  const topics = [OFT_RECEIVED, null, padHex(options.contracts.vault, { size: 32 })];
  const logs = await getLogs(rpc, range, { address: options.settlementToken, topics });
  return parseEventLogs({ abi: oftAbi, logs: logs as never, strict: true }).map((event) => {
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

async function getLogs(
  rpc: RpcClient,
  range: { from: number; to: number },
  filter: object,
): Promise<RawLog[]> {
  const fromBlock = numberToHex(Math.max(0, range.from - EVENT_LOOKBACK_BLOCKS));
  return (await rpc.request("eth_getLogs", [
    { ...filter, fromBlock, toBlock: numberToHex(range.to) },
  ])) as RawLog[];
}

/** Joins the consumption of a mandate with what its action moved; both are in one transaction. */
async function consumedJobsOf(
  logs: RawLog[],
  timestampOf: (log: RawLog) => Promise<number>,
): Promise<ConsumedJob[]> {
  const events = parseEventLogs({ abi: shardVaultAbi, logs: logs as never, strict: true });
  const jobs: ConsumedJob[] = [];
  for (const event of events) {
    if (event.eventName !== "MandateConsumed") continue;
    const log = event as unknown as RawLog;
    const { jobId, action } = event.args;
    const effect = events.find(
      (one) =>
        (one.eventName === "SwapExecuted" || one.eventName === "TransferSent") &&
        one.args.jobId === jobId &&
        one.blockHash === event.blockHash,
    );
    jobs.push({
      jobId,
      action,
      blockNumber: hexToNumber(log.blockNumber),
      blockHash: log.blockHash,
      blockTimestampMs: await timestampOf(log),
      transactionHash: log.transactionHash,
      amountInRaw: amountsOf(effect?.args).in.toString(),
      amountOutRaw: amountsOf(effect?.args).out.toString(),
      guid: effect?.eventName === "TransferSent" ? effect.args.guid : null,
    });
  }
  return jobs;
}

function amountsOf(args: object | undefined): { in: bigint; out: bigint } {
  if (args !== undefined && "amountIn" in args && "amountOut" in args) {
    return { in: args.amountIn as bigint, out: args.amountOut as bigint };
  }
  if (args !== undefined && "amountSent" in args && "amountToReceive" in args) {
    return { in: args.amountSent as bigint, out: args.amountToReceive as bigint };
  }
  return { in: 0n, out: 0n };
}

/** Block timestamps by hash: a hash never changes its time, so the cache cannot be wrong. */
function timestampCache(rpc: RpcClient): (log: RawLog) => Promise<number> {
  const known = new Map<string, number>();
  return async (log) => {
    if (log.blockTimestamp !== undefined) return hexToNumber(log.blockTimestamp) * 1000;
    const cached = known.get(log.blockHash);
    if (cached !== undefined) return cached;
    const block = (await rpc.request("eth_getBlockByHash", [log.blockHash, false])) as {
      timestamp: `0x${string}`;
    } | null;
    if (block === null)
      throw new RetryableError("block-not-canonical", `Block ${log.blockHash} is gone`);
    const timestampMs = hexToNumber(block.timestamp) * 1000;
    if (known.size >= HEADER_CACHE_MAX) known.clear();
    known.set(log.blockHash, timestampMs);
    return timestampMs;
  };
}
