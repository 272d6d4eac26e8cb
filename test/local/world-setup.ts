import { join } from "node:path";
import { FatalError } from "#shared/errors.ts";
import { CHAIN_KEYS, chainByKey } from "#shared/evm/chain-registry.ts";
import { mineEverySecond, rpc, setClockToNow, startAnvil } from "#test/local/chains/anvil.ts";
import { chainClient } from "#test/local/chains/chain-client.ts";
import { openLane } from "#test/local/chains/lane.ts";
import type { WorldKeys } from "#test/local/chains/world-keys.ts";
import type { ChainSite, DeployedShard } from "#test/local/deploy/chain-site.ts";
import { connectShard, deployShard } from "#test/local/deploy/deploy-shard.ts";
import { fundNative, type Opening, openShard } from "#test/local/deploy/open-shards.ts";
import {
  CURIE_CHAIN,
  CURIE_HISTORY_SECONDS,
  type Ticker,
} from "#test/local/deploy/world-parameters.ts";
import { type Fork, verifyFork } from "#test/local/fork/fork-config.ts";
import type { Supervisor } from "#test/local/processes/supervisor.ts";

/** Accounts that trade: they get tokens on every chain. `user` is left to whoever joins the world. */
export const PEOPLE = [
  "taker-1",
  "taker-2",
  "taker-3",
  "taker-4",
  "arbitrageur",
  "depositor",
  "user",
] as const;

const SPOT_TRADERS: ReadonlySet<string> = new Set(["arbitrageur", "user"]);
const SETUP_POLL_MS = 4;
const CLOCK_TOLERANCE_SECONDS = 2;

export type SiteOptions = {
  readonly chains: number;
  readonly keys: WorldKeys;
  readonly startPricesUsd: Readonly<Record<Ticker, number>>;
  readonly forks: ReadonlyMap<string, Fork>;
  readonly dataDir: string;
};

/** Starts all chains at once; each mines every transaction at once until {@link startClocks}. */
export async function startSites(
  supervisor: Supervisor,
  options: SiteOptions,
): Promise<ChainSite[]> {
  const siteOf = async (key: (typeof CHAIN_KEYS)[number], index: number): Promise<ChainSite> => {
    const entry = chainByKey(key);
    const fork = options.forks.get(key) ?? null;
    const { rpcUrl } = await startAnvil(supervisor, {
      name: key,
      chainId: entry.chainId,
      forkUrl: fork?.url ?? null,
      startsAtSeconds: hasPast({ index, fork }) ? pastSeconds() : null,
      cacheDir: join(options.dataDir, "anvil"),
    });
    const client = chainClient(rpcUrl, entry.chainId);
    if (fork !== null) await verifyFork(client, key, fork);
    const deployer = openLane(client, options.keys.account("deployer"), SETUP_POLL_MS);
    const { keys, startPricesUsd } = options;
    return {
      entry,
      index,
      rpcUrl,
      client,
      keys,
      deployer,
      startPricesUsd,
      fork: fork?.contracts ?? null,
    };
  };
  return Promise.all(CHAIN_KEYS.slice(0, options.chains).map(siteOf));
}

/** Whether the chain of a site is set up in the past; only an empty chain can be. */
function hasPast({ index, fork }: { readonly index: number; readonly fork: unknown }): boolean {
  return index === CURIE_CHAIN && fork === null;
}

function pastSeconds(): number {
  return Math.floor(Date.now() / 1000) - CURIE_HISTORY_SECONDS;
}

/** Everything on all chains at once: contracts, then the mesh between them. */
export async function deployShards(sites: readonly ChainSite[]): Promise<DeployedShard[]> {
  const deployOne = async (site: ChainSite): Promise<DeployedShard> => {
    const people = PEOPLE.map((name) => ({
      address: site.keys.account(name).address,
      tradesSpot: SPOT_TRADERS.has(name),
    }));
    const addresses = people.map(({ address }) => address);
    await fundNative(site, addresses);
    return deployShard(site, people);
  };
  return Promise.all(sites.map(deployOne));
}

/** Peers, message workers and sister vaults of every shard towards all others. */
export async function connectShards(shards: readonly DeployedShard[]): Promise<void> {
  await Promise.all(
    shards.map((shard) =>
      connectShard(
        shard,
        shards.filter((other) => other !== shard),
      ),
    ),
  );
}

/** First prices and deposits on every chain; from here on chain time is wall time. */
export async function openShards(
  shards: readonly DeployedShard[],
  opening: Opening,
): Promise<void> {
  const open = async (shard: DeployedShard): Promise<void> => {
    if (hasPast(shard.site)) await setClockToNow(shard.site.rpcUrl);
    await openShard(shard, opening);
  };
  await Promise.all(shards.map(open));
}

/**
 * From now on a block a second on every chain.
 *
 * @throws {FatalError} If a chain's time is not wall time.
 */
export async function startClocks(sites: readonly ChainSite[]): Promise<void> {
  await Promise.all(
    sites.map(async (site) => {
      await mineEverySecond(site.rpcUrl);
      let aheadSeconds = await secondsAhead(site);
      // Whole seconds twice, and a machine that stood still between two calls, leave a chain behind: it is set again.
      for (let again = 0; again < 2 && aheadSeconds < -CLOCK_TOLERANCE_SECONDS; again += 1) {
        await setClockToNow(site.rpcUrl);
        aheadSeconds = await secondsAhead(site);
      }
      if (Math.abs(aheadSeconds) > CLOCK_TOLERANCE_SECONDS) {
        throw new FatalError(
          "world-clock",
          `${site.entry.key}: chain time is ${aheadSeconds.toFixed(1)} s ahead of wall time; at most ${CLOCK_TOLERANCE_SECONDS} s are allowed.`,
        );
      }
    }),
  );
}

async function secondsAhead({ rpcUrl, client }: ChainSite): Promise<number> {
  const beforeSeconds = Date.now() / 1000;
  await rpc(rpcUrl, "evm_mine");
  const { timestamp } = await client.getBlock();
  // Between two looks at the clock: how long the answers took says nothing of the chain's own.
  return (
    Math.max(0, Number(timestamp) - Date.now() / 1000) +
    Math.min(0, Number(timestamp) - beforeSeconds)
  );
}
