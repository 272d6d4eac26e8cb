import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import type { RawSeries, ShardSnapshot } from "#shard-agent/records/shard-snapshot.ts";
import type { Address } from "#shared/units/ids.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

/** Time of the snapshot's block. */
export const BLOCK_MS = 1_790_000_000_000;
/** Expiry of the snapshot's volatility slice: 30 days later. */
export const EXPIRY_MS = BLOCK_MS + 30 * 86_400_000;

export const SETTLEMENT_TOKEN: Address = address20("a0");
export const ETH_TOKEN: Address = address20("a1");
export const ETH_POOL: Address = address20("b1");

/** Shard `base` with one underlying, ETH, and one signer. */
export function aScope(change: Partial<ShardScope> = {}): ShardScope {
  return {
    shard: "base",
    agent: "base-1",
    chainId: 8453,
    contracts: {
      vault: address20("01"),
      optionBook: address20("02"),
      uniswapAdapter: address20("03"),
    },
    positionVenues: null,
    settlement: { ticker: "USDX", token: SETTLEMENT_TOKEN, decimals: 6 },
    underlyings: [
      {
        ticker: "ETH",
        token: ETH_TOKEN,
        decimals: 18,
        source: "base-eth-usd",
        feed: address20("f1"),
        pools: [{ address: ETH_POOL, fee: 500, depthUsd: [30_000, 1_000] }],
      },
    ],
    mandateSigners: [address20("1e"), address20("2e")],
    mandateQuorum: 1,
    gasFloorWei: "1000",
    gasFees: {
      maxGasFeeFractionOfNotional: 0.01,
      maxGasFeeWei: "50000000000000000",
      nativeUnderlying: "ETH",
    },
    feedMaxAgeMs: 60_000,
    staleAfterMs: 5_000,
    blockTimeMs: 1_000,
    ...change,
  };
}

/** ETH at 2000 USD, volatility 0.6 flat, 1,000,000 USDX and 3 ETH in the vault, no series. */
export function aSnapshot(change: Partial<ShardSnapshot> = {}): ShardSnapshot {
  return {
    block: {
      number: 1_000,
      hash: hash32("b0"),
      parentHash: hash32("af"),
      timestampMs: BLOCK_MS,
      baseFeeWei: 7n,
    },
    finalizedNumber: 992,
    epoch: 3,
    leader: address20("1e"),
    paused: false,
    capitalRaw: 1_000_000_000_000n,
    liabilitiesRaw: 0n,
    settlement: {
      token: SETTLEMENT_TOKEN,
      balanceRaw: 1_000_000_000_000n,
      price: { priceE8: 100_000_000n, roundId: 1n, updatedAtMs: BLOCK_MS - 1_000 },
    },
    hedgeAssets: [anEthAsset()],
    series: [],
    senders: [{ address: address20("5e"), balanceWei: 5_000n }],
    depth: [],
    pools: [
      {
        pool: ETH_POOL,
        spotTick: 200_000,
        twapTick: 200_000,
        takesTrades: true,
        windowSeconds: 60,
        maxDeviationTicks: 80,
      },
    ],
    venues: [],
    caps: null,
    routes: [],
    consumedJobs: [],
    deliveredTransfers: [],
    ...change,
  };
}

/** The snapshot's ETH: 3 held, 2000 USD, one flat volatility slice. */
export function anEthAsset(
  change: Partial<ShardSnapshot["hedgeAssets"][number]> = {},
): ShardSnapshot["hedgeAssets"][number] {
  return {
    token: ETH_TOKEN,
    balanceRaw: 3n * 10n ** 18n,
    price: { priceE8: 200_000_000_000n, roundId: 9n, updatedAtMs: BLOCK_MS - 1_000 },
    slices: [flatSlice(EXPIRY_MS, 0.6)],
    ...change,
  };
}

/** A slice without a smile: total variance is volatility squared times the years from the block. */
export function flatSlice(expiryMs: number, volatility: number) {
  const years = (expiryMs - BLOCK_MS) / (365 * 86_400_000);
  return {
    expirySeconds: BigInt(expiryMs / 1000),
    aE18: BigInt(Math.round(volatility ** 2 * years * 1e18)),
    bE18: 0n,
    rhoE18: 0n,
    mE18: 0n,
    sigmaE18: 10n ** 17n,
    updatedAtMs: BLOCK_MS - 1_000,
  };
}

/** An ETH call struck at 2000 of which takers are long 2, unless changed. */
export function aSeries(change: Partial<RawSeries> = {}): RawSeries {
  return {
    seriesId: hash32("5e"),
    underlying: ETH_TOKEN,
    isCall: true,
    expirySeconds: BigInt(EXPIRY_MS / 1000),
    strikeE8: 200_000_000_000n,
    takersLongE18: 2n * 10n ** 18n,
    takersShortE18: 0n,
    ...change,
  };
}
