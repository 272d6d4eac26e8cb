import fc from "fast-check";
import { expect, test } from "vitest";
import { splitTrade, type TradeOption } from "#coordinator/stages/trades/split-trade.ts";

/** Depth of 100 units: the first half at `cost` USD a unit, the second at twice as much. */
function option(shard: string, cost: number, changes: Partial<TradeOption> = {}): TradeOption {
  const segments = [
    { units: 50, costUsdPerUnit: cost },
    { units: 50, costUsdPerUnit: 2 * cost },
  ];
  return {
    shard,
    segments,
    limitUnits: 100,
    gasUsd: 0,
    leastUnits: 0,
    payableUnits: 0,
    ...changes,
  };
}

test("depth is taken in order of marginal cost", () => {
  expect(splitTrade(80, [option("a", 1), option("b", 1.5)], 8)).toEqual([
    { shard: "a", units: 50 },
    { shard: "b", units: 30 },
  ]);
});

test("of equal costs the first shard's depth is taken first", () => {
  expect(splitTrade(70, [option("b", 1), option("a", 1)], 8)).toEqual([
    { shard: "b", units: 50 },
    { shard: "a", units: 20 },
  ]);
});

test.each([
  { units: 120, part: 20 },
  { units: 160, part: 60 },
])(
  "a cheaper stretch behind a dearer one is reached only through it: $units",
  ({ units, part }) => {
    const falling = [
      { units: 50, costUsdPerUnit: 3 },
      { units: 50, costUsdPerUnit: 1 },
    ];
    expect(
      splitTrade(units, [option("a", 3, { segments: falling }), option("b", 1.25)], 8),
    ).toEqual([
      { shard: "b", units: 100 },
      { shard: "a", units: part },
    ]);
  },
);

test("a shard whose gas costs more than its depth saves is dropped", () => {
  const saved = 10 * (2 - 1.5);
  const both = (gasUsd: number) =>
    splitTrade(60, [option("a", 1), option("b", 1.5, { gasUsd })], 8);
  expect(both(saved - 0.1)).toHaveLength(2);
  expect(both(saved + 0.1)).toEqual([{ shard: "a", units: 60 }]);
});

test("no part of the trade is given up to save gas", () => {
  const parts = splitTrade(
    60,
    [option("a", 1, { limitUnits: 40 }), option("b", 1.5, { gasUsd: 1e6 })],
    8,
  );
  expect(parts.reduce((total, part) => total + part.units, 0)).toBe(60);
});

test("an option that can never carry a trade worth its gas is left out", () => {
  expect(splitTrade(60, [option("a", 1, { limitUnits: 3, leastUnits: 5 })], 8)).toEqual([]);
  expect(splitTrade(4, [option("a", 1, { leastUnits: 5 })], 8)).toEqual([]);
});

test.each([
  { name: "no jobs left", units: 10, jobsMax: 0 },
  { name: "nothing to trade", units: 0, jobsMax: 8 },
])("$name: no parts", ({ units, jobsMax }) => {
  expect(splitTrade(units, [option("a", 1)], jobsMax)).toEqual([]);
});

test("with one job only, the best single shard has it", () => {
  expect(splitTrade(60, [option("a", 2), option("b", 1)], 1)).toEqual([{ shard: "b", units: 60 }]);
});

const anOption = fc.record({
  cost: fc.double({ min: -1, max: 5, noNaN: true }),
  limitUnits: fc.double({ min: 0, max: 120, noNaN: true }),
  gasUsd: fc.double({ min: 0, max: 20, noNaN: true }),
});

test("the parts never exceed the trade, a limit or the depth, and use each shard once", () => {
  const size = fc.double({ min: 0.001, max: 400, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(anOption, { maxLength: 6 }),
      size,
      fc.integer({ min: 1, max: 6 }),
      (drawn, units, jobsMax) => {
        const options = drawn.map((one, index) => option(`s${index}`, one.cost, one));
        const parts = splitTrade(units, options, jobsMax);
        const total = parts.reduce((sum, part) => sum + part.units, 0);
        expect(total).toBeLessThanOrEqual(units * (1 + 1e-9));
        expect(parts.length).toBeLessThanOrEqual(jobsMax);
        expect(new Set(parts.map((part) => part.shard)).size).toBe(parts.length);
        for (const part of parts) {
          const limit = options.find((one) => one.shard === part.shard)?.limitUnits ?? 0;
          expect(part.units).toBeLessThanOrEqual(Math.min(limit, 100) * (1 + 1e-9));
        }
      },
    ),
  );
});

test("with jobs enough, all that the limits allow is traded", () => {
  const size = fc.double({ min: 0.001, max: 400, noNaN: true });
  fc.assert(
    fc.property(fc.array(anOption, { minLength: 1, maxLength: 6 }), size, (drawn, units) => {
      const options = drawn.map((one, index) => option(`s${index}`, one.cost, one));
      const room = options.reduce((sum, one) => sum + Math.min(one.limitUnits, 100), 0);
      const total = splitTrade(units, options, 6).reduce((sum, part) => sum + part.units, 0);
      expect(total).toBeGreaterThanOrEqual(Math.min(units, room) - 1e-7 * units);
    }),
  );
});
