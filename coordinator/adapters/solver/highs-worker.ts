import { createRequire } from "node:module";
import { parentPort } from "node:worker_threads";
import type { Highs, InitOptions } from "highs";
import { solveWithHighs } from "#coordinator/adapters/solver/highs-program.ts";
import type { PackedProgram } from "#coordinator/adapters/solver/pack-program.ts";
import type { SolveOutcome } from "#coordinator/records/planning/linear-program.ts";

/** What the thread is asked; answered by a {@link WorkerAnswer} with the same number. */
export type WorkerQuestion = {
  readonly number: number;
  readonly program: PackedProgram;
  readonly timeLimitMs: number;
};

export type WorkerAnswer = { readonly number: number; readonly outcome: SolveOutcome } | "ready";

// The package declares its types for CommonJS only.
const loadHighs: (options: InitOptions) => Promise<Highs> = createRequire(import.meta.url)("highs");
const highs = await loadHighs({ print: ignore, printErr: ignore });

parentPort?.on("message", ({ number, program, timeLimitMs }: WorkerQuestion) => {
  parentPort?.postMessage({ number, outcome: outcomeOf(program, timeLimitMs) });
});
parentPort?.postMessage("ready");

function outcomeOf(program: PackedProgram, timeLimitMs: number): SolveOutcome {
  const startedMs = performance.now();
  try {
    const answer = solveWithHighs(highs, program, timeLimitMs);
    return { ...answer, tookMs: performance.now() - startedMs };
  } catch (error) {
    // A trapped WebAssembly instance is not to be used again: the thread ends and is replaced.
    if (error instanceof Error && error.name === "RuntimeError") throw error;
    const detail = error instanceof Error ? error.message : String(error);
    return { solved: false, reason: "invalid", detail, tookMs: performance.now() - startedMs };
  }
}

function ignore(): void {}
