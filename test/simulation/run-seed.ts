import type { Log } from "#shared/ports/log.ts";
import { type AgentSlot, newAgentSlot } from "#test/simulation/agent/agent-slot.ts";
import { checkCaps } from "#test/simulation/check/caps-check.ts";
import { checkChoice } from "#test/simulation/check/choice-check.ts";
import { checkPlan, unitsByOrder } from "#test/simulation/check/coordinator-checks.ts";
import {
  checkJournals,
  checkLostRaces,
  checkOscillation,
  type FinalChecks,
  undrained,
} from "#test/simulation/check/final-checks.ts";
import { newPauseCheck } from "#test/simulation/check/pause-check.ts";
import { newSights } from "#test/simulation/check/sights.ts";
import { newWatch } from "#test/simulation/check/watch.ts";
import {
  type CoordinatorSlot,
  newCoordinatorSlot,
} from "#test/simulation/coordinator/coordinator-slot.ts";
import { startOperatorNemesis } from "#test/simulation/coordinator/operator-nemesis.ts";
import type { SolverEngine } from "#test/simulation/coordinator/simulated-solver.ts";
import type { FaultKind, FaultRates, Sight } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";
import { startProcessNemesis } from "#test/simulation/engine/process-nemesis.ts";
import type { Plants } from "#test/simulation/plant/plants.ts";
import type { Codec } from "#test/simulation/world/codec.ts";
import { startNemesis } from "#test/simulation/world/nemesis.ts";
import {
  type KeeperRole,
  newWorld,
  type SimulatedWorld,
  START_MS,
} from "#test/simulation/world/simulated-world.ts";
import { SIMULATED_POLICY } from "#test/simulation/world/site.ts";

export type SeedOptions = {
  readonly seed: number;
  /** Steps with faults; the run then heals and drains. */
  readonly steps: number;
  readonly codec: Codec;
  /** Faults go on at least this long; by default until the short series has expired. */
  readonly faultyMs?: number;
  /** Solves the plans' programs; left out, plans are greedy. */
  readonly engine?: SolverEngine;
  readonly isHarmless?: boolean;
  /** Faults of the product itself, which an invariant has to report. */
  readonly plants?: Plants;
  /** Rates of fault kinds, whatever the seed says. */
  readonly always?: FaultRates;
  /** What a second agent is, in a run that then certainly has one. */
  readonly role?: KeeperRole;
  /** Whether one of three endpoints of some shard lies; by chance when left out. */
  readonly hasLiar?: boolean;
  readonly print?: (line: string) => void;
};

export type Violation = { readonly id: string; readonly detail: string; readonly step: number };

export type SeedResult = {
  readonly seed: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly realMs: number;
  readonly counts: ReadonlyMap<FaultKind | Sight, number>;
  readonly jobs: number;
  /** Of each decision in turn: its plan, which is a digest of all it was made from, and its jobs. */
  readonly ids: readonly string[];
  readonly violations: readonly Violation[];
};

const FAULTY_MS = 95_000;
/** For what is under way when peace begins, and for making good what a breaker held back. */
const SETTLE_MS = 120_000;
const { windowMs, holdMs, coolDownMs } = SIMULATED_POLICY.breakers.shardLossVelocity;
/** The market's last move can be a shard's loss, which counts for the policy's window; its breaker lifts a while later. */
const DRAIN_MS_MAX = windowMs + Math.max(holdMs, coolDownMs) + SETTLE_MS;
const CALM_MS = 15_000;
const EMPTY_LOOKS = 4;
const VIOLATIONS_MAX = 5;

/** One whole run: faults for a number of steps, then peace until everything has drained. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const startedMs = performance.now();
  const { seed, codec } = options;
  const { isHarmless = false, plants = new Set(), always = new Map(), role, hasLiar } = options;
  const world = newWorld({ seed, codec, isHarmless, plants, always, role, hasLiar });
  const violations: Violation[] = [];
  const violate = (id: string, detail: string): void => {
    if (violations.length >= VIOLATIONS_MAX) return;
    violations.push({ id, detail, step: world.scheduler.steps() });
    options.print?.(`VIOLATION ${id}: ${detail}`);
  };
  const cast = newCast(world, options, violate);
  const { scheduler, faults } = world;
  const faultyUntilMs = START_MS + (options.faultyMs ?? FAULTY_MS);
  const isFaulty = (): boolean =>
    scheduler.steps() < options.steps || scheduler.nowMs() < faultyUntilMs;
  while (isFaulty() && violations.length === 0) await cast.step();
  faults.heal();
  world.market.freeze();
  await cast.drain(() => violations.length > 0);
  return {
    seed,
    steps: scheduler.steps(),
    virtualMs: scheduler.nowMs() - START_MS,
    realMs: performance.now() - startedMs,
    counts: faults.counts,
    jobs: cast.coordinator.current().disk.allJobs().length,
    ids: cast.ids,
    violations,
  };
}

type Cast = {
  readonly ids: readonly string[];
  readonly coordinator: CoordinatorSlot;
  readonly step: () => Promise<void>;
  readonly drain: (isOver: () => boolean) => Promise<void>;
};
type Violate = (id: string, detail: string) => void;

function newCast(world: SimulatedWorld, options: SeedOptions, violate: Violate): Cast {
  const { scheduler } = world;
  const sights = newSights(world);
  const pauses = newPauseCheck({ nowMs: scheduler.nowMs, violate });
  const onLog: typeof sights.onLog = (message, fields) => {
    sights.onLog(message, fields);
    pauses.onLog(message);
  };
  const hooks = {
    logOf: (process: SimProcess) => logOf(process, world, options, onLog),
    violate,
  };
  const agents: AgentSlot[] = world.chains.flatMap((chain) => {
    const ids = world.agentIds.get(chain.site.shard) ?? [];
    return ids.map((agent) => newAgentSlot(world, chain, agent, hooks));
  });
  const decided: Decided[] = [];
  const ids: string[] = [];
  let orderedUnits = 0;
  const coordinator: CoordinatorSlot = newCoordinatorSlot(world, {
    ...hooks,
    engine: options.engine,
    onDecision: ({ state, disk }, decision, jobs) => {
      decided.push({ atMs: scheduler.nowMs(), jobs: jobs.length });
      ids.push(decision.planId, ...decision.jobIds);
      sights.onMode(state);
      orderedUnits += unitsByOrder(state, jobs);
      pauses.onJobs(disk.allJobs(), jobs);
      checkPlan(state, jobs, { spotUsd: world.market.spotUsd(), violate });
      checkChoice(decision, jobs, violate);
      checkCaps(state, jobs, { chains: world.chains, violate });
    },
  });
  const watch = newWatch({ world, coordinator, agents, sights, violate });
  startNemesis(world);
  startProcessNemesis(world, { agents, coordinator });
  startOperatorNemesis(world, coordinator, onLog);
  const step = async (): Promise<void> => {
    await scheduler.step();
    watch.check();
  };
  return {
    ids,
    coordinator,
    step,
    drain: async (isOver) => {
      const parts = { world, coordinator, agents, violate };
      const issuedAtMs = () => decided.findLast((one) => one.jobs > 0)?.atMs ?? 0;
      const drainedAtMs = await untilDrained({ ...parts, issuedAtMs }, step, isOver);
      if (isOver()) return;
      const final = { ...parts, ledger: watch.ledger };
      checkJournals(final);
      checkLostRaces(final);
      const calm = decided.filter((one) => one.atMs > drainedAtMs);
      const calmJobs = calm.reduce((sum, one) => sum + one.jobs, 0);
      const neededUnits = watch.neededUnits() + orderedUnits;
      checkOscillation(final, { neededUnits, calmJobs });
    },
  };
}

/** Without a job for so long a world is still. */
const STILL_MS = 6_000;

type Decided = { readonly atMs: number; readonly jobs: number };

/** Goes on until everything has drained, and a little longer; what has not drained in time breaks I13. */
async function untilDrained(
  parts: Omit<FinalChecks, "ledger"> & { readonly issuedAtMs: () => number },
  step: () => Promise<void>,
  isOver: () => boolean,
): Promise<number> {
  const { scheduler } = parts.world;
  const healedAtMs = scheduler.nowMs();
  let drainedAtMs = Number.POSITIVE_INFINITY;
  let lookedAtMs = 0;
  let emptyLooks = 0;
  while (!isOver() && scheduler.nowMs() < drainedAtMs + CALM_MS) {
    await step();
    if (Number.isFinite(drainedAtMs) || scheduler.nowMs() - lookedAtMs < 1_000) continue;
    lookedAtMs = scheduler.nowMs();
    const left = undrained(parts);
    // Longs are bought as far as the band lets their delta, then hedged: such a world goes on for some passes.
    if (lookedAtMs - parts.issuedAtMs() < STILL_MS) left.push("a pass issued jobs just now");
    emptyLooks = left.length === 0 ? emptyLooks + 1 : 0;
    // A job that has just died leaves a net that only the next pass sees.
    if (emptyLooks >= EMPTY_LOOKS) drainedAtMs = scheduler.nowMs();
    else if (scheduler.nowMs() - healedAtMs > DRAIN_MS_MAX)
      for (const what of left) parts.violate("I13", `after ${DRAIN_MS_MAX} ms of peace: ${what}`);
  }
  return drainedAtMs;
}

function logOf(
  process: SimProcess,
  world: SimulatedWorld,
  options: SeedOptions,
  onLog: (message: string, fields: Record<string, unknown>) => void,
): Log {
  const line =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}): void => {
      if (!process.isAlive()) return;
      onLog(message, fields);
      if (options.print === undefined || level === "debug") return;
      const seconds = ((world.scheduler.nowMs() - START_MS) / 1000).toFixed(3);
      const shown = JSON.stringify(fields, (_key, value: unknown) =>
        typeof value === "bigint"
          ? value.toString()
          : value instanceof Error
            ? value.message
            : value,
      );
      options.print(`${seconds.padStart(9)} ${process.name} ${level}: ${message} ${shown}`);
    };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
