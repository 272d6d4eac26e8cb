import { monitorEventLoopDelay } from "node:perf_hooks";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import {
  finishPass,
  formulatePass,
  type PassOutcome,
  planPass,
} from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
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
 * How long a solved plan takes from the reports to the jobs for 3, 12 and 50 shards, how long the event loop was held up
 * meanwhile, and how long it takes to see that nothing is to be done.
 */
export async function planLatencyRows(plans: number): Promise<BenchRow[]> {
  const solver = highsSolver({ log: { debug, info: debug, warn: debug, error: debug } });
  try {
    const first = await planOnce(solver, { seed: 1, shards: 3 });
    const rows: BenchRow[] = [];
    for (const shards of [3, 12, 50]) rows.push(await latencyRow(solver, shards, plans));
    return [
      ...rows,
      await loopDelayRow(solver, plans),
      insideBandRow(),
      largeBookRow(),
      firstRow(first.totalMs),
    ];
  } finally {
    await solver.close();
  }
}

function debug(): void {}

type Took = { readonly totalMs: number; readonly onThreadMs: number; readonly isSolved: boolean };

async function planOnce(
  solver: Solver,
  { seed, shards }: { readonly seed: number; readonly shards: number },
): Promise<Took> {
  const planning = { method: "milp" } as const;
  const input = aRandomPass({ seed, shards, underlyings: 2, venues: 2, perps: 1, planning });
  const startedMs = performance.now();
  const prepared = preparePass(input);
  const formulation = formulatePass(prepared);
  if (formulation === undefined) return { totalMs: 0, onThreadMs: 0, isSolved: false };
  const formulatedMs = performance.now();
  const outcome = await solver.solve(formulation.program, input.policy.planning);
  const solvedMs = performance.now();
  finishPass(preparePass(input), {
    solve: { formulation, outcome },
    reportSetHash: prepared.reportSetHash,
  });
  const endedMs = performance.now();
  return {
    totalMs: endedMs - startedMs,
    onThreadMs: formulatedMs - startedMs + (endedMs - solvedMs),
    isSolved: outcome.solved,
  };
}

async function latencyRow(solver: Solver, shards: number, plans: number): Promise<BenchRow> {
  const took: Took[] = [];
  for (let seed = 1; took.length < plans && seed < 4 * plans; seed += 1) {
    const one = await planOnce(solver, { seed, shards });
    if (one.totalMs > 0) took.push(one);
  }
  const totals = took.map((one) => one.totalMs).sort((left, right) => left - right);
  const p99 = totals[Math.min(totals.length - 1, Math.floor(0.99 * totals.length))] ?? 0;
  const onThread = median(took.map((one) => one.onThreadMs));
  const failed = took.filter((one) => !one.isSolved).length;
  return alone(
    `plan with the solver: ${shards} shards, 2 underlyings, 2 pools and a perpetual`,
    median(totals) * 1000,
    `p99 ${p99.toFixed(0)} ms of ${took.length}; on the main thread ${onThread.toFixed(1)} ms; ${failed} not solved`,
  );
}

/** The delay of the event loop while the solver works, with nothing else done on the thread. */
async function loopDelayRow(solver: Solver, plans: number): Promise<BenchRow> {
  const planning = { method: "milp" } as const;
  const prepared = preparePass(
    aRandomPass({ seed: 7, shards: 12, underlyings: 8, venues: 4, perps: 2, planning }),
  );
  const formulation = formulatePass(prepared);
  if (formulation === undefined) throw new Error("seed 7 has nothing to plan");
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let solvingMs = 0;
  for (let solve = 0; solve < Math.min(plans, 5); solve += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    delay.enable();
    const { tookMs } = await solver.solve(formulation.program, { timeLimitMs: 1_000 });
    delay.disable();
    solvingMs += tookMs;
  }
  const p99 = delay.percentile(99) / 1e6;
  return alone(
    "event loop delay during a solve (timer of 1 ms included)",
    delay.percentile(50) / 1000,
    `p99 ${p99.toFixed(1)} ms, largest ${(delay.max / 1e6).toFixed(1)} ms over ${solvingMs.toFixed(0)} ms of solving`,
  );
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
