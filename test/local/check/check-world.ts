import { setTimeout as sleep } from "node:timers/promises";
import type { Hex } from "viem";
import { type BookRisk, bookRisk } from "#test/local/check/accounts/book-risk.ts";
import type { ChainHistory } from "#test/local/check/accounts/chain-history.ts";
import { supplyAccount } from "#test/local/check/accounts/supply-account.ts";
import { readApi } from "#test/local/check/read-api.ts";
import { readHistory } from "#test/local/check/read-history.ts";
import { type PartReader, partReader } from "#test/local/check/read-part.ts";
import { type KnownBlock, staleJobFaults } from "#test/local/check/stale-jobs.ts";
import { costFigures, naiveFigures } from "#test/local/check/summary/cost-figures.ts";
import { hedgeCosts, sideCost } from "#test/local/check/summary/hedging-cost.ts";
import { summaryOf } from "#test/local/check/summary/summary-of.ts";
import type { Summary } from "#test/local/check/summary/summary-schema.ts";
import type { AdminApi } from "#test/local/observe/admin-api.ts";
import { type ObservedChain, observeChain } from "#test/local/observe/chain-client.ts";
import { type ChainState, readChainState } from "#test/local/observe/chain-state.ts";
import type { Observer } from "#test/local/observe/observer.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

/** Longer than a block of the world takes; a chain that mines nothing is at rest already. */
const SUCCESSOR_TIMEOUT_MS = 5_000;
const SUCCESSOR_POLL_MS = 100;

/** A chain at the block it is checked at, as far as that could be read. */
type CheckedChain = {
  readonly observed: ObservedChain;
  readonly history: ChainHistory | undefined;
  readonly state: ChainState | undefined;
};

/**
 * Checks a world that has come to rest, from chain logs and the state of one final block per chain;
 * the admin API is asked only what no chain knows. Shares no code with the coordinator.
 *
 * @returns The summary; `ok` is false when any check fails. What cannot be read, of a chain or of the admin API, fails the
 * checks that need it; never rejects for it.
 */
export async function checkWorld(
  world: WorldDescription,
  observer: Pick<Observer, "observation">,
  adminApi: AdminApi,
): Promise<Summary> {
  const { read, unread } = partReader();
  const [chains, api] = await Promise.all([
    Promise.all(world.chains.map((chain) => readChain(observeChain(chain), read))),
    readApi(adminApi),
  ]);
  const histories = chains.flatMap(({ history }) => history ?? []);
  const staleFaults = await read("reports", "blocks of jobs' reports", () =>
    staleJobFaults({
      histories,
      jobs: api.jobs,
      staleAfterMs: new Map(world.chains.map((c) => [c.shard, c.staleAfterMs])),
      blockOf: blockLookup(chains.map(({ observed }) => observed)),
    }),
  );
  const whole = wholeOf(chains);
  const cost = whole && (await read("cost", "hedging cost", () => readCost(whole)));
  const final = whole && (await read("state", "final state", async () => finalRisk(world, whole)));
  const observation = observer.observation();
  const gasUsdPerTrade = cost !== undefined && cost.hedges > 0 ? cost.gasUsd / cost.hedges : 0;
  return summaryOf({
    world,
    histories,
    final: final ?? null,
    api,
    staleFaults: staleFaults ?? [],
    observation,
    cost: cost ?? null,
    naive: cost === undefined ? null : naiveFigures(observation.naive, gasUsdPerTrade),
    unread,
    checkedAtMs: Date.now(),
  });
}

async function readChain(observed: ObservedChain, read: PartReader): Promise<CheckedChain> {
  const { shard } = observed.chain;
  const block = await read("chain", `newest block of ${shard}`, () => settledBlock(observed));
  if (block === undefined) return { observed, history: undefined, state: undefined };
  const [history, state] = await Promise.all([
    read("history", `events of ${shard}`, () => readHistory(observed, block)),
    read("state", `state of ${shard}`, () => readChainState(observed, block)),
  ]);
  return { observed, history, state };
}

/** The newest block once it has a successor: of the very newest a node may still answer from the one before. */
async function settledBlock({ client }: ObservedChain): Promise<bigint> {
  const head = () => client.getBlockNumber({ cacheTime: 0 });
  const newest = await head();
  const deadlineMs = Date.now() + SUCCESSOR_TIMEOUT_MS;
  while ((await head()) === newest && Date.now() < deadlineMs) await sleep(SUCCESSOR_POLL_MS);
  return newest;
}

type ReadChain = {
  readonly observed: ObservedChain;
  readonly history: ChainHistory;
  readonly state: ChainState;
};

/** All chains, or undefined when one could not be read: a sum without it would be none. */
function wholeOf(chains: readonly CheckedChain[]): readonly ReadChain[] | undefined {
  const whole = chains.flatMap(({ observed, history, state }): ReadChain[] => {
    return history === undefined || state === undefined ? [] : [{ observed, history, state }];
  });
  return whole.length === chains.length ? whole : undefined;
}

async function readCost(
  chains: readonly ReadChain[],
): Promise<NonNullable<Summary["hedgingCost"]>> {
  const hedges = await Promise.all(chains.map((c) => hedgeCosts(c.observed, c.history)));
  const sides = await Promise.all(chains.map((c) => sideCost(c.observed, c.history)));
  return costFigures(hedges.flat(), sides);
}

function finalRisk(world: WorldDescription, chains: readonly ReadChain[]): BookRisk {
  const histories = chains.map(({ history }) => history);
  const states = chains.map(({ state }) => state);
  const inTransit = inTransitUsd(world, histories, states[0]?.settlementPriceUsd ?? 0);
  return bookRisk(states, world.policy, inTransit);
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
