import { operate } from "#coordinator/cycles/operate.ts";
import type { Operator } from "#coordinator/ports/operator.ts";
import type { CoordinatorSlot } from "#test/simulation/coordinator/coordinator-slot.ts";
import type { SimulatedWorld } from "#test/simulation/world/simulated-world.ts";

const EVERY_MS = 1_000;
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * A person who halts everything now and then, and flattens a shard, and takes it back after a while.
 *
 * @param onLog Told what a coordinator says of such orders.
 */
export function startOperatorNemesis(
  world: SimulatedWorld,
  coordinator: CoordinatorSlot,
  onLog: (message: string, fields: Record<string, unknown>) => void,
): void {
  const { scheduler, faults } = world;
  let haltedUntilMs: number | undefined;
  const flattenedUntilMs = new Map<string, number>();
  const next = (): void => {
    scheduler.after(EVERY_MS, next);
    const { process } = coordinator.current();
    if (!process.isAlive()) return;
    const operator = operatorOf(coordinator, onLog);
    // Once it is known what lost the money, a person says so.
    const isPeace = !faults.isActive() && haltedUntilMs === undefined;
    if (isPeace && operator.safety(1).breakers.some((one) => one.needsPerson))
      operator.resume("looked into the losses");
    const nowMs = faults.isActive() ? scheduler.nowMs() : Number.POSITIVE_INFINITY;
    takeBack(operator, coordinator, { haltedUntilMs, flattenedUntilMs });
    if (haltedUntilMs !== undefined && nowMs >= haltedUntilMs) {
      operator.resume("the drill is over");
      haltedUntilMs = undefined;
    }
    for (const [shard, untilMs] of flattenedUntilMs) {
      if (nowMs < untilMs) continue;
      operator.releaseShard(shard, "the drill is over");
      flattenedUntilMs.delete(shard);
    }
    if (haltedUntilMs === undefined && faults.roll("operator-halt", 0.006)) {
      faults.bit("operator-halt");
      operator.halt("a drill");
      haltedUntilMs = nowMs + faults.random.between(2_000, 15_000);
    }
    if (flattenedUntilMs.size === 0 && faults.roll("operator-flatten", 0.02)) {
      faults.bit("operator-flatten");
      const shard = world.sites[faults.random.integer(0, world.sites.length - 1)]?.shard ?? "";
      operator.orderShard(shard, { kind: "flatten", reason: "a drill", target: null });
      flattenedUntilMs.set(shard, nowMs + faults.random.between(20_000, 70_000));
    }
  };
  scheduler.after(EVERY_MS, next);
}

/** What was over, and holds again since an older journal was put back. */
function takeBack(
  operator: Operator,
  coordinator: CoordinatorSlot,
  meant: {
    readonly haltedUntilMs: number | undefined;
    readonly flattenedUntilMs: ReadonlyMap<string, number>;
  },
): void {
  const { manualHalt, safety } = coordinator.current().state;
  if (manualHalt !== undefined && meant.haltedUntilMs === undefined)
    operator.resume("the drill was over before");
  for (const shard of Object.keys(safety.orders)) {
    if (!meant.flattenedUntilMs.has(shard))
      operator.releaseShard(shard, "the drill was over before");
  }
}

function operatorOf(
  coordinator: CoordinatorSlot,
  onLog: (message: string, fields: Record<string, unknown>) => void,
): Operator {
  const { state, disk, process } = coordinator.current();
  const clock = { nowMs: process.nowMs };
  const redis = { isRedisReady: () => true, queue: () => undefined };
  const log = {
    ...SILENT,
    warn: (message: string, fields: Record<string, unknown> = {}) => onLog(message, fields),
  };
  return operate(state, { journal: disk, clock, log, ...redis });
}
