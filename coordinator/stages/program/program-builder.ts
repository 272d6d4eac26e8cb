import type { Column, LinearProgram, Row } from "#coordinator/records/planning/linear-program.ts";

/** Terms of a row: pairs of a column and its coefficient; the same column may come more than once. */
export type Terms = readonly (readonly [column: number, coefficient: number])[];

/** A row whose shadow price people are shown, by what it limits and in which unit. */
export type ShownRow = { readonly row: number; readonly name: string; readonly unit: string };

/** How a column stands to the cap on what a plan may cost. */
type Capped = {
  /** Its value when nothing is done; 0 when left out. */
  readonly before: number;
  /** USD of risk one unit of it is: then what it costs is a penalty, and no cost of the plan. */
  readonly riskUsd: number;
  /** It may cost what it costs. */
  readonly isExempt: boolean;
};

/** What one unit of a column costs a plan, or leaves as risk, and its value when nothing is done. */
type Charge = {
  readonly column: number;
  readonly costUsd: number;
  readonly riskUsd: number;
  readonly before: number;
};

/** A program while it is written. */
export type ProgramBuilder = {
  /** Index of a new column, >= 0 and continuous when nothing else is said. */
  readonly column: (
    name: string,
    options: Partial<Omit<Column, "name">> & Partial<Capped>,
  ) => number;
  /** Of all columns so far that cost something or are a risk, those exempt left out. */
  readonly charges: () => readonly Charge[];
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
  const charges: Charge[] = [];
  const add = (row: Row, unit: string | undefined): void => {
    if (unit !== undefined) shown.push({ row: rows.length, name: row.name, unit });
    rows.push(row);
  };
  return {
    column: (name, { before = 0, riskUsd = 0, isExempt = false, ...options }) => {
      const defaults = { cost: 0, lower: 0, upper: Number.POSITIVE_INFINITY, isInteger: false };
      const column = { name, ...defaults, ...options };
      columns.push(column);
      const at = columns.length - 1;
      const costUsd = riskUsd === 0 ? column.cost : 0;
      if (!isExempt && (costUsd !== 0 || riskUsd !== 0))
        charges.push({ column: at, costUsd, riskUsd, before });
      return at;
    },
    charges: () => charges,
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
