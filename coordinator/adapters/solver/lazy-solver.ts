import type { Solver } from "#coordinator/ports/solver.ts";

/** A solver that is opened by its first solve; one that is never asked costs no thread. */
export function lazySolver(open: () => Solver): Solver {
  let solver: Solver | undefined;
  return {
    solve: (program, options) => {
      solver ??= open();
      return solver.solve(program, options);
    },
    close: async () => await solver?.close(),
  };
}
