/** A decision variable. `cost` is what one unit of it adds to the objective, which is minimised. */
export type Column = {
  readonly name: string;
  readonly cost: number;
  /** `-Infinity` and `Infinity` where there is no bound. */
  readonly lower: number;
  readonly upper: number;
  readonly isInteger: boolean;
};

/** `lower <= sum of coefficient x column <= upper`; terms name each column at most once. */
export type Row = {
  readonly name: string;
  readonly lower: number;
  readonly upper: number;
  readonly terms: readonly (readonly [column: number, coefficient: number])[];
};

/** A mixed-integer linear program: minimise the cost of the columns within bounds and rows. */
export type LinearProgram = {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** A known solution's integer columns, all of them or none; the solver may begin there. */
  readonly start?: readonly StartValue[];
};

export type StartValue = { readonly column: number; readonly value: number };

/** Values of a program's columns, in their order, and how good they are. */
export type ProgramSolution = {
  readonly solved: true;
  /** `time-limit`: the best found so far; how far from the best possible says `gapFraction`. */
  readonly status: "optimal" | "time-limit";
  readonly values: readonly number[];
  readonly objective: number;
  /** Distance to the best possible objective as a fraction of this one; 0 when proven optimal. */
  readonly gapFraction: number;
  /**
   * Change of the objective per unit that a row's active bound is raised by, in row order, from the linear program with
   * all integer columns fixed: at most 0 at an upper bound, at least 0 at a lower one, 0 where a row does not bind.
   * Null when there was no time left for it.
   */
  readonly shadowPrices: readonly number[] | null;
  readonly tookMs: number;
};

/** No values: the caller must do without. */
export type SolveFailure = {
  readonly solved: false;
  readonly reason: "infeasible" | "unbounded" | "invalid" | "time-limit" | "crashed" | "busy";
  readonly detail: string;
  readonly tookMs: number;
};

export type SolveOutcome = ProgramSolution | SolveFailure;
