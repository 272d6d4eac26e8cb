import type { ExpectedTransfer } from "#shared/wire/transfer-line.ts";
import { deskGenesisOf } from "#test/simulation/desk/desk-genesis.ts";
import { newDeskNemesis } from "#test/simulation/desk/desk-nemesis.ts";
import { type FaultRates, type Faults, newFaults } from "#test/simulation/engine/faults.ts";
import { type Random, randomOf } from "#test/simulation/engine/random.ts";
import { newScheduler, type Scheduler } from "#test/simulation/engine/scheduler.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";
import { type Bridge, newBridge } from "#test/simulation/world/bridge.ts";
import { newChain, type SimBlock, type SimChain } from "#test/simulation/world/chain.ts";
import type { Codec } from "#test/simulation/world/codec.ts";
import { genesisOf, rulesOf } from "#test/simulation/world/genesis.ts";
import { type Market, newMarket } from "#test/simulation/world/market.ts";
import { newQueue, type SimQueue } from "#test/simulation/world/queue.ts";
import { type Site, sitesOf } from "#test/simulation/world/site.ts";
import { newStreams, type Streams } from "#test/simulation/world/streams.ts";

/** Everything outside the processes. */
export type SimulatedWorld = {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly codec: Codec;
  readonly sites: readonly Site[];
  readonly chains: readonly SimChain[];
  readonly bridge: Bridge;
  readonly market: Market;
  readonly queues: ReadonlyMap<string, SimQueue>;
  /** What each shard's agents are told to look for. */
  readonly expected: Map<string, readonly ExpectedTransfer[]>;
  readonly reports: Streams;
  readonly receipts: Streams;
  /** Agents by shard; the ids are also those of their streams. */
  readonly agentIds: ReadonlyMap<string, readonly string[]>;
  /** How each agent comes to its jobs; as `queue.role` of its configuration. */
  readonly roles: ReadonlyMap<string, KeeperRole>;
  /** The shard whose agents have three endpoints, and which of these lies. */
  readonly byzantine: { readonly shard: string; readonly liar: number } | undefined;
  /** Faults of the product itself. */
  readonly plants: Plants;
  /** Hashes of blocks of which an agent's reports said what is not so. */
  readonly lies: Set<string>;
  /** Chains no node of which answers. */
  readonly outages: Set<string>;
  /** Chains that make no blocks. */
  readonly stopped: Set<string>;
  /** Shards whose reports do not reach the coordinator. */
  readonly blind: Set<string>;
  /** Blocks that a chain makes at once with its next one. */
  readonly leaps: Map<string, number>;
  /** Told of every new block, also of those a reorganisation made. */
  readonly onBlock: (listener: (chain: SimChain, block: SimBlock) => void) => void;
  readonly announce: (chain: SimChain, block: SimBlock) => void;
};

/** What `queue.role` of an agent may be. */
export const KEEPER_ROLES = ["share", "compete", "standby"] as const;
export type KeeperRole = (typeof KEEPER_ROLES)[number];

export type WorldOptions = {
  readonly seed: number;
  readonly codec: Codec;
  readonly isHarmless: boolean;
  readonly plants: Plants;
  /** Rates of fault kinds, whatever the seed says. */
  readonly always: FaultRates;
  /** What the second agent of a shard is, in every run that has one; by chance when left out. */
  readonly role?: KeeperRole | undefined;
  /** Whether one of three endpoints of some shard lies; by chance when left out. */
  readonly hasLiar?: boolean | undefined;
};

export const START_MS = 1_790_000_000_000;
/** Three endpoints are three times the work. */
const LIAR_SHARE = 0.4;
/** Runs with an account at an option market. */
const OPTIONS_SHARE = 0.7;

export function newWorld(o: WorldOptions): SimulatedWorld {
  const { seed, codec } = o;
  const random = randomOf(seed, "world");
  const scheduler = newScheduler(START_MS);
  const faults = newFaults(seed, o.isHarmless, o.always);
  const sites = sitesWithVenues(seed, random);
  const twin =
    random.chance(0.5) || o.role !== undefined
      ? sites[random.integer(0, sites.length - 1)]
      : undefined;
  const agentIds = new Map(
    sites.map((site) => [
      site.shard,
      [1, ...(site === twin ? [2] : [])].map((n) => `${site.shard}-${n}`),
    ]),
  );
  if (twin !== undefined) faults.saw("two agents on one shard");
  const role = o.role ?? KEEPER_ROLES[randomOf(seed, "keepers").integer(0, 2)] ?? "share";
  const roles = new Map(twin === undefined ? [] : [[`${twin.shard}-2`, role]]);
  const market = newMarket({ seed, sites, startMs: START_MS }, faults);
  const chains = sites.map((site, index) => {
    const senders = (agentIds.get(site.shard) ?? []).map(codec.senderAddress);
    // The last shard begins poor, so that collateral has to travel.
    const cashUsd = index === 2 ? random.between(600, 2_500) : random.between(250_000, 500_000);
    const hedgeUnits = index === 2 ? random.integer(1, 3) : random.integer(15, 45);
    const accounts = deskGenesisOf(site, seed, expiriesOf(market.series(site)));
    const genesis = genesisOf({ startMs: START_MS, cashUsd, hedgeUnits, senders, accounts });
    const rules = rulesOf(site, sites, codec.plannerAddress, random);
    const takesTwice = o.plants.has("vault-takes-twice");
    const ignoresCaps = o.plants.has("desk-ignores-caps");
    return newChain(site, { ...rules, takesTwice, ignoresCaps }, genesis, START_MS);
  });
  const streams = (): Streams => {
    const opened = newStreams(scheduler, faults);
    for (const [shard, agents] of agentIds) for (const agent of agents) opened.open(shard, agent);
    return opened;
  };
  const listeners: ((chain: SimChain, block: SimBlock) => void)[] = [];
  const world: SimulatedWorld = {
    scheduler,
    faults,
    codec,
    sites,
    chains,
    bridge: newBridge(faults),
    expected: new Map(),
    market,
    queues: new Map(sites.map((site) => [site.shard, newQueue(scheduler, faults)])),
    reports: streams(),
    receipts: streams(),
    agentIds,
    roles,
    byzantine: byzantineOf(o, sites),
    plants: o.plants,
    ...undisturbed(),
    onBlock: (listener) => void listeners.push(listener),
    announce: (chain, block) => {
      for (const listener of listeners) listener(chain, block);
    },
  };
  for (const chain of chains) runChain(world, chain);
  return world;
}

/** Nothing has gone wrong yet. */
function undisturbed(): Pick<SimulatedWorld, "lies" | "outages" | "stopped" | "blind" | "leaps"> {
  return {
    lies: new Set(),
    outages: new Set(),
    stopped: new Set(),
    blind: new Set(),
    leaps: new Map(),
  };
}

/** Accounts at venues for the first two shards: the poor one has nothing to lend and no margin to spare. */
function sitesWithVenues(seed: number, random: Random): Site[] {
  const places = randomOf(seed, "venues");
  const at = { aave: [places.integer(0, 1)], curie: [[0], [1], [0, 1]][places.integer(0, 2)] };
  const options = randomOf(seed, "option venue");
  const lyra = options.chance(OPTIONS_SHARE) ? [options.integer(0, 1)] : [];
  return sitesOf(
    () => (random.chance(0.35) ? 1_000 : 2_000),
    (venue, index) => ({ ...at, lyra })[venue]?.includes(index) === true,
  );
}

/** The first expiry of a shard's own series, and the last. */
function expiriesOf(series: readonly { readonly expirySeconds: bigint }[]) {
  const [soon = 0n, week = soon] = [...new Set(series.map((one) => one.expirySeconds))].sort(
    (one, other) => Number(one - other),
  );
  return { soon, week };
}

function byzantineOf({ seed, hasLiar }: WorldOptions, sites: readonly Site[]) {
  const random = randomOf(seed, "endpoints");
  const isOn = random.chance(LIAR_SHARE);
  const shard = sites[random.integer(0, sites.length - 1)]?.shard ?? "";
  return (hasLiar ?? isOn) ? { shard, liar: random.integer(0, 2) } : undefined;
}

/** A block each block time, a little early or late, unless the chain stands still. */
function runChain(world: SimulatedWorld, chain: SimChain): void {
  const { scheduler, faults, market, bridge } = world;
  const { site } = chain;
  const desk = newDeskNemesis(faults);
  const next = (): void => {
    const nowMs = scheduler.nowMs();
    if (world.stopped.has(site.shard)) faults.bit("chain-missed-blocks");
    else {
      const { state, header } = chain.head();
      const isPricedOut = chain.mempool.all().some((one) => one.maxFeeWei < header.baseFeeWei);
      if (isPricedOut) faults.bit("chain-fee-spike");
      const ops = [
        ...market.ops(site, state, nowMs),
        ...desk.ops(chain, nowMs),
        ...bridge.deliveries(chain, nowMs),
      ];
      const take = (block: SimBlock): void => {
        desk.observe(block);
        bridge.observe(chain, nowMs);
        world.announce(chain, block);
      };
      take(chain.produce(nowMs, ops));
      for (let left = world.leaps.get(site.shard) ?? 0; left > 0; left -= 1) take(chain.follow());
      world.leaps.delete(site.shard);
    }
    const jitterMs = faults.random.between(-0.05, 0.05) * site.blockTimeMs;
    const boundary = (Math.floor(nowMs / site.blockTimeMs) + 1) * site.blockTimeMs;
    scheduler.after(boundary - nowMs + 60 + jitterMs, next);
  };
  scheduler.after(faults.random.between(0, site.blockTimeMs), next);
}
