import { RetryableError } from "#shared/errors.ts";
import type { Hex } from "#shared/units/ids.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";

/** The chain as one node shows it at one moment: it may lag behind. */
export type NodeView = {
  readonly head: SimBlock;
  readonly finalizedNumber: number;
  /** Canonical, as far as this node knows. */
  readonly at: (number: number) => SimBlock | undefined;
  readonly byHash: (hash: Hex) => SimBlock | undefined;
};

/** One process's way to one chain. */
export type Rpc = {
  /** @throws {RetryableError} With the process's own code for a node that does not answer. */
  readonly read: <T>(perform: (view: NodeView) => T) => Promise<T>;
};

/** True when a node that sees this much of the chain has the block on it. */
export function isOn(block: SimBlock, view: NodeView): boolean {
  return view.at(block.header.number) === block;
}

const LATENCY_MS = [1, 12] as const;
const TIMEOUT_MS = 3_000;
const LAG_BLOCKS_MAX = 4;
const LAG_MS = [1_000, 8_000] as const;

/** An RPC that errs, hangs and lags. `isDown` is an outage of all nodes of the chain. */
export function newRpc(
  chain: SimChain,
  o: {
    readonly process: SimProcess;
    readonly faults: Faults;
    readonly errorCode: string;
    readonly isDown: () => boolean;
    readonly nowMs: () => number;
    /** How far several nodes are behind together. */
    readonly lagOfSeveral?: () => number;
  },
): Rpc {
  const { faults, process } = o;
  let lag = 0;
  let lagUntilMs = 0;
  const refuse = (why: string): RetryableError =>
    new RetryableError(o.errorCode, `${chain.site.shard}: ${why}`);
  const view = (): NodeView => {
    if (faults.roll("rpc-stale-head", 0.001)) {
      lag = faults.random.integer(1, LAG_BLOCKS_MAX);
      lagUntilMs = o.nowMs() + faults.random.between(...LAG_MS);
    }
    // Behind a load balancer every other answer may come from a node that is up to date.
    const isLagging = faults.isActive() && o.nowMs() < lagUntilMs && faults.random.chance(0.7);
    const common = o.lagOfSeveral?.() ?? 0;
    if (common > 0) return viewOf(chain, common, () => faults.bit("rpc-two-stale"));
    return viewOf(chain, isLagging ? lag : 0, () => faults.bit("rpc-stale-head"));
  };
  return {
    read: async (perform) => {
      if (o.isDown() || faults.roll("rpc-timeout", 0.0015)) {
        if (!o.isDown()) faults.bit("rpc-timeout");
        await process.ask(TIMEOUT_MS, () => undefined);
        throw refuse("the request took too long");
      }
      if (faults.roll("rpc-error", 0.004)) {
        faults.bit("rpc-error");
        await process.ask(5, () => undefined);
        throw refuse("HTTP 429");
      }
      const replyMs = faults.random.between(...LATENCY_MS);
      return process.ask(faults.random.between(...LATENCY_MS), () => perform(view()), replyMs);
    },
  };
}

/** A lag that nodes have in common, for some seconds now and then. */
export function newLagOfSeveral(faults: Faults, nowMs: () => number): () => number {
  let lag = 0;
  let untilMs = 0;
  return () => {
    if (faults.roll("rpc-two-stale", 0.002)) {
      lag = faults.random.integer(2, LAG_BLOCKS_MAX + 2);
      untilMs = nowMs() + faults.random.between(...LAG_MS);
    }
    return faults.isActive() && nowMs() < untilMs ? lag : 0;
  };
}

function viewOf(chain: SimChain, lag: number, onBehind: () => void): NodeView {
  const headNumber = Math.max(0, chain.head().header.number - lag);
  const head = chain.at(headNumber) ?? chain.head();
  if (lag > 0 && head !== chain.head()) onBehind();
  const isKnown = (block: SimBlock | undefined): SimBlock | undefined =>
    block !== undefined && block.header.number <= headNumber ? block : undefined;
  return {
    head,
    finalizedNumber: Math.max(0, chain.finalizedNumber() - lag),
    at: (number) => isKnown(chain.at(number)),
    byHash: (hash) => isKnown(chain.byHash(hash)),
  };
}
