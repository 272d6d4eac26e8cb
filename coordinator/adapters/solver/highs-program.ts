import type { Highs, Model } from "highs";
import type { PackedProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type {
  ProgramSolution,
  SolveFailure,
} from "#coordinator/records/planning/linear-program.ts";

/** An answer before the time it took is known. */
export type HighsAnswer = Omit<ProgramSolution, "tookMs"> | Omit<SolveFailure, "tookMs">;

/** Distance to the best possible objective at which a solution is good enough: proving the rest takes the longest. */
const GAP_FRACTION = 1e-4;

/**
 * Solves a program on the calling thread, which it blocks, and frees what it took of the solver's memory. Deterministic
 * but for the time limit.
 *
 * @param nodesMax Branches after which the best found so far is the answer: a limit that is the same on every machine.
 */
export function solveWithHighs(
  highs: Highs,
  program: PackedProgram,
  timeLimitMs: number,
  nodesMax?: number,
): HighsAnswer {
  const limits = { deadlineMs: performance.now() + timeLimitMs, nodesMax };
  const cold = { ...program, startColumns: new Int32Array(), startValues: new Float64Array() };
  if (program.startColumns.length === 0) return solveOnce(highs, cold, limits);
  try {
    return solveOnce(highs, program, limits);
  } catch (error) {
    // A start that the solver cannot complete may end its run with an error: then it begins without.
    if (error instanceof Error && error.name === "RuntimeError") throw error;
    return solveOnce(highs, cold, limits);
  }
}

function solveOnce(
  highs: Highs,
  program: PackedProgram,
  { deadlineMs, nodesMax }: { readonly deadlineMs: number; readonly nodesMax: number | undefined },
): HighsAnswer {
  const { startColumns, startValues } = program;
  const model = highs.createModel(modelData(program));
  try {
    model.options.set({
      output_flag: false,
      time_limit: Math.max(1, deadlineMs - performance.now()) / 1000,
      mip_rel_gap: GAP_FRACTION,
      mip_abs_gap: 1e-6,
      ...(nodesMax === undefined ? {} : { mip_max_nodes: nodesMax }),
    });
    if (startColumns.length > 0) model.setSolution({ indices: startColumns, values: startValues });
    model.run();
    return answer(highs, model, program, deadlineMs);
  } finally {
    model.dispose();
  }
}

function modelData(program: PackedProgram) {
  const [numCols, numRows] = [program.cost.length, program.rowLower.length];
  return {
    numCols,
    numRows,
    colCost: program.cost,
    colLower: program.lower,
    colUpper: program.upper,
    rowLower: program.rowLower,
    rowUpper: program.rowUpper,
    matrix: {
      format: "csr" as const,
      numRows,
      numCols,
      starts: program.rowStarts,
      indices: program.termColumns,
      values: program.termCoefficients,
    },
    integrality: program.integrality,
  };
}

function answer(
  highs: Highs,
  model: Model,
  program: PackedProgram,
  deadlineMs: number,
): HighsAnswer {
  const { modelStatus } = highs.constants;
  const status = model.getModelStatus();
  const fail = (reason: SolveFailure["reason"], detail: string): HighsAnswer => {
    return { solved: false, reason, detail };
  };
  if (status === modelStatus.infeasible) return fail("infeasible", "no values satisfy every row");
  if (status === modelStatus.unbounded || status === modelStatus.unboundedOrInfeasible)
    return fail("unbounded", "the objective has no bound, or no values satisfy every row");
  const isFeasible = model.info.get("primal_solution_status") === 2;
  if (status !== modelStatus.optimal && !isFeasible)
    return status === modelStatus.timeLimit
      ? fail("time-limit", "no values found in time")
      : fail("invalid", `the solver ended with status ${status}`);
  const values = [...model.getSolution().colValue];
  const hasIntegers = program.integrality.includes(1);
  const gap = hasIntegers ? Number(model.info.get("mip_gap")) : 0;
  const objective = model.getObjectiveValue();
  return {
    solved: true,
    status: status === modelStatus.optimal ? "optimal" : "time-limit",
    values,
    objective,
    gapFraction: Number.isFinite(gap) ? Math.max(0, gap) : 1,
    shadowPrices: hasIntegers
      ? pricesWithIntegersFixed(highs, model, { program, values, deadlineMs })
      : [...model.getSolution().rowDual],
  };
}

function pricesWithIntegersFixed(
  highs: Highs,
  model: Model,
  context: {
    readonly program: PackedProgram;
    readonly values: readonly number[];
    readonly deadlineMs: number;
  },
): number[] | null {
  const leftMs = context.deadlineMs - performance.now();
  if (leftMs <= 1) return null;
  model.clearIntegrality();
  for (const [index, integrality] of context.program.integrality.entries()) {
    if (integrality === 0) continue;
    const value = Math.round(context.values[index] ?? 0);
    model.changeColBounds(index, value, value);
  }
  model.zeroAllClocks();
  model.options.set("time_limit", leftMs / 1000);
  model.run();
  if (model.getModelStatus() !== highs.constants.modelStatus.optimal) return null;
  return [...model.getSolution().rowDual];
}
