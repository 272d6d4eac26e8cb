import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import {
  finishPass,
  formulatePass,
  type PassOutcome,
  planPass,
} from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { SolveOutcome } from "#coordinator/records/planning/linear-program.ts";
import { alone, type BenchRow, median } from "#test/bench/compare.ts";
import { measure } from "#test/bench/measure.ts";
import {
  anEntry,
  anOption,
  aPassInput,
  aShardSetup,
  LEADER,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aRandomPass } from "#test/support/coordinator/random-world.ts";

/**
 * How long a solved plan takes from the reports to the jobs for 3, 12 and 50 shards, how long the main thread was held at a
 * stretch by it, how long the event loop was held up while the solver worked, and how long it takes to see that nothing is
 * to be done.
 */
export async function planLatencyRows(plans: number): Promise<BenchRow[]> {
  const solver = highsSolver({ log: { debug, info: debug, warn: debug, error: debug } });
  try {
    const first = await planOnce(solver, { seed: 1, shards: 3 });
    const rows: BenchRow[] = [];
    const all: Took[] = [];
    for (const shards of [3, 12, 50]) {
      const took = await planMany(solver, shards, plans);
      all.push(...took);
      rows.push(latencyRow(shards, took));
    }
    return [
      ...rows,
      await loopDelayRow(all),
      insideBandRow(),
      largeBookRow(),
      firstRow(first.totalMs),
    ];
  } finally {
    await solver.close();
  }
}

function debug(): void {}

/** One plan, in milliseconds. */
type Took = {
  readonly totalMs: number;
  /** Longest stretch for which the pass held the main thread: before the solve, or after it. */
  readonly heldMs: number;
  readonly solveMs: number;
  /** Longest delay of the event loop from the question to the solver to its answer. */
  readonly loopDelayMs: number;
  readonly isSolved: boolean;
};

const NOT_PLANNED: Took = { totalMs: 0, heldMs: 0, solveMs: 0, loopDelayMs: 0, isSolved: false };

async function planOnce(
  solver: Solver,
  { seed, shards }: { readonly seed: number; readonly shards: number },
): Promise<Took> {
  const planning = { method: "milp" } as const;
  const input = aRandomPass({ seed, shards, underlyings: 2, venues: 2, perps: 1, planning });
  const startedMs = performance.now();
  const prepared = preparePass(input);
  const formulation = formulatePass(prepared);
  if (formulation === undefined) return NOT_PLANNED;
  const beforeMs = performance.now() - startedMs;
  let outcome: SolveOutcome | undefined;
  const loopDelayMs = await longestDelayMs(async () => {
    outcome = await solver.solve(formulation.program, input.policy.planning);
  });
  if (outcome === undefined) throw new Error("the solver gave no answer");
  const solvedMs = performance.now();
  finishPass(preparePass(input), {
    solve: { formulation, outcome },
    reportSetHash: prepared.reportSetHash,
  });
  const afterMs = performance.now() - solvedMs;
  return {
    totalMs: beforeMs + outcome.tookMs + afterMs,
    heldMs: Math.max(beforeMs, afterMs),
    solveMs: outcome.tookMs,
    loopDelayMs,
    isSolved: outcome.solved,
  };
}

/**
 * Longest delay of the event loop while something goes on, its beginning and end on this thread included. Each has a monitor
 * of its own: one that is stopped and started again counts the pause between as a delay.
 */
async function longestDelayMs(act: () => Promise<void>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await sleep(SETTLING_MS);
  await act();
  await sleep(SETTLING_MS);
  delay.disable();
  return delay.max / 1e6;
}

/** A monitor that has not ticked yet, or that is stopped before its next tick, misses what held the thread. */
const SETTLING_MS = 3;

async function planMany(solver: Solver, shards: number, plans: number): Promise<Took[]> {
  const took: Took[] = [];
  for (let seed = 1; took.length < plans && seed < 4 * plans; seed += 1) {
    const one = await planOnce(solver, { seed, shards });
    if (one.totalMs > 0) took.push(one);
  }
  return took;
}

function latencyRow(shards: number, took: readonly Took[]): BenchRow {
  const totals = took.map((one) => one.totalMs);
  const held = took.map((one) => one.heldMs);
  const failed = took.filter((one) => !one.isSolved).length;
  return alone(
    `plan with the solver: ${shards} shards, 2 underlyings, 2 pools and a perpetual`,
    median(totals) * 1000,
    `p99 ${p99(totals).toFixed(0)} ms of ${took.length}; the pass itself holds the main thread for ${spread(held)} ms; ${failed} not solved`,
  );
}

/**
 * The delay of the event loop while the solver works, beside what this machine delays a loop whose second thread counts for
 * as long: only what is more than that is the product's.
 */
async function loopDelayRow(took: readonly Took[]): Promise<BenchRow> {
  const delays = took.map((one) => one.loopDelayMs);
  const controls: number[] = [];
  const thread = countingThread();
  try {
    for (const { solveMs } of took) controls.push(await longestDelayMs(() => thread.run(solveMs)));
  } finally {
    await thread.close();
  }
  const solvingMs = took.reduce((sum, one) => sum + one.solveMs, 0);
  return alone(
    "longest event loop delay of a solve (timer of 1 ms included)",
    median(delays) * 1000,
    `${spread(delays)} ms over ${took.length} solves of ${solvingMs.toFixed(0)} ms; beside a thread that only counts ${spread(controls)} ms`,
  );
}

/** A thread that does nothing but keep a core busy for as long as it is told. */
function countingThread() {
  const worker = new Worker(
    `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", (ms) => {
      const end = performance.now() + ms;
      let count = 0;
      while (performance.now() < end) count += 1;
      parentPort.postMessage(count);
    });`,
    { eval: true },
  );
  return {
    run: async (ms: number): Promise<void> => {
      const done = once(worker, "message");
      worker.postMessage(ms);
      await done;
    },
    close: () => worker.terminate(),
  };
}

function spread(valuesMs: readonly number[]): string {
  const most = Math.max(0, ...valuesMs).toFixed(1);
  return `${median(valuesMs).toFixed(1)} in the median, p99 ${p99(valuesMs).toFixed(1)}, at most ${most}`;
}

function p99(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(0.99 * sorted.length))] ?? 0;
}

/** A pass that finds nothing to do: valuation, net, capital and decision record included. */
function insideBandRow(): BenchRow {
  const calm = aPassInput([
    anEntry({ shard: "ethereum", calls: 60 }),
    anEntry({ shard: "base", calls: -60 }),
    anEntry({ shard: "arbitrum" }),
  ]);
  const decide = (): PassOutcome => planPass(calm);
  const [eth] = decide().decision.underlyings;
  if (eth?.reason !== "inside the band") throw new Error("the calm book is outside its band");
  return alone("pass inside the band, 3 shards, no solve", measure("pass", decide).medianUs);
}

/** A pass over eight shards with forty series each, all of which are valued. */
function largeBookRow(): BenchRow {
  const series = Array.from({ length: 40 }, (_, index) => {
    const quantity = index % 2 === 0 ? -3 : 3;
    const seriesId = `0x${index.toString(16).padStart(64, "0")}` as const;
    return anOption({ seriesId, strikeUsd: 1500 + 25 * index, quantity });
  });
  const shards = Array.from({ length: 8 }, (_, index) => `shard-${index}`);
  const entries = shards.map((shard) => {
    const entry = anEntry({ shard: "base", change: { book: series } });
    return { ...entry, report: { ...entry.report, shard } };
  });
  const setups = new Map(shards.map((shard) => [shard, { ...aShardSetup("base"), shard }]));
  const led = { state: "leading", epoch: 1, leader: LEADER } as const;
  const takeOvers = new Map(shards.map((shard) => [shard, led]));
  const input = aPassInput(entries, { setups, takeOvers });
  return alone(
    "pass over 8 shards with 40 series each",
    measure("pass", () => planPass(input)).medianUs,
  );
}

function firstRow(totalMs: number): BenchRow {
  return alone("first plan after the start (the thread loads the solver)", totalMs * 1000);
}
