import type { Column, LinearProgram, Row } from "#coordinator/records/linear-program.ts";

/** Terms of a row: pairs of a column and its coefficient; the same column may come more than once. */
export type Terms = readonly (readonly [column: number, coefficient: number])[];

/** A row whose shadow price people are shown, by what it limits and in which unit. */
export type ShownRow = { readonly row: number; readonly name: string; readonly unit: string };

/** A program while it is written. */
export type ProgramBuilder = {
  /** Index of a new column, >= 0 and continuous when nothing else is said. */
  readonly column: (name: string, options: Partial<Omit<Column, "name">>) => number;
  /** `terms <= upper`; `unit` is given when its shadow price is to be shown. */
  readonly atMost: (name: string, terms: Terms, upper: number, unit?: string) => void;
  /** `terms >= lower`. */
  readonly atLeast: (name: string, terms: Terms, lower: number, unit?: string) => void;
  readonly finish: () => { readonly program: LinearProgram; readonly shown: readonly ShownRow[] };
};

/** An empty program. */
export function programBuilder(): ProgramBuilder {
  const columns: Column[] = [];
  const rows: Row[] = [];
  const shown: ShownRow[] = [];
  const add = (row: Row, unit: string | undefined): void => {
    if (unit !== undefined) shown.push({ row: rows.length, name: row.name, unit });
    rows.push(row);
  };
  return {
    column: (name, options) => {
      const defaults = { cost: 0, lower: 0, upper: Number.POSITIVE_INFINITY, isInteger: false };
      columns.push({ name, ...defaults, ...options });
      return columns.length - 1;
    },
    atMost: (name, terms, upper, unit) => {
      add({ name, lower: Number.NEGATIVE_INFINITY, upper, terms: merged(terms) }, unit);
    },
    atLeast: (name, terms, lower, unit) => {
      add({ name, lower, upper: Number.POSITIVE_INFINITY, terms: merged(terms) }, unit);
    },
    finish: () => ({ program: { columns, rows }, shown }),
  };
}

function merged(terms: Terms): Terms {
  const sums = new Map<number, number>();
  for (const [column, coefficient] of terms)
    sums.set(column, (sums.get(column) ?? 0) + coefficient);
  return [...sums];
}
