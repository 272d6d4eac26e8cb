import type { Log } from "#shared/ports/log.ts";
import { reporterPrivateKey } from "#shared/wire/signed-bytes.ts";
import { startAgent } from "#test/simulation/agent/agent-process.ts";
import { crashingJournal } from "#test/simulation/agent/crashing-journal.ts";
import { newEndpoints } from "#test/simulation/agent/endpoints.ts";
import { type AgentDisk, newAgentDisk } from "#test/simulation/agent/memory-journal.ts";
import { checkBroadcast } from "#test/simulation/check/broadcast-check.ts";
import { newProcess, type SimProcess } from "#test/simulation/engine/process.ts";
import { plantedJournal } from "#test/simulation/plant/planted-agent.ts";
import type { SimChain } from "#test/simulation/world/chain.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";
import { digest } from "#test/simulation/world/site.ts";

/** One agent: its disk for ever, its processes one after the other. */
export type AgentSlot = {
  readonly agent: string;
  readonly shard: string;
  readonly disk: AgentDisk;
  readonly process: () => SimProcess;
  readonly setUnwritable: (isUnwritable: boolean) => void;
};

export type SlotHooks = {
  readonly logOf: (process: SimProcess) => Log;
  readonly violate: (id: string, detail: string) => void;
};

/** How much later than an agent thinks its writes are on disk, where that is planted. */
const LATE_MS = 400;

/** Seed of an agent's reporter key. */
export function reporterSeed(agent: string): string {
  return digest("reporter", agent).slice(2);
}

export function newAgentSlot(
  world: SimulatedWorld,
  chain: SimChain,
  agent: string,
  hooks: SlotHooks,
): AgentSlot {
  const { scheduler, faults, plants } = world;
  const disk = newAgentDisk(scheduler.nowMs);
  const { shard } = chain.site;
  let isUnwritable = false;
  let process = start();
  function restart(): void {
    if (plants.has("journal-loses-last-write")) disk.lose({ writes: 1 });
    if (plants.has("journal-writes-late")) disk.lose({ sinceMs: scheduler.nowMs() - LATE_MS });
    scheduler.after(faults.random.between(300, 6_000), () => {
      process = start();
    });
  }
  function start(): SimProcess {
    const one = newProcess(scheduler, agent, skewOf());
    const journal = crashingJournal(disk, one, {
      faults,
      onCrash: restart,
      isWritable: () => !isUnwritable,
    });
    const log = hooks.logOf(one);
    const { reads, checkSigning } = newEndpoints(world, chain, {
      process: one,
      log,
      violate: hooks.violate,
    });
    startAgent({
      agent,
      chain,
      rpc: reads,
      codec: world.codec,
      market: world.market,
      process: one,
      scheduler,
      faults,
      journal: plantedJournal(journal, plants),
      role: world.roles.get(agent) ?? "share",
      plants,
      reporterKey: reporterPrivateKey(reporterSeed(agent)),
      expected: () => world.expected.get(shard) ?? [],
      reports: world.reports,
      receipts: world.receipts,
      log,
      onSigning: checkSigning,
      work: (worker) => world.queues.get(shard)?.work(worker),
      watchQueue: (watcher) => world.queues.get(shard)?.watch(watcher),
      onFatal: (error) => hooks.violate("I1", `${agent} stopped itself: ${String(error)}`),
      onLie: (hash) => void world.lies.add(hash),
      onBroadcast: (hash) => checkBroadcast(agent, disk.all(), hash, hooks.violate),
    });
    return one;
  }
  function skewOf(): number {
    if (!faults.roll("agent-clock-skew", 0.35)) return 0;
    faults.bit("agent-clock-skew");
    const size = faults.random.chance(0.8) ? faults.random.between(300, 4_000) : 90_000;
    return faults.random.chance(0.5) ? size : -size;
  }
  return {
    agent,
    shard,
    disk,
    process: () => process,
    setUnwritable: (value) => {
      isUnwritable = value;
    },
  };
}
