import { type Address, erc20Abi, type Hex, type PublicClient, parseAbi } from "viem";
import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { DepthRequest, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import { optionBookAbi } from "#shared/evm/abi/option-book.ts";
import { shardVaultAbi } from "#shared/evm/abi/shard-vault.ts";
import { uniswapV3AdapterAbi } from "#shared/evm/abi/uniswap-v3-adapter.ts";

const feedAbi = parseAbi([
  "function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)",
]);
const volatilityAbi = parseAbi([
  "struct Slice { uint64 expiry; int256 a; int256 b; int256 rho; int256 m; int256 sigma; uint256 updatedAt; }",
  "function slices(address underlying) view returns (Slice[] slices)",
]);
const quoterAbi = parseAbi([
  "struct Params { address tokenIn; address tokenOut; uint256 amountIn; uint24 fee; uint160 sqrtPriceLimitX96; }",
  "function quoteExactInputSingle(Params params) returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32 ticks, uint256 gas)",
]);
const multicall3Abi = parseAbi(["function getEthBalance(address) view returns (uint256)"]);
const oftEvent = parseAbi([
  "event OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed toAddress, uint256 amountReceivedLD)",
])[0];

/** Where the straightforward reader finds what a report says. */
export type MulticallSite = {
  readonly multicall: Address;
  readonly vault: Address;
  readonly optionBook: Address;
  readonly volatilityFeed: Address;
  readonly quoterV2: Address;
  readonly uniswapAdapter: Address;
  readonly sender: Address;
  readonly settlement: { readonly token: Address; readonly feed: Address };
  readonly underlyings: readonly {
    readonly token: Address;
    readonly feed: Address;
    readonly pool: { readonly address: Address };
  }[];
  readonly seriesIds: readonly Hex[];
};

const LOOKBACK_BLOCKS = 64;

/**
 * The straightforward reader: viem's multicall of one view per figure, at the block's number, and viem's getLogs. It gives
 * the snapshot that the agent's own reader gives, without venues.
 *
 * @param batchSize 0 puts everything into one call; undefined is viem's default.
 */
export function multicallReader(
  client: PublicClient,
  site: MulticallSite,
  batchSize: number | undefined,
): Pick<ChainReader, "snapshot"> {
  return {
    snapshot: async (block, asked) => {
      const depth = await asked;
      const [values, final, consumed, delivered] = await Promise.all([
        client.multicall({
          contracts: contractsOf(site, depth) as never,
          allowFailure: false,
          multicallAddress: site.multicall,
          blockNumber: BigInt(block.number),
          ...(batchSize === undefined ? {} : { batchSize }),
        }) as Promise<unknown[]>,
        client.getBlock({ blockTag: "finalized" }),
        client.getContractEvents({
          address: site.vault,
          abi: shardVaultAbi,
          fromBlock: BigInt(Math.max(0, block.number - LOOKBACK_BLOCKS)),
          toBlock: BigInt(block.number),
        }),
        client.getLogs({
          address: site.settlement.token,
          event: oftEvent,
          args: { toAddress: site.vault },
          fromBlock: BigInt(Math.max(0, block.number - LOOKBACK_BLOCKS)),
          toBlock: BigInt(block.number),
        }),
      ]);
      if (consumed.some(({ eventName }) => eventName === "MandateConsumed") || delivered.length > 0)
        throw new Error("the vault of this measurement does nothing");
      return snapshotOf(site, { block, depth, finalizedNumber: Number(final.number) }, values);
    },
  };
}

function contractsOf(site: MulticallSite, depth: readonly DepthRequest[]): object[] {
  const vault = { address: site.vault, abi: shardVaultAbi };
  const feeds = [site.settlement, ...site.underlyings];
  const adapter = { address: site.uniswapAdapter, abi: uniswapV3AdapterAbi };
  return [
    { ...adapter, functionName: "twapGuard" },
    ...site.underlyings.map(({ pool }) => {
      return { ...adapter, functionName: "poolState", args: [pool.address] };
    }),
    ...["epoch", "leader", "paused", "capital", "liabilities"].map((functionName) => {
      return { ...vault, functionName };
    }),
    ...feeds.map(({ token }) => {
      return { address: token, abi: erc20Abi, functionName: "balanceOf", args: [site.vault] };
    }),
    ...feeds.map(({ feed }) => ({ address: feed, abi: feedAbi, functionName: "latestRoundData" })),
    ...site.underlyings.map(({ token }) => {
      const at = { address: site.volatilityFeed, abi: volatilityAbi };
      return { ...at, functionName: "slices", args: [token] };
    }),
    {
      address: site.multicall,
      abi: multicall3Abi,
      functionName: "getEthBalance",
      args: [site.sender],
    },
    ...depth.map(({ assetIn, assetOut, fee, amountInRaw }) => {
      const params = { tokenIn: assetIn, tokenOut: assetOut, amountIn: amountInRaw, fee };
      const at = { address: site.quoterV2, abi: quoterAbi };
      const args = [{ ...params, sqrtPriceLimitX96: 0n }];
      return { ...at, functionName: "quoteExactInputSingle", args };
    }),
    ...site.seriesIds.map((id) => {
      return { address: site.optionBook, abi: optionBookAbi, functionName: "series", args: [id] };
    }),
  ];
}

type Round = readonly [roundId: bigint, answer: bigint, startedAt: bigint, updatedAt: bigint];
type Slice = Record<"expiry" | "a" | "b" | "rho" | "m" | "sigma" | "updatedAt", bigint>;
type PoolState = {
  readonly spotTick?: number;
  readonly twapTick?: number;
  readonly hasHistory?: boolean;
  readonly takesTrades?: boolean;
};
type Series = {
  readonly id: Hex;
  readonly underlying: Address;
  readonly isCall: boolean;
  readonly expiry: bigint;
  readonly strike: bigint;
  readonly takersLong: bigint;
  readonly takersShort: bigint;
};

function snapshotOf(
  site: MulticallSite,
  at: Pick<ShardSnapshot, "block" | "finalizedNumber"> & {
    readonly depth: readonly DepthRequest[];
  },
  values: readonly unknown[],
): ShardSnapshot {
  const left = [...values];
  const take = (count: number): unknown[] => left.splice(0, count);
  const [guard] = take(1) as { windowSeconds: number; maxDeviationTicks: number }[];
  const pools = take(site.underlyings.length) as PoolState[];
  const [epoch, leader, paused, capital, liabilities] = take(5);
  const count = 1 + site.underlyings.length;
  const balances = take(count) as bigint[];
  const rounds = take(count) as Round[];
  const surfaces = take(site.underlyings.length) as Slice[][];
  const [balanceWei] = take(1) as bigint[];
  const quotes = take(at.depth.length) as (readonly bigint[])[];
  const series = take(site.seriesIds.length) as Series[];
  const priceAt = (index: number) => {
    const [roundId = 0n, priceE8 = 0n, , updatedAt = 0n] = rounds[index] ?? [];
    return { roundId, priceE8, updatedAtMs: Number(updatedAt) * 1000 };
  };
  return {
    block: at.block,
    finalizedNumber: Math.min(at.finalizedNumber, at.block.number),
    epoch: Number(epoch),
    leader: leader as Address,
    paused: paused === true,
    capitalRaw: capital as bigint,
    liabilitiesRaw: liabilities as bigint,
    settlement: { token: site.settlement.token, balanceRaw: balances[0] ?? 0n, price: priceAt(0) },
    hedgeAssets: site.underlyings.map(({ token }, index) => ({
      token,
      balanceRaw: balances[index + 1] ?? 0n,
      price: priceAt(index + 1),
      slices: (surfaces[index] ?? []).map((slice) => ({
        expirySeconds: slice.expiry,
        aE18: slice.a,
        bE18: slice.b,
        rhoE18: slice.rho,
        mE18: slice.m,
        sigmaE18: slice.sigma,
        updatedAtMs: Number(slice.updatedAt) * 1000,
      })),
    })),
    series: series.map((one) => ({
      seriesId: one.id,
      underlying: one.underlying,
      isCall: one.isCall,
      expirySeconds: one.expiry,
      strikeE8: one.strike,
      takersLongE18: one.takersLong,
      takersShortE18: one.takersShort,
    })),
    senders: [{ address: site.sender, balanceWei: balanceWei ?? 0n }],
    depth: at.depth.map((one, index) => ({ ...one, amountOutRaw: quotes[index]?.[0] ?? 0n })),
    pools: site.underlyings.map(({ pool }, index) => {
      const { spotTick = 0, twapTick = 0, hasHistory, takesTrades } = pools[index] ?? {};
      return {
        pool: pool.address,
        spotTick,
        twapTick: hasHistory === true ? twapTick : null,
        takesTrades: takesTrades === true,
        windowSeconds: guard?.windowSeconds ?? 0,
        maxDeviationTicks: guard?.maxDeviationTicks ?? 0,
      };
    }),
    venues: [],
    consumedJobs: [],
    deliveredTransfers: [],
    caps: null,
    routes: [],
  };
}
