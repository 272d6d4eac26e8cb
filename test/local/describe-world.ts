import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { publicKeyHex, reporterPrivateKey } from "#shared/wire/signed-bytes.ts";
import type { WorldKeys } from "#test/local/chains/world-keys.ts";
import { WORLD_POLICY } from "#test/local/config/world-policy.ts";
import type { DeployedShard } from "#test/local/deploy/chain-site.ts";
import { SETTLEMENT, TICKERS, UNDERLYINGS } from "#test/local/deploy/world-parameters.ts";
import type { Timeline } from "#test/local/market/timeline.ts";
import { freePort } from "#test/local/processes/free-port.ts";
import type { WorldChain, WorldDescription, WorldMarket } from "#test/local/world-description.ts";
import { PEOPLE } from "#test/local/world-setup.ts";

export type WorldFacts = {
  readonly seed: number;
  readonly minutes: number | null;
  readonly shadow: boolean;
  readonly redisUrl: string;
  readonly dataDir: string;
  readonly keys: WorldKeys;
  readonly shards: readonly DeployedShard[];
  readonly forkUrls: ReadonlyMap<string, string>;
  readonly timeline: Timeline;
  readonly source: WorldMarket["source"];
};

const BLOCK_TIME_MS = 1_000;
const STALE_AFTER_MS = Math.max(5_000, 3 * BLOCK_TIME_MS);

/** What another program needs to know of a world; chooses the ports of its servers. */
export async function describeWorld(facts: WorldFacts): Promise<WorldDescription> {
  const { keys, timeline, shards } = facts;
  const chains: WorldChain[] = [];
  for (const shard of shards) {
    const forkUrl = facts.forkUrls.get(shard.site.entry.key);
    chains.push(await describeChain(shard, forkUrl === undefined ? null : new URL(forkUrl).origin));
  }
  for (const name of [...PEOPLE, "planner", "fee-payer", "market", "guardian"])
    keys.privateKey(name);
  const { endsAtMs: _, ...times } = timeline;
  return {
    version: 1,
    seed: facts.seed,
    startedAtMs: timeline.startsAtMs,
    minutes: facts.minutes,
    redisUrl: facts.redisUrl,
    adminApi: { url: await loopbackUrl(), key: randomBytes(24).toString("hex") },
    dataDir: facts.dataDir,
    coordinator: {
      journal: join(facts.dataDir, "coordinator", "journal.sqlite"),
      policyFile: join(facts.dataDir, "policy.yaml"),
      plannerAddress: keys.account("planner").address,
      shadow: facts.shadow,
    },
    policy: WORLD_POLICY,
    chains,
    keys: keys.all(),
    market: {
      ...times,
      expiriesMs: [...times.expiriesMs],
      startPricesUsd: { ...(shards[0]?.site.startPricesUsd ?? {}) },
      source: facts.source,
    },
  };
}

async function describeChain(shard: DeployedShard, forkedFrom: string | null): Promise<WorldChain> {
  const { site, contracts } = shard;
  const { key, chainId, endpointId } = site.entry;
  const reporter = reporterPrivateKey(site.keys.privateKey(`reporter-${key}`).slice(2));
  return {
    key,
    shard: key,
    chainId,
    endpointId,
    rpcUrl: site.rpcUrl,
    forkedFrom,
    deployBlock: shard.deployBlock,
    blockTimeMs: BLOCK_TIME_MS,
    staleAfterMs: STALE_AFTER_MS,
    contracts,
    positionVenues: shard.positionVenues,
    settlement: { ticker: SETTLEMENT.ticker, decimals: SETTLEMENT.decimals, ...shard.settlement },
    underlyings: TICKERS.map((ticker) => ({
      ticker,
      decimals: UNDERLYINGS[ticker].decimals,
      ...shard.underlyings[ticker],
    })),
    quotesUrl: await loopbackUrl(),
    agent: {
      id: `${key}-1`,
      sender: site.keys.account(`agent-${key}`).address,
      quoter: site.keys.account(`quoter-${key}`).address,
      reporterPublicKey: publicKeyHex(reporter),
    },
  };
}

async function loopbackUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}
