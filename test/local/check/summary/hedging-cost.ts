import type { Hex } from "viem";
import {
  type ChainHistory,
  isSameAddress,
  type PerpChanged,
  type SwapExecuted,
} from "#test/local/check/accounts/chain-history.ts";
import type { ObservedChain } from "#test/local/observe/chain-client.ts";
import { readPrice } from "#test/local/observe/chain-state.ts";

const WEI_PER_ETH = 1e18;
/** Sizes and USD of a perpetual venue have 18 decimals. */
const WAD = 1e18;

/** One executed hedge against the feed at its own block, in USD. */
export type HedgeCost = {
  readonly shard: string;
  readonly underlying: string;
  /** Positive bought. */
  readonly units: number;
  readonly turnoverUsd: number;
  /** Paid above (received below) the feed, pool fee included. */
  readonly shortfallUsd: number;
  readonly poolFeeUsd: number;
  readonly gasUsd: number;
};

/** What transfers and failures cost on one chain, in USD. */
export type SideCost = {
  readonly transferGasUsd: number;
  readonly bridgeFeeUsd: number;
  readonly failedGasUsd: number;
};

/**
 * Cost of every executed hedge of one chain.
 *
 * @throws {RangeError} If a swap is not between the settlement asset and an underlying of the world, or a
 * perpetual is none of its.
 * @throws {Error} viem's error when the chain does not answer.
 */
export function hedgeCosts(observed: ObservedChain, history: ChainHistory): Promise<HedgeCost[]> {
  return Promise.all([
    ...history.swaps.map((swap) => hedgeCost(observed, swap)),
    ...history.perpChanges.map((change) => perpCost(observed, change)),
  ]);
}

/**
 * Gas and LayerZero fees of one chain's transfers, and the gas of the agent's transactions that had
 * no effect; each at the ETH feed of its block.
 *
 * @throws {Error} viem's error when the chain does not answer.
 */
export async function sideCost(observed: ObservedChain, history: ChainHistory): Promise<SideCost> {
  const total = { transferGasUsd: 0, bridgeFeeUsd: 0, failedGasUsd: 0 };
  for (const transfer of history.transfers) {
    const ethUsd = await ethPrice(observed, transfer.blockNumber);
    total.transferGasUsd += toEth(await gasWeiOf(observed, transfer.transactionHash)) * ethUsd;
    total.bridgeFeeUsd += toEth(transfer.nativeFeeWei) * ethUsd;
  }
  const own = history.reverted.filter((r) => isSameAddress(r.from, observed.chain.agent.sender));
  for (const attempt of own) {
    total.failedGasUsd += toEth(attempt.gasWei) * (await ethPrice(observed, attempt.blockNumber));
  }
  return total;
}

/** Pure part of a hedge's cost: amounts in units, prices in USD. */
export function swapCost(o: {
  readonly isBuy: boolean;
  readonly units: number;
  readonly settlementUsd: number;
  readonly spotUsd: number;
  readonly feeFraction: number;
}): { readonly turnoverUsd: number; readonly shortfallUsd: number; readonly poolFeeUsd: number } {
  const feedUsd = o.units * o.spotUsd;
  return {
    turnoverUsd: feedUsd,
    shortfallUsd: o.isBuy ? o.settlementUsd - feedUsd : feedUsd - o.settlementUsd,
    poolFeeUsd: o.feeFraction * (o.isBuy ? o.settlementUsd : feedUsd),
  };
}

async function hedgeCost(observed: ObservedChain, swap: SwapExecuted): Promise<HedgeCost> {
  const { chain } = observed;
  const isBuy = isSameAddress(swap.assetIn, chain.settlement.token);
  const [token, tokenRaw] = isBuy ? [swap.assetOut, swap.amountOut] : [swap.assetIn, swap.amountIn];
  const settlementRaw = isBuy ? swap.amountIn : swap.amountOut;
  const underlying = chain.underlyings.find((u) => isSameAddress(u.token, token));
  const isSettled = isBuy || isSameAddress(swap.assetOut, chain.settlement.token);
  if (underlying === undefined || !isSettled) {
    throw new RangeError(
      `swap ${swap.jobId}: ${swap.assetIn} for ${swap.assetOut} is no hedge of this world`,
    );
  }
  const block = BigInt(swap.blockNumber);
  const [spot, settlementPrice, ethUsd, gasWei] = await Promise.all([
    readPrice(observed, underlying.feed, block),
    readPrice(observed, chain.settlement.feed, block),
    ethPrice(observed, swap.blockNumber),
    gasWeiOf(observed, swap.transactionHash),
  ]);
  const units = Number(tokenRaw) / 10 ** underlying.decimals;
  const cost = swapCost({
    isBuy,
    units,
    settlementUsd: (Number(settlementRaw) / 10 ** chain.settlement.decimals) * settlementPrice.usd,
    spotUsd: spot.usd,
    feeFraction: underlying.pool.fee / 1e6,
  });
  const gasUsd = toEth(gasWei) * ethUsd;
  return {
    shard: chain.shard,
    underlying: underlying.ticker,
    units: isBuy ? units : -units,
    ...cost,
    gasUsd,
  };
}

/** One USD of the venue is one unit of the settlement asset. */
async function perpCost(observed: ObservedChain, change: PerpChanged): Promise<HedgeCost> {
  const { chain } = observed;
  const market = chain.positionVenues.curie?.markets.find((one) =>
    isSameAddress(one.market, change.market),
  );
  const underlying = chain.underlyings.find((u) => u.ticker === market?.underlying);
  if (market === undefined || underlying === undefined)
    throw new RangeError(`job ${change.jobId}: ${change.market} is no market of this world`);
  const block = BigInt(change.blockNumber);
  const [spot, settlementPrice, ethUsd, gasWei] = await Promise.all([
    readPrice(observed, underlying.feed, block),
    readPrice(observed, chain.settlement.feed, block),
    ethPrice(observed, change.blockNumber),
    gasWeiOf(observed, change.transactionHash),
  ]);
  const units = Number(change.size) / WAD;
  const cost = swapCost({
    isBuy: units > 0,
    units: Math.abs(units),
    settlementUsd: (Number(change.quoteAmount) / WAD) * settlementPrice.usd,
    spotUsd: spot.usd,
    feeFraction: market.fee / 1e6,
  });
  const gasUsd = toEth(gasWei) * ethUsd;
  return { shard: chain.shard, underlying: underlying.ticker, units, ...cost, gasUsd };
}

async function gasWeiOf({ client }: ObservedChain, hash: Hex): Promise<bigint> {
  const receipt = await client.getTransactionReceipt({ hash });
  return receipt.gasUsed * receipt.effectiveGasPrice;
}

async function ethPrice(observed: ObservedChain, blockNumber: number): Promise<number> {
  const eth = observed.chain.underlyings.find((u) => u.ticker === "ETH");
  if (eth === undefined)
    throw new RangeError(`${observed.chain.shard}: no ETH feed to price gas with`);
  return (await readPrice(observed, eth.feed, BigInt(blockNumber))).usd;
}

function toEth(wei: bigint): number {
  return Number(wei) / WEI_PER_ETH;
}
