import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { StreamInbox } from "#coordinator/ports/stream-inbox.ts";
import type { WatchList } from "#coordinator/ports/watch-list.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { RetryableError } from "#shared/errors.ts";
import { publicKeyHex, reporterPrivateKey } from "#shared/wire/signed-bytes.ts";
import { reporterSeed, type SlotHooks } from "#test/simulation/agent/agent-slot.ts";
import {
  crashingDisk,
  crashOf,
  jobQueue,
  mandateSigner,
  shardChain,
} from "#test/simulation/coordinator/coordinator-ports.ts";
import { startCoordinator } from "#test/simulation/coordinator/coordinator-process.ts";
import {
  type CoordinatorDisk,
  newCoordinatorDisk,
} from "#test/simulation/coordinator/memory-journal.ts";
import {
  type SolverEngine,
  simulatedSolver,
} from "#test/simulation/coordinator/simulated-solver.ts";
import { newProcess, type SimProcess } from "#test/simulation/engine/process.ts";
import {
  plantedDisk,
  plantedFinality,
  plantedQueue,
  plantedSolver,
} from "#test/simulation/plant/planted-coordinator.ts";
import { newRpc } from "#test/simulation/world/rpc.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";
import { setupOf } from "#test/simulation/world/site.ts";

/** One life of a coordinator. */
type CoordinatorLife = {
  readonly process: SimProcess;
  readonly state: CoordinatorState;
  readonly disk: CoordinatorDisk;
};

/** The coordinator: its lives one after the other, now and then one that has not noticed its end. */
export type CoordinatorSlot = {
  readonly current: () => CoordinatorLife;
  /** Every disk that a life wrote to; the last is the current one. */
  readonly disks: () => readonly CoordinatorDisk[];
  readonly setups: ReadonlyMap<string, ShardSetup>;
  /** Stops the current one for a while and lets another take over; the old one then goes on. */
  readonly makeZombie: () => void;
  /** Kills the current one; to be called to start it again on the same disk. */
  readonly stop: () => () => void;
  /** Kills the current one and starts another on an older copy of its disk, or, without one, on an empty disk. */
  readonly replaceDisk: (copy?: CoordinatorDisk) => void;
  /** What an operator does with a coordinator whose vaults have been taken over by another. */
  readonly restartIfFenced: () => void;
};

export type CoordinatorHooks = SlotHooks & {
  /** Solves the plans' programs; left out, plans are greedy. */
  readonly engine?: SolverEngine | undefined;
  readonly onDecision: (
    life: CoordinatorLife,
    decision: DecisionRecord,
    jobs: readonly JobRecord[],
  ) => void;
};

export function newCoordinatorSlot(
  world: SimulatedWorld,
  hooks: CoordinatorHooks,
): CoordinatorSlot {
  const { scheduler, faults } = world;
  const setups = new Map(
    world.sites.map((site) => {
      const agents = (world.agentIds.get(site.shard) ?? []).map((id) => {
        return { id, reporterPublicKey: publicKeyHex(reporterPrivateKey(reporterSeed(id))) };
      });
      return [site.shard, setupOf(site, agents)];
    }),
  );
  const disks: CoordinatorDisk[] = [newCoordinatorDisk()];
  let current = start(disks[0] ?? newCoordinatorDisk());
  function restart(disk: CoordinatorDisk): void {
    scheduler.after(faults.random.between(100, 3_500), () => {
      // Somebody else may have taken over meanwhile.
      if (current.disk === disk) current = start(disk);
    });
  }
  function start(disk: CoordinatorDisk): CoordinatorLife {
    return startLife(world, { setups, disk, hooks, onCrash: () => restart(disk) });
  }
  let fencedSinceMs = Number.POSITIVE_INFINITY;
  return {
    current: () => current,
    disks: () => disks,
    setups,
    restartIfFenced: () => {
      const nowMs = scheduler.nowMs();
      const isFenced = isLeadingElsewhere(world, current.state);
      fencedSinceMs = isFenced ? Math.min(fencedSinceMs, nowMs) : Number.POSITIVE_INFINITY;
      if (nowMs - fencedSinceMs < FENCED_MS || !current.process.isAlive()) return;
      fencedSinceMs = Number.POSITIVE_INFINITY;
      current.process.kill();
      restart(current.disk);
    },
    stop: () => {
      current.process.kill();
      const { disk } = current;
      return () => restart(disk);
    },
    replaceDisk: (copy = newCoordinatorDisk()) => {
      const { process } = current;
      process.kill();
      disks.push(copy);
      scheduler.after(faults.random.between(1_000, 20_000), () => {
        // Somebody else may have taken over meanwhile.
        if (current.process === process) current = start(copy);
      });
    },
    makeZombie: () => {
      const old = current;
      const silentMs = faults.random.between(9_000, 30_000);
      old.process.pause(silentMs);
      const copy = old.disk.copy();
      disks.push(copy);
      current = start(copy);
      scheduler.after(silentMs, () => faults.bit("coordinator-zombie"));
      scheduler.after(silentMs + faults.random.between(3_000, 15_000), old.process.kill);
    },
  };
}

const FENCED_MS = 20_000;

function isLeadingElsewhere(world: SimulatedWorld, state: CoordinatorState): boolean {
  return world.chains.some(({ site, head }) => {
    const takeOver = state.takeOvers.get(site.shard);
    return takeOver?.state === "leading" && takeOver.epoch !== head().state.epoch;
  });
}

type LifeOptions = {
  readonly setups: ReadonlyMap<string, ShardSetup>;
  readonly disk: CoordinatorDisk;
  readonly hooks: CoordinatorHooks;
  readonly onCrash: () => void;
};

function startLife(world: SimulatedWorld, o: LifeOptions): CoordinatorLife {
  const { scheduler, faults, codec, sites } = world;
  const { disk, hooks } = o;
  const process = newProcess(scheduler, "coordinator", skewOf(world));
  const crash = crashOf(process, faults, o.onCrash);
  const planted = plantedDisk(disk, world.plants, () => state);
  const journal = crashingDisk(planted, process, crash);
  const isDown = world.reports.isDown;
  const chains = new Map(
    world.chains.map((chain) => {
      const { shard } = chain.site;
      const rpc = newRpc(chain, {
        process,
        faults,
        errorCode: "chain-unreachable",
        isDown: () => world.outages.has(shard),
        nowMs: scheduler.nowMs,
      });
      const honest = shardChain(chain, { rpc, codec, process, scheduler });
      return [shard, plantedFinality(honest, rpc, world.plants)];
    }),
  );
  const onSigned = (jobId: string): void => {
    if (disk.jobs.find(jobId) === undefined)
      hooks.violate("I9", `${jobId} was signed before it was recorded`);
  };
  const signer = mandateSigner({ codec, sites, scheduler, onSigned }, crash);
  const state: CoordinatorState = startCoordinator({
    process,
    setups: o.setups,
    journal: {
      ...journal,
      messages: {
        ...journal.messages,
        keep: (accepted, refused) => {
          checkSequences(disk, accepted, hooks);
          journal.messages.keep(accepted, refused);
        },
      },
      decisions: {
        ...journal.decisions,
        record: (decision, jobs) => {
          hooks.onDecision({ process, state, disk }, decision, jobs);
          if (decision.plan?.method === "milp") faults.saw("solved plan taken");
          journal.decisions.record(decision, jobs);
        },
      },
    },
    signer,
    watchList: watchList(world, process, isDown),
    queue: plantedQueue(jobQueue(world.queues, process, { isDown, crash }), {
      plants: world.plants,
      setups: o.setups,
      signer,
    }),
    chains,
    reports: unseen(world.reports.inbox(process, "newest"), world.blind),
    receipts: world.receipts.inbox(process, "oldest"),
    solver:
      hooks.engine === undefined
        ? undefined
        : plantedSolver(simulatedSolver(hooks.engine, { process, faults }), {
            plants: world.plants,
            scheduler,
            stateOf: () => state,
          }),
    log: hooks.logOf(process),
    onBug: (error) => hooks.violate("no-bug", `the coordinator threw ${stackOf(error)}`),
  });
  return { process, state, disk };
}

/** An inbox without the messages of some shards. */
function unseen(inbox: StreamInbox, shards: ReadonlySet<string>): StreamInbox {
  return {
    next: async () => (await inbox.next()).filter(({ shard }) => !shards.has(shard)),
  };
}

function watchList(
  { expected }: SimulatedWorld,
  process: SimProcess,
  isDown: () => boolean,
): WatchList {
  return {
    publish: (shard, transfers) =>
      process.ask(2, () => {
        if (isDown()) throw new RetryableError("redis-write-unknown", "not connected");
        expected.set(shard, transfers);
      }),
  };
}

/** I12: what is accepted is newer than all that was accepted of the same agent, also within one batch. */
function checkSequences(
  disk: CoordinatorDisk,
  accepted: readonly BookEntry[],
  { violate }: CoordinatorHooks,
): void {
  const last = new Map(disk.messages.lastSeqs());
  for (const { report } of accepted) {
    const key = `${report.shard}/${report.agent}`;
    const before = last.get(key) ?? 0;
    if (report.seq <= before)
      violate("I12", `${key}: report ${report.seq} accepted after ${before}`);
    last.set(key, report.seq);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function skewOf({ faults }: SimulatedWorld): number {
  if (!faults.roll("coordinator-clock-skew", 0.4)) return 0;
  faults.bit("coordinator-clock-skew");
  const size = faults.random.chance(0.85) ? faults.random.between(200, 3_000) : 75_000;
  return faults.random.chance(0.5) ? size : -size;
}
