import type { Hex } from "viem";
import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { readApi } from "#test/local/check/read-api.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { type KnownBlock, staleJobFaults } from "#test/local/check/stale-jobs.ts";
import { costFigures, naiveFigures } from "#test/local/check/summary/cost-figures.ts";
import { hedgeCosts, sideCost } from "#test/local/check/summary/hedging-cost.ts";
import { summaryOf } from "#test/local/check/summary/summary-of.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { AdminApi } from "#test/local/observe/admin-api.ts";
import { type ObservedChain, observeChain } from "#test/local/observe/chain-client.ts";
import { readChainState } from "#test/local/observe/chain-state.ts";
import type { Observer } from "#test/local/observe/observer.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

/**
 * Checks a world that has come to rest, from chain logs and the state of one final block per chain;
 * the admin API is asked only what no chain knows. Shares no code with the coordinator.
 *
 * @returns The summary; `ok` is false when any check fails, an admin API that does not answer included.
 * @throws {Error} viem's error when a chain does not answer: then nothing can be said.
 */
export async function checkWorld(
  world: WorldDescription,
  observer: Pick<Observer, "observation">,
  adminApi: AdminApi,
): Promise<Summary> {
  const observed = world.chains.map(observeChain);
  const heads = await Promise.all(observed.map((o) => o.client.getBlockNumber({ cacheTime: 0 })));
  const chains = observed.map((o, i) => ({ observed: o, finalBlock: heads[i] ?? 0n }));
  const [histories, states, api] = await Promise.all([
    Promise.all(chains.map((c) => readHistory(c.observed, c.finalBlock))),
    Promise.all(chains.map((c) => readChainState(c.observed, c.finalBlock))),
    readApi(adminApi),
  ]);
  const staleAfterMs = new Map(world.chains.map((c) => [c.shard, c.staleAfterMs]));
  const staleFaults = await staleJobFaults({
    histories,
    jobs: api.jobs,
    staleAfterMs,
    blockOf: blockLookup(observed),
  });
  const hedges = (
    await Promise.all(observed.map((o, i) => hedgeCosts(o, historyAt(histories, i))))
  ).flat();
  const sides = await Promise.all(observed.map((o, i) => sideCost(o, historyAt(histories, i))));
  const cost = costFigures(hedges, sides);
  const observation = observer.observation();
  return summaryOf({
    world,
    histories,
    final: bookRisk(
      states,
      world.policy,
      inTransitUsd(world, histories, states[0]?.settlementPriceUsd ?? 0),
    ),
    api,
    staleFaults,
    observation,
    cost,
    naive: naiveFigures(observation.naive, cost.hedges > 0 ? cost.gasUsd / cost.hedges : 0),
    checkedAtMs: Date.now(),
  });
}

function blockLookup(
  observed: readonly ObservedChain[],
): (shard: string, hash: Hex) => Promise<KnownBlock> {
  const known = new Map<Hex, Promise<KnownBlock>>();
  return (shard, hash) => {
    const chain = observed.find((o) => o.chain.shard === shard);
    const found =
      known.get(hash) ?? (chain === undefined ? Promise.resolve(null) : readBlock(chain, hash));
    known.set(hash, found);
    return found;
  };
}

/** Null only when the chain says it has no such block. */
async function readBlock({ client }: ObservedChain, hash: Hex): Promise<KnownBlock> {
  const block = await client.request({ method: "eth_getBlockByHash", params: [hash, false] });
  if (block === null || block.number === null) return null;
  return { number: Number(block.number), timestampMs: Number(block.timestamp) * 1000 };
}

function inTransitUsd(
  world: WorldDescription,
  histories: readonly ChainHistory[],
  priceUsd: number,
): number {
  const decimals = world.chains[0]?.settlement.decimals ?? 0;
  return (Number(supplyAccount(histories).inTransitRaw) / 10 ** decimals) * priceUsd;
}

function historyAt(histories: readonly ChainHistory[], index: number): ChainHistory {
  const history = histories[index];
  if (history === undefined) throw new RangeError(`no history of chain ${index}`);
  return history;
}
