import type { LinearProgram, Row } from "#coordinator/records/planning/linear-program.ts";

/**
 * A program in flat arrays, as the solver takes it and as it goes to a thread: copying some thousand small objects with their
 * names would hold the sending thread up for milliseconds.
 */
export type PackedProgram = {
  readonly cost: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** 1 for columns that are integers, else 0. */
  readonly integrality: Int32Array;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  /** Where the terms of each row start, and where the last ones end. */
  readonly rowStarts: Int32Array;
  readonly termColumns: Int32Array;
  readonly termCoefficients: Float64Array;
  /** The known solution's columns and values; empty without one. */
  readonly startColumns: Int32Array;
  readonly startValues: Float64Array;
};

/** Packs a program; the names of columns and rows stay behind. */
export function packProgram({ columns, rows, start = [] }: LinearProgram): PackedProgram {
  return {
    cost: Float64Array.from(columns.map((column) => column.cost)),
    lower: Float64Array.from(columns.map((column) => column.lower)),
    upper: Float64Array.from(columns.map((column) => column.upper)),
    integrality: Int32Array.from(columns.map((column) => (column.isInteger ? 1 : 0))),
    rowLower: Float64Array.from(rows.map((row) => row.lower)),
    rowUpper: Float64Array.from(rows.map((row) => row.upper)),
    ...packTerms(rows),
    startColumns: Int32Array.from(start.map(({ column }) => column)),
    startValues: Float64Array.from(start.map(({ value }) => value)),
  };
}

function packTerms(
  rows: readonly Row[],
): Pick<PackedProgram, "rowStarts" | "termColumns" | "termCoefficients"> {
  const rowStarts = new Int32Array(rows.length + 1);
  const size = rows.reduce((sum, row) => sum + row.terms.length, 0);
  const termColumns = new Int32Array(size);
  const termCoefficients = new Float64Array(size);
  let at = 0;
  for (const [index, { terms }] of rows.entries()) {
    for (const [column, coefficient] of terms) {
      termColumns[at] = column;
      termCoefficients[at] = coefficient;
      at += 1;
    }
    rowStarts[index + 1] = at;
  }
  return { rowStarts, termColumns, termCoefficients };
}
