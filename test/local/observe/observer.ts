import { bookRisk } from "#test/local/check/accounts/book-risk.ts";
import { boundedSeries } from "#test/local/observe/bounded-series.ts";
import { type ObservedChain, observeChain } from "#test/local/observe/chain-client.ts";
import { type ChainState, readChainState } from "#test/local/observe/chain-state.ts";
import {
  addPoint,
  type ExposureTotals,
  NO_EXPOSURE,
  type Sample,
  sampleOf,
} from "#test/local/observe/exposure-totals.ts";
import { type NaiveLine, stepNaive } from "#test/local/observe/naive-run.ts";
import { readCoordinatedFlowRaw } from "#test/local/observe/vault-flows.ts";
import type { WorldDescription } from "#test/local/world-description.ts";

const SAMPLE_INTERVAL_MS = 1000;
const SAMPLES_MAX = 2000;

/** What the observer calls as it goes; neither may throw. */
export type ObserverHooks = {
  readonly onSample?: (sample: Sample) => void;
  /** A look failed, usually because a chain did not answer; the next one is tried in its turn. */
  readonly onFailure?: (message: string) => void;
};

/** Everything seen so far. */
export type Observation = {
  /** Oldest first, thinned evenly when the run is long; the totals below miss nothing. */
  readonly samples: readonly Sample[];
  readonly samplesTaken: number;
  readonly looksFailed: number;
  readonly exposure: Readonly<Record<string, ExposureTotals>>;
  /** One line per shard and underlying. */
  readonly naive: readonly NaiveLine[];
};

export type Observer = {
  readonly observation: () => Observation;
  /** Ends the watch; resolves when the look under way is over. */
  readonly stop: () => Promise<void>;
};

type ChainMemory = {
  readonly nextBlock: bigint;
  readonly coordinatedRaw: bigint;
  readonly lines: readonly NaiveLine[];
};
type Memory = {
  readonly previous: Sample | null;
  readonly exposure: Readonly<Record<string, ExposureTotals>>;
  readonly chains: ReadonlyMap<string, ChainMemory>;
};

/**
 * Watches the chains from outside, about once a second: net delta with the coordinator, without it,
 * the band, and what a naive hedger per shard would have done at the same blocks. Reads only the
 * chains; a chain that does not answer costs samples, never the watch. Memory is bounded.
 */
export function startObserver(world: WorldDescription, hooks: ObserverHooks = {}): Observer {
  const observed = world.chains.map(observeChain);
  const series = boundedSeries<Sample>(SAMPLES_MAX);
  const counts = { taken: 0, failed: 0 };
  let memory: Memory = { previous: null, exposure: {}, chains: new Map() };
  let isStopped = false;
  let wake = () => {};

  const lookForever = async () => {
    while (!isStopped) {
      const startedMs = Date.now();
      try {
        memory = await look(world, observed, memory);
        counts.taken += 1;
        if (memory.previous !== null) {
          series.push(memory.previous);
          hooks.onSample?.(memory.previous);
        }
      } catch (error) {
        counts.failed += 1;
        hooks.onFailure?.(error instanceof Error ? error.message : String(error));
      }
      const restMs = SAMPLE_INTERVAL_MS - (Date.now() - startedMs);
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (isStopped) resolve();
        else setTimeout(resolve, Math.max(0, restMs)).unref();
      });
    }
  };
  const watch = lookForever();

  return {
    observation: () => ({
      samples: series.entries(),
      samplesTaken: counts.taken,
      looksFailed: counts.failed,
      exposure: memory.exposure,
      naive: [...memory.chains.values()].flatMap((c) => c.lines),
    }),
    stop: async () => {
      isStopped = true;
      wake();
      await watch;
    },
  };
}

/** One look at all chains; a new memory, or an error and the old memory stays. */
async function look(
  world: WorldDescription,
  observed: readonly ObservedChain[],
  memory: Memory,
): Promise<Memory> {
  const states = await Promise.all(observed.map((o) => readChainState(o)));
  const risk = bookRisk(states, world.policy);
  const sample = sampleOf(risk, Date.now());
  const elapsedMs = memory.previous === null ? 0 : sample.atMs - memory.previous.atMs;
  const chains = await Promise.all(
    observed.map(async (chain, i): Promise<readonly [string, ChainMemory]> => {
      const [state, shardRisk] = [states[i], risk.shards[i]];
      if (state === undefined || shardRisk === undefined)
        throw new RangeError(`no state of ${chain.chain.shard}`);
      const before = memory.chains.get(chain.chain.shard) ?? firstMemory(chain);
      const flow = await flowSince(chain, state, before);
      const cashRaw = state.settlementRaw - flow.coordinatedRaw;
      const { lines } = before;
      const next = await stepNaive({
        observed: chain,
        state,
        risk: shardRisk,
        policy: world.policy,
        gasUsd: risk.gasUsd,
        cashRaw,
        elapsedMs,
        lines,
      });
      return [chain.chain.shard, { ...flow, lines: next }];
    }),
  );
  const exposure: Record<string, ExposureTotals> = {};
  for (const [ticker, current] of Object.entries(sample.net)) {
    const previous = memory.previous?.net[ticker] ?? null;
    exposure[ticker] = addPoint(memory.exposure[ticker] ?? NO_EXPOSURE, {
      previous,
      current,
      elapsedMs,
    });
  }
  return { previous: sample, exposure, chains: new Map(chains) };
}

async function flowSince(chain: ObservedChain, state: ChainState, before: ChainMemory) {
  const toBlock = BigInt(state.blockNumber);
  const flowRaw = await readCoordinatedFlowRaw(chain, { fromBlock: before.nextBlock, toBlock });
  const nextBlock = toBlock >= before.nextBlock ? toBlock + 1n : before.nextBlock;
  return { nextBlock, coordinatedRaw: before.coordinatedRaw + flowRaw };
}

function firstMemory(chain: ObservedChain): ChainMemory {
  return { nextBlock: BigInt(chain.chain.deployBlock), coordinatedRaw: 0n, lines: [] };
}
