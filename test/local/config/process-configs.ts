import { join } from "node:path";
import { stringify } from "yaml";
import type { CoordinatorConfig } from "#coordinator/config.ts";
import type { AgentConfigFile } from "#shard-agent/config.ts";
import type { WorldKeys } from "#test/local/chains/world-keys.ts";
import { writeOwnerOnly } from "#test/local/config/owner-only-file.ts";
import { ULN_CONFIRMATIONS } from "#test/local/deploy/layerzero-wiring.ts";
import type { WorkerConfig } from "#test/local/layerzero/worker-config.ts";
import type { WorldChain, WorldDescription } from "#test/local/world-description.ts";

/** Where each process finds its configuration. */
export type ConfigFiles = {
  readonly coordinator: string;
  /** By shard. */
  readonly agents: ReadonlyMap<string, string>;
  readonly lzWorker: string;
};

/** Sizes in USD at which agents ask for depth: up to the largest hedge of the policy and beyond. */
const DEPTH_USD = [1_000, 10_000, 30_000, 60_000, 120_000, 250_000];
const GAS_FLOOR_WEI = String(10n ** 18n / 20n);
const FEED_MAX_AGE_MS = 60_000;
const HALF_SPREAD_VOLATILITY = 0.01;
/** A few blocks: a quote is a free option for as long as it lives. Where no market moves it is worth nothing. */
const QUOTE_LIFETIME_MS = { moving: 5_000, still: 12_000 } as const;
/** Least age at which an agent trusts its own report no more; where no market moves a busy machine may take so long. */
const STALE_AFTER_MIN_MS = { moving: 0, still: 15_000 } as const;
/** The market moves hours in a second here, so this is far more than a real market would need. */
const QUOTE_SPOT_MOVE_MAX_FRACTION = 0.01;
const QUOTE_PREMIUM_MIN_USD = 1;
const QUOTE_QUANTITY_MAX = 1_000;
const PASS_INTERVAL_MS = 1_000;
const WORKER_POLL_MS = 100;

/**
 * Writes the configuration of every process, its policy and its keys, each readable by its owner only.
 * The production processes get the same kind of files as anywhere else.
 */
export function writeProcessConfigs(world: WorldDescription, keys: WorldKeys): ConfigFiles {
  const keyRef = (name: string, secret: string): string => {
    const path = join(world.dataDir, "keys", name);
    writeOwnerOnly(path, `${secret}\n`);
    return `file:${path}`;
  };
  writeOwnerOnly(world.coordinator.policyFile, stringify(world.policy));
  const coordinator = join(world.dataDir, "coordinator.yaml");
  writeOwnerOnly(coordinator, stringify(coordinatorConfig(world, keys, keyRef)));
  const agents = new Map<string, string>();
  for (const chain of world.chains) {
    const path = join(world.dataDir, `agent-${chain.shard}.yaml`);
    writeOwnerOnly(path, stringify(agentConfig({ world, chain, keys, keyRef })));
    agents.set(chain.shard, path);
  }
  const lzWorker = join(world.dataDir, "lz-worker.json");
  writeOwnerOnly(lzWorker, JSON.stringify(workerConfig(world, keys), null, 2));
  return { coordinator, agents, lzWorker };
}

type KeyRef = (name: string, secret: string) => string;

function coordinatorConfig(
  world: WorldDescription,
  keys: WorldKeys,
  keyRef: KeyRef,
): CoordinatorConfig {
  const api = new URL(world.adminApi.url);
  return {
    instance: "coordinator-1",
    redisUrl: world.redisUrl,
    dataDir: join(world.dataDir, "coordinator"),
    policyFile: world.coordinator.policyFile,
    api: {
      host: api.hostname,
      port: Number(api.port),
      key: keyRef("admin-api", world.adminApi.key),
    },
    plannerKey: keyRef("planner", keys.privateKey("planner")),
    feePayerKey: keyRef("fee-payer", keys.privateKey("fee-payer")),
    passIntervalMs: PASS_INTERVAL_MS,
    logLevel: "info",
    shards: world.chains.map((chain) => ({
      id: chain.shard,
      chain: chain.key,
      chainId: chain.chainId,
      endpointId: chain.endpointId,
      rpcUrls: [chain.rpcUrl],
      blockTimeMs: chain.blockTimeMs,
      vault: chain.contracts.vault,
      optionBook: chain.contracts.optionBook,
      audit: {
        volatilityFeed: chain.contracts.volatilityFeed,
        quoterV2: chain.contracts.quoterV2,
        lyraViewer: chain.positionVenues.lyraV1?.viewer ?? null,
      },
      settlement: settlementOf(chain),
      underlyings: chain.underlyings.map(({ ticker, token, decimals }) => ({
        ticker,
        token,
        decimals,
      })),
      agents: [{ id: chain.agent.id, reporterPublicKey: chain.agent.reporterPublicKey }],
    })),
  };
}

function agentConfig(o: {
  readonly world: WorldDescription;
  readonly chain: WorldChain;
  readonly keys: WorldKeys;
  readonly keyRef: KeyRef;
}): AgentConfigFile {
  const { world, chain, keys, keyRef } = o;
  const { contracts, shard } = chain;
  const quotes = new URL(chain.quotesUrl);
  const pace = world.market?.source === "none" ? "still" : "moving";
  return {
    shard,
    agent: chain.agent.id,
    chain: chain.key,
    chainId: chain.chainId,
    endpointId: chain.endpointId,
    rpcUrls: [chain.rpcUrl],
    rpc: { wsUrls: [chain.rpcUrl.replace(/^http/, "ws")] },
    blockTimeMs: chain.blockTimeMs,
    redisUrl: world.redisUrl,
    dataDir: join(world.dataDir, `agent-${shard}`),
    reporterKey: keyRef(`reporter-${shard}`, keys.privateKey(`reporter-${shard}`).slice(2)),
    senderKey: keyRef(`agent-${shard}`, keys.privateKey(`agent-${shard}`)),
    quoterKey: keyRef(`quoter-${shard}`, keys.privateKey(`quoter-${shard}`)),
    gasFloorWei: GAS_FLOOR_WEI,
    contracts: {
      vault: contracts.vault,
      optionBook: contracts.optionBook,
      lens: contracts.lens,
      volatilityFeed: contracts.volatilityFeed,
      uniswapAdapter: contracts.uniswapAdapter,
      quoterV2: contracts.quoterV2,
      endpoint: contracts.endpoint,
    },
    positionVenues: {
      desk: contracts.venueDesk,
      aaveV3: aaveOf(chain),
      curie: curieOf(chain),
      lyraV1: lyraOf(chain),
    },
    layerZero: { receiveUln: contracts.receiveUln, executor: contracts.executor },
    settlement: settlementOf(chain),
    underlyings: chain.underlyings.map((underlying) => ({
      ticker: underlying.ticker,
      token: underlying.token,
      decimals: underlying.decimals,
      source: `${chain.key}-${underlying.ticker.toLowerCase()}-usd`,
      feed: underlying.feed,
      pools: [{ ...underlying.pool, depthUsd: DEPTH_USD }],
    })),
    mandateSigners: [world.coordinator.plannerAddress],
    mandateQuorum: 1,
    feedMaxAgeMs: FEED_MAX_AGE_MS,
    staleAfterMs: Math.max(chain.staleAfterMs, STALE_AFTER_MIN_MS[pace]),
    quotes: {
      host: quotes.hostname,
      port: Number(quotes.port),
      halfSpreadVolatility: HALF_SPREAD_VOLATILITY,
      lifetimeMs: QUOTE_LIFETIME_MS[pace],
      quantityMax: QUOTE_QUANTITY_MAX,
      spotMoveMaxFraction: QUOTE_SPOT_MOVE_MAX_FRACTION,
      premiumMinUsd: QUOTE_PREMIUM_MIN_USD,
    },
    logLevel: "info",
  };
}

function aaveOf({ positionVenues: { aaveV3 } }: WorldChain) {
  if (aaveV3 === null) return null;
  const { adapter, pool, oracle } = aaveV3;
  return { adapter, pool, oracle };
}

function curieOf({ positionVenues: { curie } }: WorldChain) {
  if (curie === null) return null;
  const { adapter, clearingHouse, quoteFrom } = curie;
  const markets = curie.markets.map(({ market, underlying }) => ({
    market,
    underlying,
    depthUsd: DEPTH_USD,
  }));
  return { adapter, clearingHouse, quoteFrom, markets };
}

function lyraOf({ positionVenues: { lyraV1 } }: WorldChain) {
  if (lyraV1 === null) return null;
  const { adapter, market, viewer, underlying, swapPool, quoteFrom } = lyraV1;
  return { adapter, market, viewer, underlying, swapPool, quoteFrom };
}

function workerConfig(world: WorldDescription, keys: WorldKeys): WorkerConfig {
  const dvn = (name: string) => ({
    adminKey: keys.privateKey(`${name}-admin`),
    signerKeys: [keys.privateKey(`${name}-signer-1`), keys.privateKey(`${name}-signer-2`)],
  });
  return {
    executorKey: keys.privateKey("executor"),
    committerKey: keys.privateKey("committer"),
    dvns: [dvn("dvn-1"), dvn("dvn-2")],
    confirmations: ULN_CONFIRMATIONS,
    pollMs: WORKER_POLL_MS,
    chains: world.chains.map((chain) => ({
      key: chain.key,
      chainId: chain.chainId,
      endpointId: chain.endpointId,
      rpcUrl: chain.rpcUrl,
      fromBlock: chain.deployBlock,
      endpoint: chain.contracts.endpoint,
      sendUln: chain.contracts.sendUln,
      receiveUln: chain.contracts.receiveUln,
      executor: chain.contracts.executor,
      dvns: chain.contracts.dvns,
      endpointView: chain.contracts.endpointView,
      receiveUlnView: chain.contracts.receiveUlnView,
      apps: [chain.settlement.token],
    })),
  };
}

function settlementOf(chain: WorldChain): {
  ticker: string;
  token: WorldChain["settlement"]["token"];
  decimals: number;
} {
  const { ticker, token, decimals } = chain.settlement;
  return { ticker, token, decimals };
}
