import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eulerAllocation } from "#shared/risk/statistics/euler-allocation.ts";
import { expectedShortfall, tailRisk } from "#shared/risk/statistics/expected-shortfall.ts";
import { normalQuantile } from "#shared/risk/statistics/normal-quantile.ts";
import { QUANTILE_TYPES, type QuantileType, quantile } from "#shared/risk/statistics/quantile.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

const STRATA_TYPES: Record<string, QuantileType> = {
  IndexAbove: 1,
  NearestIndex: 3,
  SampleInterpolation: 4,
  MidwayInterpolation: 5,
  SamplePlusOneInterpolation: 6,
};
const SAMPLES = new Map(
  readVectors<"data" | "values">("tails.json", "samples").map((row) => [
    String(row.data),
    row.values as unknown as readonly number[],
  ]),
);
const ROWS = readVectors<"method" | "data" | "level" | "quantile" | "expectedShortfall">(
  "tails.json",
  "quantiles",
).filter(({ method }) => String(method) in STRATA_TYPES);

describe("quantile", () => {
  test.each(ROWS)("Strata's $method of $data", (row) => {
    const sample = SAMPLES.get(String(row.data)) ?? [];
    expect(quantile(sample, row.level, STRATA_TYPES[String(row.method)])).toBeCloseTo(
      row.quantile,
      7,
    );
  });

  /** By hand from the definitions. */
  test.each([
    [1, 2],
    [2, 2],
    [3, 2],
    [4, 1.5],
    [5, 2],
    [6, 1.8],
    [7, 2.2],
    [8, 1.9333333333333333],
    [9, 1.95],
  ] as const)("type %i follows Hyndman and Fan's definition", (type, value) => {
    expect(quantile([1, 3, 2, 4, 10], 0.3, type)).toBeCloseTo(value, 12);
  });

  test("type 7 of 1, 2, 3, 4 at 0.3 is 1.9 (Excel, NumPy, R)", () => {
    expect(quantile([1, 3, 2, 4], 0.3)).toBeCloseTo(1.9, 14);
  });

  test("rounding of n x level moves no index", () => {
    const values = Array.from({ length: 100 }, (_value, index) => index + 1);
    for (let percent = 1; percent < 100; percent += 1) {
      expect(quantile(values, percent / 100, 1)).toBe(percent);
      expect(quantile(values, percent / 100, 2)).toBe(percent + 0.5);
    }
  });

  test("every type stays within the sample and never falls with the level", () => {
    const sample = fc.array(numberIn(-1e6, 1e6), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        sample,
        fc.constantFrom(...QUANTILE_TYPES),
        numberIn(0, 1),
        numberIn(0, 1),
        (values, type, p, q) => {
          const [low, high] = [
            quantile(values, Math.min(p, q), type),
            quantile(values, Math.max(p, q), type),
          ];
          expect(low).toBeLessThanOrEqual(high);
          expect(low).toBeGreaterThanOrEqual(Math.min(...values));
          expect(high).toBeLessThanOrEqual(Math.max(...values));
        },
      ),
    );
  });
});

describe("tailRisk", () => {
  test("the scenario that straddles the edge counts by its part", () => {
    const risk = tailRisk({ pnlUsd: [-10, -8, 1, 2, 3, 4, 5, 6, 7, 8], level: 0.85 });
    expect(risk.tail.map(({ index }) => index)).toEqual([0, 1]);
    expect(risk.expectedShortfallUsd).toBeCloseTo((10 + 0.5 * 8) / 1.5, 12);
  });

  test("a level whose rounding would add a scenario does not", () => {
    const pnlUsd = Array.from({ length: 100 }, (_value, index) => -index);
    for (const level of [0.9, 0.95, 0.97, 0.99]) {
      expect(tailRisk({ pnlUsd, level }).tail).toHaveLength(Math.round(100 * (1 - level)));
    }
  });

  test("equal weights and whole weights agree with repeating scenarios", () => {
    const weighted = tailRisk({ pnlUsd: [-3, 5, -7], weights: [2, 6, 2], level: 0.7 }, 1);
    const repeated = tailRisk({ pnlUsd: [-3, -3, 5, 5, 5, 5, 5, 5, -7, -7], level: 0.7 }, 1);
    expect(weighted.valueAtRiskUsd).toBe(repeated.valueAtRiskUsd);
    expect(weighted.expectedShortfallUsd).toBeCloseTo(repeated.expectedShortfallUsd, 12);
  });

  test("a tail of gains is a negative shortfall", () => {
    expect(expectedShortfall([1, 2, 3, 4], 0.5)).toBe(-1.5);
  });

  test.each(
    readVectors<"mu" | "sigma" | "p" | "VaR" | "ES">("tails.json", "gaussian").filter(
      ({ mu, sigma }) => mu < 2 * sigma,
    ),
  )(
    "a normal sample comes near QuantLib's Gaussian figures at mu $mu, sigma $sigma",
    ({ mu, sigma, p, VaR, ES }) => {
      const count = 40_000;
      const pnlUsd = Array.from(
        { length: count },
        (_v, i) => mu + sigma * normalQuantile((i + 0.5) / count),
      );
      const risk = tailRisk({ pnlUsd, level: p });
      expect(Math.abs(risk.valueAtRiskUsd - VaR)).toBeLessThan(2e-3 * sigma);
      expect(Math.abs(risk.expectedShortfallUsd - ES)).toBeLessThan(2e-3 * sigma);
    },
  );
});

describe("coherence of expected shortfall", () => {
  const pnl = fc.array(numberIn(-1e3, 1e3), { minLength: 2, maxLength: 60 });
  const pair = fc.array(fc.tuple(numberIn(-1e3, 1e3), numberIn(-1e3, 1e3)), {
    minLength: 2,
    maxLength: 60,
  });
  const level = numberIn(0.05, 0.99);

  test("translation, positive homogeneity and monotonicity", () => {
    fc.assert(
      fc.property(pnl, level, numberIn(0, 100), numberIn(0, 10), (pnlUsd, at, cash, factor) => {
        const so = expectedShortfall(pnlUsd, at);
        expect(
          expectedShortfall(
            pnlUsd.map((x) => x + cash),
            at,
          ),
        ).toBeCloseTo(so - cash, 8);
        expect(
          expectedShortfall(
            pnlUsd.map((x) => x * factor),
            at,
          ),
        ).toBeCloseTo(so * factor, 7);
        expect(
          expectedShortfall(
            pnlUsd.map((x, i) => x + (i % 3)),
            at,
          ),
        ).toBeLessThanOrEqual(so + 1e-9);
      }),
    );
  });

  test("sub-additivity", () => {
    fc.assert(
      fc.property(pair, level, (pairs, at) => {
        const [left, right] = [pairs.map(([l]) => l), pairs.map(([, r]) => r)];
        const both = expectedShortfall(
          pairs.map(([l, r]) => l + r),
          at,
        );
        expect(both).toBeLessThanOrEqual(
          expectedShortfall(left, at) + expectedShortfall(right, at) + 1e-9,
        );
      }),
    );
  });

  test("at least value at risk, and the components sum to the whole in any order of scenarios", () => {
    const rounded = fc.array(
      fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })),
      { minLength: 2, maxLength: 40 },
    );
    fc.assert(
      fc.property(rounded, level, (pairs, at) => {
        const attribute = (rows: readonly (readonly [number, number])[]) => {
          const risk = tailRisk({ pnlUsd: rows.map(([l, r]) => l + r), level: at }, 1);
          const parts = eulerAllocation(
            risk.tail,
            new Map([
              ["l", rows.map(([l]) => l)],
              ["r", rows.map(([, r]) => r)],
            ]),
          );
          return { risk, l: parts.get("l") ?? Number.NaN, r: parts.get("r") ?? Number.NaN };
        };
        const { risk, l, r } = attribute(pairs);
        expect(l + r).toBeCloseTo(risk.expectedShortfallUsd, 10);
        expect(risk.expectedShortfallUsd).toBeGreaterThanOrEqual(risk.valueAtRiskUsd - 1e-9);
        expect(risk.tail.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
        const reversed = attribute([...pairs].reverse());
        expect(reversed.l).toBeCloseTo(l, 10);
        expect(reversed.r).toBeCloseTo(r, 10);
      }),
    );
  });
});

test.each([
  [{ pnlUsd: [], level: 0.9 }, "pnlUsd: empty"],
  [{ pnlUsd: [1, Number.NaN], level: 0.9 }, "pnlUsd[1]: NaN"],
  [{ pnlUsd: [1], level: 0 }, "level: 0"],
  [{ pnlUsd: [1, 2], weights: [1], level: 0.9 }, "weights: 1 given"],
  [{ pnlUsd: [1, 2], weights: [0, 0], level: 0.9 }, "weights: all 0"],
])("refuses %j by name", (outcomes, message) => {
  expect(() => tailRisk(outcomes, 1)).toThrow(message);
});
