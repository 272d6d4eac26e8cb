import { expect, test } from "vitest";
import { baselTrafficLight, countExceptions, kupiec } from "#shared/risk/statistics/backtest.ts";
import { readVectors } from "#test/support/maths/read-vectors.ts";

test.each(
  readVectors<"exceptions" | "n" | "p" | "zone" | "addOn">("backtests.json", "trafficLight"),
)("$exceptions exceptions in $n days are $zone", (row) => {
  const light = baselTrafficLight(row.exceptions, row.n, row.p);
  expect(light.zone).toBe(String(row.zone));
  expect(light.addOn).toBe(row.addOn);
});

test.each(readVectors<"x" | "n" | "p" | "LR" | "pValue">("backtests.json", "kupiec"))(
  "Kupiec's test of $x in $n",
  (row) => {
    const found = kupiec(row.x, row.n, 1 - row.p);
    expect(found.likelihoodRatio).toBeCloseTo(row.LR, 9);
    expect(found.pValue).toBeCloseTo(row.pValue, 9);
  },
);

test("no exception and nothing but exceptions have finite ratios", () => {
  expect(kupiec(0, 250, 0.99).likelihoodRatio).toBeCloseTo(-2 * 250 * Math.log(0.99), 12);
  expect(kupiec(10, 10, 0.99).likelihoodRatio).toBeCloseTo(-20 * Math.log(0.01), 9);
  expect(kupiec(5, 500, 0.99).likelihoodRatio).toBeCloseTo(0, 12);
});

test("an exception is a loss strictly beyond the stated value at risk", () => {
  expect(countExceptions([1, -5, -10, 0], [2, 5, 10, 1])).toBe(0);
  expect(countExceptions([1, -5.01, -9, -2], [2, 5, 10, 1])).toBe(2);
});

test("counts that cannot be are refused", () => {
  expect(() => kupiec(5, 4, 0.99)).toThrow("exceptions: 5");
  expect(() => baselTrafficLight(0, 0, 0.99)).toThrow("days: 0");
});
