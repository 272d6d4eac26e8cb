import { createRequire } from "node:module";
import type { Highs } from "highs";
import { solveWithHighs } from "#coordinator/adapters/solver/highs-program.ts";
import { packProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type {
  LinearProgram,
  ProgramSolution,
  SolveOutcome,
} from "#coordinator/records/planning/linear-program.ts";
import type { Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";

/** The real solver, loaded once for all runs of a process. */
export type SolverEngine = {
  readonly solve: (program: LinearProgram) => SolveOutcome;
};

/** No limit of time, which would make a run depend on the machine: so many branches are what a second is in production. */
const NODES_MAX = 200;
const NEVER_MS = 600_000;
const TOOK_MS = [5, 400] as const;
const CRASH_MS = 50;
const GARBAGE = [Number.NaN, Number.POSITIVE_INFINITY, -1e9, 1e9, 0, 0.5, 1];

/** Loads HiGHS; the same program always gets the same answer from it. */
export async function loadSolverEngine(): Promise<SolverEngine> {
  const load: () => Promise<Highs> = createRequire(import.meta.url)("highs");
  const highs = await load();
  return {
    solve: (program) => {
      const answer = solveWithHighs(highs, packProgram(program), NEVER_MS, NODES_MAX);
      return { ...answer, tookMs: 0 };
    },
  };
}

/** A solver of one life of the coordinator: it takes virtual time, crashes, hangs and lies. */
export function simulatedSolver(
  engine: SolverEngine,
  { process, faults }: { readonly process: SimProcess; readonly faults: Faults },
): Solver {
  const { random } = faults;
  const failure = (reason: "crashed" | "time-limit", tookMs: number): SolveOutcome => {
    return { solved: false, reason, detail: "as the simulation wants it", tookMs };
  };
  return {
    solve: async (program, { timeLimitMs }) => {
      if (faults.roll("solver-crash", 0.2)) {
        faults.bit("solver-crash");
        return process.ask(CRASH_MS, () => failure("crashed", CRASH_MS));
      }
      if (faults.roll("solver-timeout", 0.3)) {
        faults.bit("solver-timeout");
        return process.ask(timeLimitMs, () => failure("time-limit", timeLimitMs));
      }
      const tookMs = Math.round(random.between(...TOOK_MS));
      const isGarbage = faults.roll("solver-garbage", 0.2);
      if (isGarbage) faults.bit("solver-garbage");
      const isWrong = faults.roll("solver-wrong", 0.2) && !isGarbage;
      return process.ask(tookMs, () => {
        const outcome = isGarbage ? garbageFor(program, faults) : engine.solve(program);
        if (!outcome.solved || isGarbage) return { ...outcome, tookMs };
        if (!isWrong) {
          faults.saw("program solved");
          return { ...outcome, tookMs };
        }
        faults.bit("solver-wrong");
        return { ...wrongFrom(program, outcome, faults), tookMs };
      });
    },
    close: async () => undefined,
  };
}

/** Values that no solver should give, under the name of the best there are. */
function garbageFor({ columns, rows }: LinearProgram, { random }: Faults): SolveOutcome {
  const any = (): number => GARBAGE[random.integer(0, GARBAGE.length - 1)] ?? 0;
  const length = random.chance(0.8) ? columns.length : random.integer(0, columns.length);
  const isExtreme = random.chance(0.5);
  const values = Array.from({ length }, (_, index) => {
    const upper = columns[index]?.upper ?? 0;
    return isExtreme ? any() : Math.min(upper, 1e9) * random.uniform();
  });
  return {
    solved: true,
    status: "optimal",
    values,
    objective: -1e12,
    gapFraction: 0,
    shadowPrices: random.chance(0.5) ? null : rows.map(any),
    tookMs: 0,
  };
}

const BOAST_USD = 10_000;

/** A solution that looks like one, is not the one that was found, and claims to be better than any can be. */
function wrongFrom(
  { columns }: LinearProgram,
  found: ProgramSolution,
  { random }: Faults,
): ProgramSolution {
  const isTrade = (index: number): boolean => columns[index]?.isInteger === false;
  const [scale, other] = [random.between(0, 3), random.integer(0, columns.length - 1)];
  const largest = found.values.reduce((best, value, index, all) => {
    return isTrade(index) && value > (all[best] ?? 0) ? index : best;
  }, 0);
  const within = (value: number, index: number): number => {
    const { lower = 0, upper = 0 } = columns[index] ?? {};
    return Math.min(upper, Math.max(lower, value));
  };
  const ways: readonly ((value: number, index: number) => number)[] = [
    (value, index) => (isTrade(index) ? within(value * scale, index) : value),
    (value, index) => (isTrade(index) ? -value : value),
    // Whole numbers all at the upper end, so that the column which now has the trade is in use.
    (value, index) => {
      if (!isTrade(index)) return columns[index]?.upper ?? value;
      if (index === other) return within(value + (found.values[largest] ?? 0), index);
      return index === largest ? 0 : value;
    },
    // Nothing is done, and that is said to be the best.
    (_value, index) => within(0, index),
  ];
  const change = ways[random.integer(0, ways.length - 1)] ?? within;
  return {
    ...found,
    status: "optimal",
    values: found.values.map(change),
    objective: found.objective - BOAST_USD,
    gapFraction: 0,
  };
}
