import type { Address } from "viem";
import type { LensBook, LensOptions, LensState } from "#shard-agent/adapters/reads/lens-reads.ts";
import type {
  BlockHeader,
  DepthRequest,
  FeedPrice,
  HedgeAsset,
  PoolReading,
  ShardSnapshot,
} from "#shard-agent/records/shard-snapshot.ts";
import { RetryableError } from "#shared/errors.ts";
import { namedSeries } from "#shared/evm/option-series.ts";

/** The part of a snapshot that the lens answers for. */
export type LensSnapshot = Omit<
  ShardSnapshot,
  "venues" | "routes" | "caps" | "finalizedNumber" | "consumedJobs" | "deliveredTransfers"
>;

/** What the lens said, in the snapshot's own words; `amountsOut` answers `depth` in its order. */
export function lensSnapshot(
  state: LensState,
  book: Pick<LensBook, "series" | "capital" | "liabilities">,
  o: Pick<LensOptions, "pools" | "sender"> & {
    readonly block: BlockHeader;
    readonly depth: readonly DepthRequest[];
    readonly amountsOut: readonly bigint[];
  },
): LensSnapshot {
  return {
    block: o.block,
    epoch: Number(state.epoch),
    leader: state.leader,
    paused: state.paused,
    capitalRaw: book.capital,
    liabilitiesRaw: book.liabilities,
    settlement: {
      token: state.settlementAsset,
      balanceRaw: state.settlementBalance,
      price: feedPrice(state.settlementPrice),
    },
    hedgeAssets: state.hedgeAssets.map((token, index) => hedgeAssetOf(state, token, index)),
    series: namedSeries(book.series),
    senders: [{ address: o.sender, balanceWei: state.senderBalancesWei[0] ?? 0n }],
    depth: o.depth.map((one, index) => ({ ...one, amountOutRaw: o.amountsOut[index] ?? 0n })),
    pools: o.pools.map((pool, index) => poolReading(state, pool, index)),
  };
}

function poolReading(shard: LensState, pool: Address, index: number): PoolReading {
  const state = shard.pools[index]?.state;
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

function hedgeAssetOf(shard: LensState, token: Address, index: number): HedgeAsset {
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

function feedPrice(price: LensState["settlementPrice"]): FeedPrice {
  return {
    priceE8: price.answer,
    roundId: price.roundId,
    updatedAtMs: Number(price.updatedAt) * 1000,
  };
}
