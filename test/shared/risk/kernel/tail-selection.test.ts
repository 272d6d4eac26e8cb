import fc from "fast-check";
import { expect, test } from "vitest";
import { tailSelection } from "#shared/risk/kernel/tail-selection.ts";
import { tailRisk } from "#shared/risk/statistics/expected-shortfall.ts";
import { QUANTILE_TYPES } from "#shared/risk/statistics/quantile.ts";
import { seededUniform, standardNormal } from "#shared/risk/statistics/random.ts";

const outcomes = fc.oneof(
  fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 }),
  fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 200 }),
);
const level = fc.oneof(
  fc.constantFrom(0.5, 0.9, 0.95, 0.975, 0.99, 0.999),
  fc.double({ min: 1e-6, max: 1 - 1e-9, noNaN: true }),
);

test("gives the value at risk of every quantile type, and the shortfall, that sorting gives", () => {
  const selection = tailSelection(200);
  fc.assert(
    fc.property(outcomes, level, fc.constantFrom(...QUANTILE_TYPES), (pnl, at, type) => {
      const expected = tailRisk({ pnlUsd: pnl, level: at }, type);
      const found = selection.measure(Float64Array.from(pnl), at, type);
      if (type !== 1) expect(found.valueAtRiskUsd).toBe(expected.valueAtRiskUsd);
      const scale = Math.max(...pnl.map(Math.abs), 1e-300);
      const error = Math.abs(found.expectedShortfallUsd - expected.expectedShortfallUsd);
      expect(error).toBeLessThanOrEqual(1e-11 * scale);
      expect(Math.abs(found.valueAtRiskUsd - expected.valueAtRiskUsd)).toBeLessThan(
        1e-9 * scale || 1,
      );
    }),
    { numRuns: 500 },
  );
});

test("does not depend on what was measured before, nor on the order of the scenarios", () => {
  const uniform = seededUniform(5);
  const pnlUsd = Float64Array.from({ length: 20_000 }, () => 1000 * standardNormal(uniform));
  const used = tailSelection(20_000);
  used.measure(
    pnlUsd.map((pnl) => pnl * 3 - 5000),
    0.99,
  );
  for (let round = 0; round < 5; round += 1) {
    const moved = pnlUsd.map((pnl) => pnl * (1 - 0.2 * round));
    const fresh = tailSelection(20_000).measure(moved, 0.975);
    expect(used.measure(moved, 0.975)).toEqual(fresh);
    expect(used.measure(moved.toReversed(), 0.975)).toEqual(fresh);
  }
});

test("leaves the outcomes as they were", () => {
  const pnlUsd = Float64Array.of(3, -1, 2, -5, 4);
  tailSelection(5).measure(pnlUsd, 0.8);
  expect([...pnlUsd]).toEqual([3, -1, 2, -5, 4]);
});

test.each([
  { pnl: [], at: 0.9, message: "pnlUsd: 0 scenarios; must be 1 to 3" },
  { pnl: [1, 2, 3, 4], at: 0.9, message: "pnlUsd: 4 scenarios; must be 1 to 3" },
  { pnl: [1, Number.NaN], at: 0.9, message: "pnlUsd[1]: NaN; must be finite" },
  { pnl: [Number.NEGATIVE_INFINITY], at: 0.9, message: "pnlUsd[0]: -Infinity; must be finite" },
  { pnl: [1], at: 1, message: "level: 1; must be within (0, 1)" },
])("refuses: $message", ({ pnl, at, message }) => {
  expect(() => tailSelection(3).measure(Float64Array.from(pnl), at)).toThrow(message);
});

test("refuses an impossible number of scenarios", () => {
  expect(() => tailSelection(0)).toThrow("scenarios: 0; must be a whole number > 0");
});
