import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";
import { FINALITY_BLOCKS } from "#test/simulation/world/site.ts";

const EVERY_MS = 1_000;
const BASE_FEE_WEI = 10n ** 9n;

/** Lets things go wrong outside the processes, once a second, until the faults are healed. */
export function startNemesis(world: SimulatedWorld): void {
  const { scheduler, faults } = world;
  const next = (): void => {
    if (!faults.isActive()) {
      heal(world);
      return;
    }
    for (const chain of world.chains) disturbChain(world, chain);
    for (const queue of world.queues.values()) queue.misbehave();
    world.reports.misbehave();
    world.receipts.misbehave();
    disturbRedis(world);
    scheduler.after(EVERY_MS, next);
  };
  scheduler.after(EVERY_MS, next);
}

function heal(world: SimulatedWorld): void {
  world.outages.clear();
  world.stopped.clear();
  for (const chain of world.chains) chain.setBaseFeeWei(BASE_FEE_WEI);
  setRedisDown(world, false);
}

function disturbChain(world: SimulatedWorld, chain: SimChain): void {
  const { faults, scheduler } = world;
  const { shard } = chain.site;
  reorganise(world, chain);
  for (const transaction of chain.mempool.all()) {
    if (!faults.roll("chain-dropped-transaction", 0.03)) continue;
    faults.bit("chain-dropped-transaction");
    chain.mempool.drop(transaction.hash);
  }
  if (faults.roll("chain-fee-spike", 0.02)) {
    chain.setBaseFeeWei(BASE_FEE_WEI * BigInt(faults.random.integer(5, 60)));
    later(world, [8_000, 30_000], () => chain.setBaseFeeWei(BASE_FEE_WEI));
  }
  if (faults.roll("chain-missed-blocks", 0.004)) {
    world.stopped.add(shard);
    later(world, [3_000, 20_000], () => void world.stopped.delete(shard));
  }
  if (faults.roll("chain-outage", 0.003)) {
    world.outages.add(shard);
    faults.bit("chain-outage");
    later(world, [4_000, 30_000], () => void world.outages.delete(shard));
  }
  function later(_world: SimulatedWorld, range: readonly [number, number], run: () => void): void {
    scheduler.after(faults.random.between(...range), run);
  }
}

function reorganise(world: SimulatedWorld, chain: SimChain): void {
  const { faults } = world;
  if (chain.head().header.number < FINALITY_BLOCKS) return;
  const depth = faults.roll("chain-reorg", 0.012) ? depthOf(faults) : depthOfMandate(chain, faults);
  if (depth === undefined) return;
  const removed = chain.reorg(depth, {
    keeps: () => {
      const isDropped = faults.roll("chain-dropped-transaction", 0.3);
      if (isDropped) faults.bit("chain-dropped-transaction");
      return !isDropped;
    },
    includes: () => faults.random.chance(0.5),
  });
  faults.bit("chain-reorg");
  const isMandate = removed.some((block) => block.events.some((one) => one.type === "consumed"));
  if (isMandate) faults.bit("chain-reorg-of-mandate");
  const { number } = chain.head().header;
  for (let index = number - depth + 1; index <= number; index += 1) {
    const block = chain.at(index);
    if (block !== undefined) world.announce(chain, block);
  }
}

/** Now and then just so deep that a mandate is taken out. */
function depthOfMandate(chain: SimChain, faults: Faults): number | undefined {
  const { number } = chain.head().header;
  for (let depth = 1; depth < FINALITY_BLOCKS; depth += 1) {
    const block = chain.at(number - depth + 1);
    if (block?.events.some((one) => one.type === "consumed") === true)
      return faults.roll("chain-reorg-of-mandate", 0.05) ? depth : undefined;
  }
  return undefined;
}

/** Mostly shallow; never below the last final block. */
function depthOf(faults: Faults): number {
  return faults.random.chance(0.6)
    ? faults.random.integer(1, 2)
    : faults.random.integer(3, FINALITY_BLOCKS - 1);
}

function disturbRedis(world: SimulatedWorld): void {
  const { faults, scheduler } = world;
  if (!faults.roll("redis-down", 0.006)) return;
  faults.bit("redis-down");
  setRedisDown(world, true);
  scheduler.after(faults.random.between(2_000, 15_000), () => setRedisDown(world, false));
}

function setRedisDown(world: SimulatedWorld, isDown: boolean): void {
  world.reports.setDown(isDown);
  world.receipts.setDown(isDown);
}
