import type { LinearProgram, SolveOutcome } from "#coordinator/records/planning/linear-program.ts";

/**
 * Solves mixed-integer linear programs.
 *
 * The promise never rejects and always settles within `timeLimitMs` and half a second; the caller's thread is never
 * held up by the solve. A solver that crashed or hung is replaced before the next call, so one bad program does not
 * spoil the ones after it. One program at a time: a call during another is answered with `busy`.
 */
export type Solver = {
  readonly solve: (
    program: LinearProgram,
    options: { readonly timeLimitMs: number },
  ) => Promise<SolveOutcome>;
  /** Ends the solver; a solve in progress is answered with `crashed`. */
  readonly close: () => Promise<void>;
};
