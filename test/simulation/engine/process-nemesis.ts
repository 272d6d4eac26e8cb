import type { AgentSlot } from "#test/simulation/agent/agent-slot.ts";
import type { CoordinatorSlot } from "#test/simulation/coordinator/coordinator-slot.ts";
import type { CoordinatorDisk } from "#test/simulation/coordinator/memory-journal.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

const EVERY_MS = 1_000;

/** Stops and deceives the processes, once a second, until the faults are healed. Crashes come from their own ports. */
export function startProcessNemesis(
  world: SimulatedWorld,
  o: { readonly agents: readonly AgentSlot[]; readonly coordinator: CoordinatorSlot },
): void {
  const { scheduler, faults } = world;
  const backups: Backups = { copies: [], takenAtMs: 0 };
  let isHealed = false;
  const next = (): void => {
    o.coordinator.restartIfFenced();
    scheduler.after(EVERY_MS, next);
    if (!faults.isActive()) {
      if (!isHealed) heal(o);
      isHealed = true;
      return;
    }
    for (const slot of o.agents) disturbAgent(world, slot);
    blind(world, o.coordinator);
    loseJournal(world, o.coordinator, backups);
    const { process } = o.coordinator.current();
    if (faults.roll("coordinator-pause", 0.008) && process.isAlive()) {
      faults.bit("coordinator-pause");
      process.pause(faults.random.between(1_000, 25_000));
    } else if (
      faults.roll("coordinator-zombie", 0.012) &&
      process.isAlive() &&
      !process.isPaused()
    ) {
      o.coordinator.makeZombie();
    }
  };
  scheduler.after(EVERY_MS, next);
}

/** Blocks that pass unseen: some fewer than a report lists, most of them far more, as a fast chain makes in a night. */
const UNSEEN_BLOCKS_MAX = 7_000;
const UNSEEN_BLOCKS_MIN = 20;
const BLIND_MS_MAX = 40_000;

/**
 * Keeps the reports of a transfer's target from the coordinator, or stops it, until the transfer has arrived and any number
 * of blocks have passed.
 */
function blind(world: SimulatedWorld, coordinator: CoordinatorSlot): void {
  const { faults, scheduler, chains } = world;
  const { process, state } = coordinator.current();
  if (!process.isAlive() || process.isPaused() || world.blind.size > 0) return;
  for (const { target, guid, state: at } of state.jobs.values()) {
    const chain = chains.find(({ site }) => site.shard === target);
    if (chain === undefined || guid === null || at !== "in-transit") continue;
    if (!faults.roll("coordinator-blind", 0.15)) continue;
    const { shard } = chain.site;
    world.blind.add(shard);
    const start = faults.random.chance(0.5) ? coordinator.stop() : () => undefined;
    const untilMs = scheduler.nowMs() + BLIND_MS_MAX;
    const wait = (): void => {
      const hasCome = chain.head().state.received.has(guid);
      if (!hasCome && scheduler.nowMs() < untilMs) {
        scheduler.after(EVERY_MS, wait);
        return;
      }
      if (hasCome) faults.bit("coordinator-blind");
      const ratio = UNSEEN_BLOCKS_MAX / UNSEEN_BLOCKS_MIN;
      world.leaps.set(shard, Math.round(UNSEEN_BLOCKS_MIN * ratio ** faults.random.between(0, 1)));
      start();
      scheduler.after(2 * chain.site.blockTimeMs, () => void world.blind.delete(shard));
    };
    scheduler.after(EVERY_MS, wait);
    return;
  }
}

const BACKUP_EVERY_MS = 10_000;
const BACKUPS_MAX = 3;

type Backups = { copies: CoordinatorDisk[]; takenAtMs: number };

/** Takes the coordinator's disk away while jobs of it are under way, for good or as far as to an older backup. */
function loseJournal(
  { faults, scheduler }: SimulatedWorld,
  coordinator: CoordinatorSlot,
  backups: Backups,
): void {
  const { process, state, disk } = coordinator.current();
  if (!process.isAlive() || process.isPaused()) return;
  if (scheduler.nowMs() - backups.takenAtMs > BACKUP_EVERY_MS) {
    backups.copies = [disk.copy(), ...backups.copies].slice(0, BACKUPS_MAX);
    backups.takenAtMs = scheduler.nowMs();
  }
  if (state.jobs.size === 0) return;
  if (faults.roll("coordinator-journal-lost", 0.004)) {
    faults.bit("coordinator-journal-lost");
    coordinator.replaceDisk();
  } else if (faults.roll("coordinator-journal-restored", 0.006)) {
    const copy = backups.copies[faults.random.integer(0, backups.copies.length - 1)];
    if (copy === undefined) return;
    faults.bit("coordinator-journal-restored");
    coordinator.replaceDisk(copy.copy());
  }
}

function disturbAgent(world: SimulatedWorld, slot: AgentSlot): void {
  const { faults, scheduler } = world;
  const process = slot.process();
  if (!process.isAlive()) return;
  if (faults.roll("agent-pause", 0.006)) {
    faults.bit("agent-pause");
    process.pause(faults.random.between(500, 40_000));
  }
  if (faults.roll("agent-journal-unwritable", 0.003)) {
    faults.bit("agent-journal-unwritable");
    slot.setUnwritable(true);
    scheduler.after(faults.random.between(2_000, 15_000), () => slot.setUnwritable(false));
  }
}

function heal({
  agents,
  coordinator,
}: {
  agents: readonly AgentSlot[];
  coordinator: CoordinatorSlot;
}): void {
  for (const slot of agents) {
    slot.process().setSkewMs(0);
    slot.setUnwritable(false);
  }
  coordinator.current().process.setSkewMs(0);
}
