import { describe, expect, test } from "vitest";
import { type FactorExposure, type FactorPnl, factorPnl } from "#shared/risk/kernel/factor-pnl.ts";
import { seededUniform, standardNormal } from "#shared/risk/statistics/random.ts";

const KINDS = ["simd", "typed"] as const;

const SHAPES = [
  { scenarios: 1, factors: 1 },
  { scenarios: 2, factors: 2 },
  { scenarios: 1025, factors: 7 },
  { scenarios: 3000, factors: 50 },
];

function exposuresOf(factors: number, seed: number): FactorExposure[] {
  const uniform = seededUniform(seed);
  return Array.from({ length: factors }, () => {
    return { deltaUsd: 1e4 * standardNormal(uniform), gammaUsd: 1e5 * standardNormal(uniform) };
  });
}

function filled(shape: (typeof SHAPES)[number], kind: (typeof KINDS)[number]): FactorPnl {
  const table = factorPnl(shape, kind);
  const uniform = seededUniform(17);
  for (let factor = 0; factor < shape.factors; factor += 1) {
    table.moves(factor).forEach((_, scenario, moves) => {
      moves[scenario] = 0.02 * standardNormal(uniform);
    });
  }
  return table;
}

function nestedPnl(table: FactorPnl, exposures: readonly FactorExposure[]): number[] {
  return Array.from(table.pnlUsd, (_, scenario) =>
    exposures.reduce((sum, { deltaUsd, gammaUsd }, factor) => {
      const move = table.moves(factor)[scenario] ?? 0;
      return sum + deltaUsd * move + 0.5 * gammaUsd * move * move;
    }, 0),
  );
}

function expectClose(found: Float64Array, expected: readonly number[]): void {
  const scale = Math.max(...expected.map(Math.abs));
  found.forEach((pnl, scenario) => {
    expect(Math.abs(pnl - (expected[scenario] ?? Number.NaN))).toBeLessThan(1e-13 * scale);
  });
}

describe.each(KINDS)("the %s kernel", (kind) => {
  test.each(SHAPES)(
    "sums delta and gamma of $factors factors over $scenarios scenarios",
    (shape) => {
      const table = filled(shape, kind);
      for (const seed of [1, 2]) {
        const exposures = exposuresOf(shape.factors, seed);
        table.setAll(exposures);
        expectClose(table.pnlUsd, nestedPnl(table, exposures));
      }
    },
  );

  test("one changed factor gives what computing anew gives, to rounding", () => {
    const shape = { scenarios: 1001, factors: 9 };
    const table = filled(shape, kind);
    const exposures = exposuresOf(9, 3);
    table.setAll(exposures);
    exposuresOf(9, 4).forEach((exposure, factor) => {
      exposures[factor] = exposure;
      table.setOne(factor, exposure);
      expectClose(table.pnlUsd, nestedPnl(table, exposures));
    });
  });

  test("refuses what is not there or not finite", () => {
    const table = factorPnl({ scenarios: 3, factors: 2 }, kind);
    const one = { deltaUsd: 1, gammaUsd: 0 };
    expect(() => table.setAll([one])).toThrow("exposures: 1; must be one per factor (2)");
    expect(() => table.setAll([one, { ...one, gammaUsd: Number.NaN }])).toThrow(
      "exposures[1].gammaUsd: NaN; must be finite",
    );
    expect(() => table.setOne(2, one)).toThrow("factor: 2; must be a whole number below 2");
    expect(() => table.moves(-1)).toThrow("factor: -1; must be a whole number below 2");
    expect(() => factorPnl({ scenarios: 1.5, factors: 1 }, kind)).toThrow(
      "scenarios: 1.5; must be a whole number > 0",
    );
  });
});

test.each(SHAPES)("both kernels give the same bits for $scenarios x $factors", (shape) => {
  const [simd, typed] = KINDS.map((kind) => {
    const table = filled(shape, kind);
    table.setAll(exposuresOf(shape.factors, 6));
    table.setOne(0, { deltaUsd: 3, gammaUsd: -4 });
    return new BigUint64Array(table.pnlUsd.slice().buffer);
  });
  expect(simd).toEqual(typed);
});
