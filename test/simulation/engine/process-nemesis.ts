import type { AgentSlot } from "#test/simulation/agent/agent-slot.ts";
import type { CoordinatorSlot } from "#test/simulation/coordinator/coordinator-slot.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

const EVERY_MS = 1_000;

/** Stops and deceives the processes, once a second, until the faults are healed. Crashes come from their own ports. */
export function startProcessNemesis(
  world: SimulatedWorld,
  o: { readonly agents: readonly AgentSlot[]; readonly coordinator: CoordinatorSlot },
): void {
  const { scheduler, faults } = world;
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
