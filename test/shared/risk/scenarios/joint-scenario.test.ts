import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  historicalScenarios,
  jointPnlUsd,
  monteCarloScenarios,
} from "#shared/risk/scenarios/joint-scenario.ts";
import { liquidationCascade } from "#shared/risk/scenarios/liquidation-cascade.ts";
import {
  brokenCorrelation,
  isPositiveSemidefinite,
  nearestCorrelation,
  repairedCorrelation,
} from "#shared/risk/statistics/correlation.ts";
import { normalDistribution } from "#shared/risk/statistics/normal.ts";
import { normalQuantile } from "#shared/risk/statistics/normal-quantile.ts";
import { seededUniform } from "#shared/risk/statistics/random.ts";
import {
  eigenSystem,
  fromEigenSystem,
  type Matrix,
  squareRootFactor,
} from "#shared/risk/statistics/symmetric-matrix.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const SMALL: Matrix = [
  [1, 0.5, 0.2],
  [0.5, 1, -0.3],
  [0.2, -0.3, 1],
];
const anySymmetric = fc.integer({ min: 1, max: 7 }).chain((size) =>
  fc
    .array(fc.array(numberIn(-1, 1), { minLength: size, maxLength: size }), {
      minLength: size,
      maxLength: size,
    })
    .map((rows) =>
      rows.map((row, i) =>
        row.map((value, j) => (i === j ? 1 : i < j ? value : (rows[j]?.[i] ?? 0))),
      ),
    ),
);

function largestGap(left: Matrix, right: Matrix): number {
  return Math.max(
    ...left.flatMap((row, i) =>
      row.map((value, j) => Math.abs(value - (right[i]?.[j] ?? Number.NaN))),
    ),
  );
}

describe("published values", () => {
  test("QuantLib's spectral repair", () => {
    const [row] = readVectors<"row0" | "row1" | "row2" | "c01" | "c02" | "c12">(
      "correlation.json",
      "spectral",
    );
    const repaired = repairedCorrelation([row?.row0, row?.row1, row?.row2] as unknown as Matrix);
    expect(repaired[0]?.[1]).toBeCloseTo(row?.c01 ?? Number.NaN, 10);
    expect(repaired[0]?.[2]).toBeCloseTo(row?.c02 ?? Number.NaN, 10);
    expect(repaired[1]?.[2]).toBeCloseTo(row?.c12 ?? Number.NaN, 10);
  });

  test("the nearest correlation matrix of Knol and ten Berge", () => {
    const [row] = readVectors<"lowerColumnMajorInput" | "lowerColumnMajorOutput">(
      "correlation.json",
      "nearest",
    );
    const [input, output] = [row?.lowerColumnMajorInput, row?.lowerColumnMajorOutput].map((lower) =>
      unpacked(lower as unknown as readonly number[], 6),
    ) as [Matrix, Matrix];
    const nearest = nearestCorrelation(input);
    const distance = Math.hypot(
      ...nearest.flatMap((line, i) => line.map((value, j) => value - (input[i]?.[j] ?? 0))),
    );
    expect(distance).toBeLessThanOrEqual(0.0744);
    expect(Math.min(...eigenSystem(nearest).values)).toBeGreaterThan(-1e-10);
    expect(largestGap(nearest, output)).toBeLessThan(2e-3);
  });
});

function unpacked(lower: readonly number[], size: number): Matrix {
  const matrix = Array.from({ length: size }, (_row, i) =>
    Array.from({ length: size }, (_c, j) => (i === j ? 1 : 0) as number),
  );
  let next = 0;
  for (let column = 0; column < size; column += 1) {
    for (let row = column + 1; row < size; row += 1) {
      (matrix[row] ?? [])[column] = (matrix[column] ?? [])[row] = lower[next] ?? Number.NaN;
      next += 1;
    }
  }
  return matrix;
}

test("a symmetric matrix is its eigensystem, with orthonormal vectors", () => {
  fc.assert(
    fc.property(anySymmetric, (matrix) => {
      const system = eigenSystem(matrix);
      expect(largestGap(fromEigenSystem(system), matrix)).toBeLessThan(1e-12);
      const ones = { ...system, values: system.values.map(() => 1) };
      expect(
        largestGap(
          fromEigenSystem(ones),
          matrix.map((row, i) => row.map((_v, j) => (i === j ? 1 : 0))),
        ),
      ).toBeLessThan(1e-12);
    }),
  );
});

test("repair makes any matrix a correlation matrix that has a square root", () => {
  fc.assert(
    fc.property(anySymmetric, (matrix) => {
      const repaired = repairedCorrelation(matrix);
      expect(isPositiveSemidefinite(repaired)).toBe(true);
      const factor = squareRootFactor(repaired);
      const product = factor.map((row) =>
        factor.map((other) => row.reduce((sum, value, k) => sum + value * (other[k] ?? 0), 0)),
      );
      expect(largestGap(product, repaired)).toBeLessThan(1e-12);
    }),
  );
});

test("a breakdown ends with everything moving together, or with nothing hedging", () => {
  expect(brokenCorrelation(SMALL, "one", 1)[1]?.[2]).toBe(1);
  expect(brokenCorrelation(SMALL, "zero", 0.5)[0]?.[1]).toBe(0.25);
  expect(isPositiveSemidefinite(brokenCorrelation(SMALL, "flip", 0.8))).toBe(true);
  expect(() => brokenCorrelation(SMALL, "one", 2)).toThrow("severity: 2");
  expect(() =>
    squareRootFactor([
      [1, 2],
      [2, 1],
    ]),
  ).toThrow("positive semi-definite");
});

test("the normal quantile is the inverse of the distribution", () => {
  fc.assert(
    fc.property(numberIn(-37, 5), (x) => {
      const tail = normalDistribution(x);
      fc.pre(tail > 0 && tail < 1);
      expect(Math.abs(normalQuantile(tail) - x)).toBeLessThan(x > 2 ? 1e-9 : 2e-13);
    }),
  );
  expect(() => normalQuantile(1)).toThrow("probability: 1");
});

test("a seed gives its stream, inside (0, 1), with the moments of a uniform", () => {
  const [one, again] = [seededUniform(42), seededUniform(42)];
  const draws = Array.from({ length: 20_000 }, one);
  expect(draws.slice(0, 5)).toEqual(Array.from({ length: 5 }, again));
  expect(Math.min(...draws)).toBeGreaterThan(0);
  expect(Math.max(...draws)).toBeLessThan(1);
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(4 / Math.sqrt(12 * draws.length));
});

describe("scenarios", () => {
  test("history gives one scenario per window, newest last, older ones lighter", () => {
    const history = { spotUsd: [100, 110, 99, 99], volatility: [0.5, 0.4, 0.6, 0.3] };
    const scenarios = historicalScenarios(new Map([["ETH", history]]), {
      days: 1,
      halfLifeDays: 1,
    });
    expect(scenarios.map(({ weight }) => weight)).toEqual([0.25, 0.5, 1]);
    const moves = scenarios.map((scenario) => scenario.moves.get("ETH"));
    expect(moves[0]?.spotShock).toBeCloseTo(0.1, 12);
    expect(moves[2]?.volShock).toBeCloseTo(-0.5, 12);
    expect(() =>
      historicalScenarios(new Map([["ETH", { spotUsd: [1], volatility: [1] }]]), { days: 1 }),
    ).toThrow("histories");
  });

  test("Monte Carlo keeps the mean, the correlation and the mirror", () => {
    const factors = ["ETH", "BTC"].map((underlying) => ({
      underlying,
      spotVolatility: 0.8,
      volatilityOfVolatility: 0.5,
    }));
    const correlation = [
      [1, 0.7, -0.3, 0],
      [0.7, 1, 0, -0.3],
      [-0.3, 0, 1, 0.5],
      [0, -0.3, 0.5, 1],
    ];
    const scenarios = monteCarloScenarios(
      { factors, correlation },
      { years: 1 / 52, pairs: 8000 },
      seededUniform(3),
    );
    const series = (name: string) =>
      scenarios.map((s) => Math.log1p(s.moves.get(name)?.spotShock ?? Number.NaN));
    const [eth, btc] = [series("ETH"), series("BTC")];
    const mean =
      scenarios.reduce((sum, s) => sum + (s.moves.get("ETH")?.spotShock ?? 0), 0) /
      scenarios.length;
    expect(Math.abs(mean)).toBeLessThan(1e-3);
    expect(Math.abs(correlationOf(eth, btc) - 0.7)).toBeLessThan(0.02);
    expect((eth[0] ?? 0) + (eth[1] ?? 0)).toBeCloseTo(-(0.64 / 52), 12);
  });

  test("joint P&L moves each underlying on its own", () => {
    const market = { spotUsd: 100, nowMs: 0, rate: 0, volatility: 0.5 };
    const markets = new Map([
      ["ETH", market],
      ["BTC", { ...market, spotUsd: 1000 }],
    ]);
    const positions = [
      { kind: "spot", underlying: "ETH", quantity: 1 },
      { kind: "spot", underlying: "BTC", quantity: -1 },
    ] as const;
    const scenario = { weight: 1, moves: new Map([["ETH", { spotShock: 0.1, volShock: 0 }]]) };
    expect([...jointPnlUsd([{ id: "a", collateral: [], positions }], markets, [scenario])]).toEqual(
      [["a", Float64Array.of(10)]],
    );
  });
});

function correlationOf(left: readonly number[], right: readonly number[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [ml, mr] = [mean(left), mean(right)];
  const covariance = mean(left.map((value, i) => (value - ml) * ((right[i] ?? 0) - mr)));
  return (
    covariance /
    Math.sqrt(mean(left.map((v) => (v - ml) ** 2)) * mean(right.map((v) => (v - mr) ** 2)))
  );
}

describe("liquidationCascade", () => {
  const IMPACT = { coefficient: 0.1, depthUnits: 1000, power: 0.5 };
  const ORDERS = [
    { side: "sell", triggerUsd: 95, quantityUnits: 250 },
    { side: "sell", triggerUsd: 88, quantityUnits: 750 },
    { side: "sell", triggerUsd: 60, quantityUnits: 1e6 },
  ] as const;

  test("forced sales set off the next ones until none is left to trigger", () => {
    const cascade = liquidationCascade({ spotUsd: 100, spotShock: -0.06 }, ORDERS, IMPACT);
    expect(cascade).toMatchObject({ forcedUnits: 250, rounds: 1 });
    expect(cascade.spotUsd).toBeCloseTo(94 * Math.exp(-0.05), 12);
    const deeper = liquidationCascade({ spotUsd: 100, spotShock: -0.075 }, ORDERS, IMPACT);
    expect(deeper).toMatchObject({ forcedUnits: 1000, rounds: 2 });
    expect(deeper.spotShock).toBeCloseTo(0.925 * Math.exp(-0.1) - 1, 12);
  });

  test("nothing triggered is the shock itself; shorts are squeezed the other way", () => {
    expect(liquidationCascade({ spotUsd: 100, spotShock: -0.01 }, ORDERS, IMPACT)).toMatchObject({
      spotUsd: 99,
      rounds: 0,
    });
    const squeeze = [{ side: "buy", triggerUsd: 105, quantityUnits: 1000 }] as const;
    expect(
      liquidationCascade({ spotUsd: 100, spotShock: 0.06 }, squeeze, IMPACT).spotUsd,
    ).toBeCloseTo(106 * Math.exp(0.1), 10);
  });

  test("a deeper shock never ends higher", () => {
    fc.assert(
      fc.property(numberIn(-0.5, 0), numberIn(0, 0.3), (spotShock, more) => {
        const end = (shock: number) =>
          liquidationCascade({ spotUsd: 100, spotShock: shock }, ORDERS, IMPACT).spotUsd;
        expect(end(spotShock - more)).toBeLessThanOrEqual(end(spotShock) + 1e-9);
      }),
    );
  });
});
