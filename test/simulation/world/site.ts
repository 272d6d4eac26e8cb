import { createHash } from "node:crypto";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { staleAfterMs } from "#coordinator/records/shard-setup.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import type { Policy, UnderlyingPolicy } from "#shared/policy/policy-schema.ts";
import type { Address, Hex } from "#shared/units/ids.ts";

/** One shard's chain and contracts, as configured everywhere. */
export type Site = {
  readonly shard: string;
  readonly chainId: number;
  readonly endpointId: number;
  readonly blockTimeMs: number;
  readonly vault: Address;
  readonly optionBook: Address;
  readonly adapter: Address;
  readonly pool: Address;
  readonly endpoint: Address;
  readonly settlementToken: Address;
  readonly hedgeToken: Address;
  readonly feed: Address;
  readonly venues: SiteVenues;
};

/** Where a vault may have an account: a lending pool, a perpetual market, an option market. */
export const VENUE_NAMES = ["aave", "curie", "lyra"] as const;
export type VenueName = (typeof VENUE_NAMES)[number];

/** Accounts of the vault at venues; null where the shard has none. */
type SiteVenues = Readonly<Record<VenueName, Address | null>> & {
  readonly desk: Address;
  readonly market: Address;
  readonly optionMarket: Address;
};

export const SETTLEMENT_DECIMALS = 6;
const HEDGE_DECIMALS = 18;
/** Blocks after which a block is final. */
export const FINALITY_BLOCKS = 8;
const FEED_MAX_MS = 30_000;

/** Limits of every vault (contracts/src/interfaces/IShardVaultAdmin.sol). */
export const VAULT_LIMITS = {
  maxSlippageBps: 500n,
  hedgeHaircutBps: 1_000n,
  feedStaleAfterSeconds: 30,
  windowSeconds: 60,
  swapWindowCapRaw: 150_000n * 10n ** 6n,
  transferWindowCapRaw: 120_000n * 10n ** 6n,
  marginBps: 500n,
} as const;

const CHAINS = [
  { shard: "ethereum", chainId: 1, endpointId: 30_101 },
  { shard: "arbitrum", chainId: 42_161, endpointId: 30_110 },
  { shard: "base", chainId: 8_453, endpointId: 30_184 },
] as const;

export function sitesOf(
  blockTimeMs: (index: number) => number,
  has: (venue: VenueName, index: number) => boolean,
): Site[] {
  return CHAINS.map((chain, index) => {
    const at = (name: string): Address => address(`${chain.shard} ${name}`);
    return {
      ...chain,
      blockTimeMs: blockTimeMs(index),
      vault: at("vault"),
      optionBook: at("book"),
      adapter: at("adapter"),
      pool: at("pool"),
      endpoint: at("endpoint"),
      settlementToken: at("usdx"),
      hedgeToken: at("weth"),
      feed: at("feed"),
      venues: {
        desk: at("desk"),
        aave: has("aave", index) ? at("aave account") : null,
        curie: has("curie", index) ? at("curie account") : null,
        lyra: has("lyra", index) ? at("lyra account") : null,
        market: at("perpetual"),
        optionMarket: at("options"),
      },
    };
  });
}

export function setupOf(site: Site, agents: ShardSetup["agents"]): ShardSetup {
  return {
    shard: site.shard,
    chainId: site.chainId,
    endpointId: site.endpointId,
    nativeTicker: "ETH",
    blockTimeMs: site.blockTimeMs,
    staleAfterMs: staleAfterMs(SIMULATED_POLICY.staleness.reportFloorMs, site.blockTimeMs),
    vault: site.vault,
    settlement: { ticker: "USDX", token: site.settlementToken, decimals: SETTLEMENT_DECIMALS },
    underlyings: [{ ticker: "ETH", token: site.hedgeToken, decimals: HEDGE_DECIMALS }],
    agents,
  };
}

export function scopeOf(site: Site, agent: string, signer: Address): ShardScope {
  return {
    shard: site.shard,
    agent,
    chainId: site.chainId,
    contracts: { vault: site.vault, optionBook: site.optionBook, uniswapAdapter: site.adapter },
    settlement: { ticker: "USDX", token: site.settlementToken, decimals: SETTLEMENT_DECIMALS },
    underlyings: [
      {
        ticker: "ETH",
        token: site.hedgeToken,
        decimals: HEDGE_DECIMALS,
        source: `${site.shard}-eth-usd`,
        feed: site.feed,
        pools: [{ address: site.pool, fee: 500, depthUsd: [1_000, 10_000, 50_000, 150_000] }],
      },
    ],
    mandateSigners: [signer],
    mandateQuorum: 1,
    gasFloorWei: "1000000000000000",
    gasFees: {
      maxGasFeeFractionOfNotional: 0.02,
      maxGasFeeWei: "50000000000000000",
      nativeUnderlying: "ETH",
    },
    feedMaxAgeMs: FEED_MAX_MS,
    staleAfterMs: staleAfterMs(SIMULATED_POLICY.staleness.reportFloorMs, site.blockTimeMs),
    blockTimeMs: site.blockTimeMs,
    positionVenues: positionVenuesOf(site),
  };
}

function positionVenuesOf({ venues }: Site): ShardScope["positionVenues"] {
  const { desk, aave, curie, lyra, market, optionMarket } = venues;
  if (aave === null && curie === null && lyra === null) return null;
  const nobody = address("nobody");
  return {
    desk,
    aaveV3: aave === null ? null : { adapter: aave, pool: nobody, oracle: nobody },
    curie:
      curie === null
        ? null
        : {
            adapter: curie,
            clearingHouse: nobody,
            quoteFrom: nobody,
            markets: [{ market, underlying: "ETH", depthUsd: [] }],
          },
    lyraV1:
      lyra === null
        ? null
        : {
            adapter: lyra,
            market: optionMarket,
            viewer: nobody,
            underlying: "ETH",
            swapPool: nobody,
            quoteFrom: nobody,
            depthOptions: [],
          },
  };
}

/** Longer than faults go on, so that none is forgotten under way, and short enough to see every loss leave it in peace. */
const LOSS_WINDOW_MS = 240_000;

const { lossVelocity, shardLossVelocity, tradeRefusals } = DEFAULT_POLICY.breakers;

const ETH: UnderlyingPolicy = {
  ...(DEFAULT_POLICY.underlyings["ETH"] as UnderlyingPolicy),
  bandFloorUsd: 4_000,
  bandCapNavFraction: 0.005,
  netDeltaLimitUsd: 150_000,
  vegaLimitUsdPerVolPoint: 40,
  hedgeNotionalMaxUsd: 60_000,
};

/** Limits tight enough that hedges, transfers and halts happen within minutes. */
export const SIMULATED_POLICY: Policy = {
  ...DEFAULT_POLICY,
  underlyings: { ETH },
  staleness: { ...DEFAULT_POLICY.staleness, feedMaxMs: FEED_MAX_MS },
  planning: { ...DEFAULT_POLICY.planning, method: "greedy" },
  breakers: {
    ...DEFAULT_POLICY.breakers,
    lossVelocity: { ...lossVelocity, windowMs: LOSS_WINDOW_MS },
    shardLossVelocity: { ...shardLossVelocity, windowMs: LOSS_WINDOW_MS },
    // Soon and short, so that a trade is paused, tried and done again within a run.
    tradeRefusals: {
      ...tradeRefusals,
      reduceOnly: { tripAt: 2, resetAt: 1 },
      pauseMs: 6_000,
      pauseMaxMs: 24_000,
    },
  },
  // Much is lent and much margin stands by, so that cash runs short and perpetuals are traded.
  lending: { ...DEFAULT_POLICY.lending, supplyMaxFraction: 0.97, minimumUsd: 5_000 },
  perps: {
    ...DEFAULT_POLICY.perps,
    withdrawsSurplus: true,
    standingMarginHalfWidths: 6,
    // A smaller one is not worth its gas by the agents' caps, and would be refused again and again.
    marginMoveMinimumUsd: 500,
  },
  // Small ones, so that several are on their way at the same time.
  transfers: {
    ...DEFAULT_POLICY.transfers,
    minimumUsd: 500,
    maximumUsd: 4_000,
    // Early and often: what LayerZero's workers leave behind has nobody else to bring it home.
    recoverAfterMs: 3_000,
    recoveriesMax: 12,
    stuckAfterMs: 60_000,
  },
};

/** The same with plans as programs. */
export const SOLVED_POLICY: Policy = {
  ...SIMULATED_POLICY,
  planning: { ...SIMULATED_POLICY.planning, method: "milp" },
};

export function digest(...parts: readonly (string | number)[]): Hex {
  return `0x${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}

export function address(name: string): Address {
  return `0x${digest(name).slice(2, 42)}`;
}
