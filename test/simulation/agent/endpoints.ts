import type { Log } from "#shared/ports/log.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import { newLiar } from "#test/simulation/world/byzantine.ts";
import type { SimBlock, SimChain } from "#test/simulation/world/chain.ts";
import { type MoneyReads, oneEndpoint } from "#test/simulation/world/money-reads.ts";
import { type Endpoint, quorumReads } from "#test/simulation/world/quorum-reads.ts";
import { isOn, newLagOfSeveral, newRpc, type Rpc } from "#test/simulation/world/rpc.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

const ENDPOINTS = 3;
const QUORUM = 2;
/** A job that was admitted before the contradiction may still be signed: reads and a simulation lie between. */
const ADMITTED_MS = 8_000;
const UNSTEADY_MS = 4_000;
const CONTRADICTION = "RPC endpoints contradict each other; no money decision until they agree";
const BEHIND = "RPC endpoints behind the others";

/** An agent's endpoints, and whether it may sign what the quorum has told it. */
export type AgentEndpoints = {
  readonly reads: MoneyReads;
  /** I14: nothing is signed for a job while endpoints contradict each other. */
  readonly checkSigning: (jobId: string) => void;
};

type Parts = {
  readonly process: SimProcess;
  readonly log: Log;
  readonly violate: (id: string, detail: string) => void;
};

/** One endpoint, or, where the world has a liar for the shard, three of which it is one. */
export function newEndpoints(world: SimulatedWorld, chain: SimChain, parts: Parts): AgentEndpoints {
  const { scheduler, faults, byzantine, plants } = world;
  const { process } = parts;
  const { shard } = chain.site;
  const base = {
    process,
    faults,
    errorCode: "rpc-failed",
    isDown: () => world.outages.has(shard),
    nowMs: scheduler.nowMs,
  };
  if (byzantine?.shard !== shard)
    return { reads: oneEndpoint(newRpc(chain, base), chain), checkSigning: () => undefined };
  const wentBack = new Map<string, number>();
  const lag = newLagOfSeveral(faults, scheduler.nowMs);
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index): Endpoint => {
    const isLiar = index === byzantine.liar;
    const isOld = isLiar || index === (byzantine.liar + 1) % ENDPOINTS;
    const rpc = newRpc(chain, { ...base, ...(isOld ? { lagOfSeveral: lag } : {}) });
    return {
      name: nameOf(index),
      rpc: notingWayBack(rpc, () => void wentBack.set(nameOf(index), scheduler.nowMs())),
      liar: isLiar ? newLiar(faults) : null,
    };
  });
  const accusation = newAccusation(world, { ...parts, liar: nameOf(byzantine.liar), wentBack });
  const reads = quorumReads({
    chain,
    endpoints,
    quorum: plants.has("one-endpoint-is-believed") ? 1 : QUORUM,
    clock: { nowMs: scheduler.nowMs },
    log: accusation.log,
    scheduler,
  });
  const checkSigning = (jobId: string): void => {
    const forMs = scheduler.nowMs() - accusation.sinceMs();
    if (reads.disagreement() !== null && forMs > ADMITTED_MS)
      parts.violate("I14", `${process.name} signs ${jobId} while its endpoints contradict`);
  };
  return { reads, checkSigning };
}

/** Notes when a node shows less than it did, or another branch. */
function notingWayBack(rpc: Rpc, onBack: () => void): Rpc {
  let last: SimBlock | undefined;
  return {
    read: (perform) =>
      rpc.read((view) => {
        if (last !== undefined && !isOn(last, view)) onBack();
        last = view.head;
        return perform(view);
      }),
  };
}

function nameOf(index: number): string {
  return `rpcUrls[${index}] (node-${index})`;
}

/** I14: the one that is named is the one that lied. */
function newAccusation(
  { scheduler, faults }: SimulatedWorld,
  {
    process,
    log,
    violate,
    liar,
    wentBack,
  }: Parts & { readonly liar: string; readonly wentBack: ReadonlyMap<string, number> },
) {
  /** Events are asked for by number, after their block's header: endpoints that go back in between contradict the others. */
  const isUnsteady = (): boolean =>
    [...wentBack.values()].some((atMs) => scheduler.nowMs() - atMs < UNSTEADY_MS);
  let sinceMs = Number.POSITIVE_INFINITY;
  const error: Log["error"] = (message, fields = {}) => {
    log.error(message, fields);
    if (message !== CONTRADICTION) return;
    sinceMs = scheduler.nowMs();
    const named = fields["endpoints"] as readonly string[];
    // Without a quorum nobody can tell who lies: all that answered are named.
    const isSure = fields["outvoted"] === true;
    const isRight = isSure ? named.join() === liar : named.includes(liar);
    const isEvents = fields["what"] === "eth_getLogs";
    if (isRight) faults.saw("liar named");
    else if (!isEvents || !isUnsteady())
      violate("I14", `${process.name} names ${named.join(", ")}, the liar is ${liar}`);
  };
  const warn: Log["warn"] = (message, fields = {}) => {
    log.warn(message, fields);
    const named = (fields["endpoints"] ?? []) as readonly string[];
    if (message === BEHIND && named.length > 0) faults.saw("endpoint behind the others named");
  };
  return { log: { ...log, error, warn }, sinceMs: () => sinceMs };
}
