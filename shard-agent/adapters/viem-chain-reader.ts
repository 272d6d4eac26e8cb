import {
  type Abi,
  type Address,
  type ContractFunctionReturnType,
  hexToNumber,
  padHex,
  parseAbi,
  parseEventLogs,
  toEventSelector,
} from "viem";
import type { RpcClient } from "#shard-agent/adapters/rpc-client.ts";
import { callView, type RawLog, readHeader } from "#shard-agent/adapters/rpc-values.ts";
import {
  type BlockRange,
  consumedJobReader,
  readRecentLogs,
} from "#shard-agent/adapters/viem-job-events.ts";
import {
  type RouteQuoteOptions,
  routeQuoteReader,
} from "#shard-agent/adapters/viem-route-quotes.ts";
import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { PositionVenue, ViewReader } from "#shard-agent/ports/venue.ts";
import type {
  BlockHeader,
  DepthRequest,
  FeedPrice,
  HedgeAsset,
  PoolReading,
  ShardSnapshot,
  VenueReading,
} from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { shardLensAbi } from "#shared/evm/abi/shard-lens.ts";
import type { DeliveredTransfer } from "#shared/wire/shard-report.ts";

const oftAbi = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
]);
const OFT_RECEIVED = toEventSelector(oftAbi[0]);

type Events = Pick<ShardSnapshot, "finalizedNumber" | "consumedJobs" | "deliveredTransfers">;
type LensShard = ContractFunctionReturnType<typeof shardLensAbi, "nonpayable", "read">;

export type ChainReaderOptions = {
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
  readonly settlementToken: Address;
  readonly sender: Address;
  /** The vault's venue desk and its accounts at venues; null when it has none. */
  readonly positions: { readonly desk: Address; readonly venues: readonly PositionVenue[] } | null;
  readonly routes: RouteQuoteOptions;
};

/** {@link ChainReader} over raw JSON-RPC: one lens call at a block hash, and the events around it. */
export function viemChainReader(rpc: RpcClient, options: ChainReaderOptions): ChainReader {
  const consumedJobs = consumedJobReader(rpc, {
    vault: options.contracts.vault,
    desk: options.positions?.desk ?? null,
  });
  const contracts = { vault: options.contracts.vault, token: options.settlementToken };
  const readRoutes = routeQuoteReader(rpc, contracts, options.routes);
  const head = async (): Promise<BlockHeader> => {
    const header = await readHeader(rpc, "latest");
    if (header === null)
      throw new RetryableError("rpc-failed", "eth_getBlockByNumber: no latest block");
    return header;
  };
  const finalized = () => readHeader(rpc, "finalized");
  // Events are read by number, beside the reads at the block's hash: afterwards the block must still be at its number.
  const readEvents = async (block: BlockHeader): Promise<Events> => {
    const finalizedNumber = Math.min((await finalized())?.number ?? 0, block.number);
    const range = { from: finalizedNumber, to: block.number };
    const [jobs, deliveredTransfers] = await Promise.all([
      consumedJobs(range),
      readDeliveries(rpc, options, range),
    ]);
    const canonical = await readHeader(rpc, block.number);
    if (canonical?.hash === block.hash) {
      return { finalizedNumber, consumedJobs: jobs, deliveredTransfers };
    }
    throw new RetryableError(
      "block-not-canonical",
      `Block ${block.number} ${block.hash}: replaced by ${canonical?.hash ?? "nothing"}`,
    );
  };
  const snapshot = async (
    block: BlockHeader,
    depth: readonly DepthRequest[],
  ): Promise<ShardSnapshot> => {
    const [shard, venues, routes, events] = await Promise.all([
      readLens(rpc, options, block, depth),
      readVenues(rpc, options, block),
      readRoutes(block),
      readEvents(block),
    ]);
    return { ...snapshotOf(shard, block, depth, options), venues, routes, ...events };
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
    spotAdapter: contracts.uniswapAdapter,
    pools: options.pools,
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

/** A venue that cannot be read leaves no report: what it keeps is not zero. */
function readVenues(
  rpc: RpcClient,
  options: ChainReaderOptions,
  block: BlockHeader,
): Promise<VenueReading[]> {
  const at = { blockHash: block.hash };
  const view: ViewReader = (call) =>
    callView(rpc, { ...call, abi: call.abi as Abi, name: call.name as never, at });
  return Promise.all((options.positions?.venues ?? []).map((venue) => venue.read(view)));
}

function snapshotOf(
  shard: LensShard,
  block: BlockHeader,
  depth: readonly DepthRequest[],
  options: ChainReaderOptions,
): Omit<ShardSnapshot, "venues" | "routes" | keyof Events> {
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
    pools: options.pools.map((pool, index) => poolReading(shard, pool, index)),
  };
}

function poolReading(shard: LensShard, pool: Address, index: number): PoolReading {
  const state = shard.pools[index];
  if (state === undefined) throw new RetryableError("rpc-failed", `Lens: no state of pool ${pool}`);
  return {
    pool,
    spotTick: state.spotTick,
    twapTick: state.hasHistory ? state.twapTick : null,
    takesTrades: state.takesTrades,
    windowSeconds: shard.twapGuard.windowSeconds,
    maxDeviationTicks: shard.twapGuard.maxDeviationTicks,
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

async function readDeliveries(
  rpc: RpcClient,
  options: ChainReaderOptions,
  range: BlockRange,
): Promise<DeliveredTransfer[]> {
  const topics = [OFT_RECEIVED, null, padHex(options.contracts.vault, { size: 32 })];
  const logs = await readRecentLogs(rpc, range, { address: options.settlementToken, topics });
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
