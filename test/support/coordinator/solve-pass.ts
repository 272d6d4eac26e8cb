import { createRequire } from "node:module";
import type { Highs } from "highs";
import { solveWithHighs } from "#coordinator/adapters/solver/highs-program.ts";
import { packProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type { SolvedPlan } from "#coordinator/cycles/planning/choose-plan.ts";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import {
  finishPass,
  formulatePass,
  type PassOutcome,
} from "#coordinator/cycles/planning/plan-pass.ts";
import { type PreparedPass, preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type {
  LinearProgram,
  ProgramSolution,
} from "#coordinator/records/planning/linear-program.ts";

const loadHighs: () => Promise<Highs> = createRequire(import.meta.url)("highs");
const highs = await loadHighs();

/** Solves a prepared pass's program on this thread; undefined when it has none. */
export function solvePrepared(
  prepared: PreparedPass,
  timeLimitMs = 10_000,
): SolvedPlan | undefined {
  const formulation = formulatePass(prepared);
  if (formulation === undefined) return undefined;
  const startedMs = performance.now();
  const answer = solveWithHighs(highs, packProgram(formulation.program), timeLimitMs);
  const outcome = { ...answer, tookMs: performance.now() - startedMs };
  return { solve: { formulation, outcome }, reportSetHash: prepared.reportSetHash };
}

/**
 * The solution of a program on this thread.
 *
 * @throws {Error} If it has none.
 */
export function solveProgram(program: LinearProgram): ProgramSolution {
  const answer = solveWithHighs(highs, packProgram(program), 10_000);
  if (!answer.solved) throw new Error(`not solved: ${answer.reason}`);
  return { ...answer, tookMs: 0 };
}

/** A whole pass with its program solved on this thread. */
export function solvedPass(input: PassInput, timeLimitMs = 10_000): PassOutcome {
  const prepared = preparePass(input);
  return finishPass(prepared, solvePrepared(prepared, timeLimitMs));
}
