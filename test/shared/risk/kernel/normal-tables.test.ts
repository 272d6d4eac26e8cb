import { expect, test } from "vitest";
import {
  EXPONENTIAL_CELLS,
  MILLS_ARGUMENT_MAX,
  MILLS_CELLS_PER_UNIT,
  MILLS_COEFFICIENTS,
} from "#shared/risk/kernel/kernel-layout.ts";
import { normalTables } from "#shared/risk/kernel/normal-tables.ts";
import { millsRatio } from "#shared/risk/statistics/normal.ts";

const { mills, exponentials } = normalTables();

function millsByTable(argument: number): number {
  const cell = Math.round(argument * MILLS_CELLS_PER_UNIT);
  const rest = argument - cell / MILLS_CELLS_PER_UNIT;
  const first = cell * MILLS_COEFFICIENTS;
  return mills
    .subarray(first, first + MILLS_COEFFICIENTS)
    .reduceRight((value, coefficient) => value * rest + coefficient, 0);
}

test("the Mills ratio's table agrees with Cody's approximation over its whole range", () => {
  let worst = 0;
  for (let argument = 0; argument <= MILLS_ARGUMENT_MAX; argument += 0.000_73) {
    worst = Math.max(worst, Math.abs(millsByTable(argument) / millsRatio(argument) - 1));
  }
  expect(worst).toBeLessThan(1.2e-15);
});

test("the Mills ratio at 0 is sqrt(pi / 2)", () => {
  expect(mills[0]).toBe(1.253_314_137_315_500_25);
});

test("neighbouring cells meet: the polynomial's error is below 3e-16 of the ratio", () => {
  const half = 0.5 / MILLS_CELLS_PER_UNIT;
  const at = (cell: number, rest: number) =>
    mills
      .subarray(cell * MILLS_COEFFICIENTS, (cell + 1) * MILLS_COEFFICIENTS)
      .reduceRight((value, coefficient) => value * rest + coefficient, 0);
  for (let cell = 0; cell + 1 < mills.length / MILLS_COEFFICIENTS; cell += 1) {
    expect(Math.abs(at(cell, half) / at(cell + 1, -half) - 1)).toBeLessThan(7e-16);
  }
});

test("powers of two are those of the host to an ulp, exact at the root of two", () => {
  exponentials.forEach((power, cell) => {
    expect(Math.abs(power / 2 ** (cell / EXPONENTIAL_CELLS) - 1)).toBeLessThan(2.3e-16);
  });
  expect(exponentials[0]).toBe(1);
  expect(exponentials[128]).toBe(Math.SQRT2);
});
