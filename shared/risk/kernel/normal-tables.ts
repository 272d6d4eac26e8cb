import {
  EXPONENTIAL_CELLS,
  MILLS_ARGUMENT_MAX,
  MILLS_CELLS_PER_UNIT,
  MILLS_COEFFICIENTS,
} from "#shared/risk/kernel/kernel-layout.ts";
import { exactProduct, exactSum } from "#shared/risk/statistics/double-double.ts";

type DoubleDouble = ReturnType<typeof exactSum>;

/** What the kernels look up instead of computing. */
export type NormalTables = {
  /** Polynomials of the Mills ratio around each cell's middle, constant term first. */
  readonly mills: Float64Array;
  /** 2^(cell / 256) for each cell. */
  readonly exponentials: Float64Array;
};

const CELL_LAST = Math.round(MILLS_ARGUMENT_MAX * MILLS_CELLS_PER_UNIT);
const SERIES_TERMS = 14;
const ECONOMISED_TERMS = 10;
const FRACTION_TERMS = 40;
const EXPONENTIAL_TERMS = 22;
const LN2: DoubleDouble = { high: Math.LN2, low: 2.3190468138462996e-17 };

let tables: NormalTables | null = null;

/**
 * The tables, computed on first use (tens of milliseconds) in twice the working precision with sums,
 * products and quotients only, so that they have the same bits on every host.
 *
 * The Mills polynomials have degree 5 on cells 1/64 wide; their error is below 2e-16 of the ratio.
 */
export function normalTables(): NormalTables {
  tables ??= { mills: millsTable(), exponentials: exponentialTable() };
  return tables;
}

/**
 * Goes down from the largest argument, where a continued fraction gives the ratio M, by Taylor series:
 * M' = yM - 1 lets an error grow on the way up, and shrink on the way down.
 */
function millsTable(): Float64Array {
  const table = new Float64Array((CELL_LAST + 1) * MILLS_COEFFICIENTS);
  let ratio = millsByFraction(CELL_LAST / MILLS_CELLS_PER_UNIT);
  for (let cell = CELL_LAST; cell >= 0; cell -= 1) {
    const series = millsSeries(cell / MILLS_CELLS_PER_UNIT, ratio);
    table.set(economised(series), cell * MILLS_COEFFICIENTS);
    ratio = seriesAt(series, -1 / MILLS_CELLS_PER_UNIT);
  }
  return table;
}

/** M(y) = 1 / (y + 1 / (y + 2 / (y + 3 / ...))). */
function millsByFraction(argument: number): DoubleDouble {
  let tail = exact(argument);
  for (let term = FRACTION_TERMS; term >= 1; term -= 1) {
    tail = sum(exact(argument), quotient(exact(term), tail));
  }
  return quotient(exact(1), tail);
}

/** Taylor coefficients a of M at `argument`: a1 = y a0 - 1, (n + 1) a(n+1) = y a(n) + a(n-1). */
function millsSeries(argument: number, ratio: DoubleDouble): DoubleDouble[] {
  let earlier = ratio;
  let current = sum(scaled(ratio, argument), exact(-1));
  const series = [earlier, current];
  for (let order = 1; order < SERIES_TERMS; order += 1) {
    const next = quotient(sum(scaled(current, argument), earlier), exact(order + 1));
    series.push(next);
    earlier = current;
    current = next;
  }
  return series;
}

function seriesAt(series: readonly DoubleDouble[], step: number): DoubleDouble {
  return series.reduceRight((rest, term) => sum(scaled(rest, step), term), exact(0));
}

/**
 * The series cut to the table's degree by taking away multiples of Chebyshev polynomials on the cell,
 * highest first: the error is spread evenly and some hundred times smaller than by cutting alone.
 */
function economised(series: readonly DoubleDouble[]): number[] {
  const halfCells = 2 * MILLS_CELLS_PER_UNIT;
  const onCell = series.slice(0, ECONOMISED_TERMS).map((term, order) => {
    return scaled(term, halfCells ** -order);
  });
  for (let order = ECONOMISED_TERMS - 1; order >= MILLS_COEFFICIENTS; order -= 1) {
    const share = (onCell[order]?.high ?? 0) / 2 ** (order - 1);
    CHEBYSHEV[order]?.forEach((coefficient, power) => {
      onCell[power] = sum(onCell[power] ?? exact(0), exact(-share * coefficient));
    });
  }
  return onCell.slice(0, MILLS_COEFFICIENTS).map(({ high }, order) => high * halfCells ** order);
}

/** Coefficients of the Chebyshev polynomials, constant term first: T(n+1) = 2x T(n) - T(n-1). */
const CHEBYSHEV: readonly (readonly number[])[] = chebyshevPolynomials();

function chebyshevPolynomials(): number[][] {
  const all: number[][] = [[1], [0, 1]];
  for (let order = 2; order < ECONOMISED_TERMS; order += 1) {
    const next = new Array<number>(order + 1).fill(0);
    all[order - 1]?.forEach((coefficient, power) => {
      next[power + 1] = 2 * coefficient;
    });
    all[order - 2]?.forEach((coefficient, power) => {
      next[power] = (next[power] ?? 0) - coefficient;
    });
    all.push(next);
  }
  return all;
}

function exponentialTable(): Float64Array {
  return Float64Array.from({ length: EXPONENTIAL_CELLS }, (_, cell) => {
    const exponent = scaled(LN2, cell / EXPONENTIAL_CELLS);
    let series = exact(1);
    for (let order = EXPONENTIAL_TERMS; order >= 1; order -= 1) {
      series = sum(exact(1), quotient(product(series, exponent), exact(order)));
    }
    return series.high;
  });
}

function exact(value: number): DoubleDouble {
  return { high: value, low: 0 };
}

function sum(left: DoubleDouble, right: DoubleDouble): DoubleDouble {
  const { high, low } = exactSum(left.high, right.high);
  return exactSum(high, low + left.low + right.low);
}

function product(left: DoubleDouble, right: DoubleDouble): DoubleDouble {
  const { high, low } = exactProduct(left.high, right.high);
  return exactSum(high, low + left.high * right.low + left.low * right.high);
}

function scaled(value: DoubleDouble, factor: number): DoubleDouble {
  return product(value, exact(factor));
}

function quotient(dividend: DoubleDouble, divisor: DoubleDouble): DoubleDouble {
  const high = dividend.high / divisor.high;
  const rest = sum(dividend, scaled(divisor, -high));
  return exactSum(high, (rest.high + rest.low) / divisor.high);
}
