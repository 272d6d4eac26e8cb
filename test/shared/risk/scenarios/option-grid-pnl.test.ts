import fc from "fast-check";
import { expect, test } from "vitest";
import { optionPricer } from "#shared/risk/pricing/option-pricer.ts";
import { optionGridPnlUsd } from "#shared/risk/scenarios/option-grid-pnl.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";

const DAY_MS = 86_400_000;
const slices = [7, 90].map((days) => {
  return { expiryMs: days * DAY_MS, a: 0.01, b: 0.1, rho: -0.3, m: 0.02, sigma: 0.2 };
});
const market = { spotUsd: 3_000, slices, nowMs: 0 };
const position = fc.record({
  underlying: fc.constant("ETH"),
  type: fc.constantFrom("call" as const, "put" as const),
  strikeUsd: fc.integer({ min: 8, max: 100 }).map((steps) => steps * 100),
  expiryMs: fc.constantFrom(1, 7, 30, 90, 365).map((days) => days * DAY_MS),
  quantity: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
});

test("says what the revaluation of every position says, to rounding", () => {
  const spotUnits = fc.double({ min: -100, max: 100, noNaN: true });
  fc.assert(
    fc.property(fc.array(position, { maxLength: 60 }), spotUnits, (positions, spot) => {
      const plain = optionScenarioPnlUsd(positions, spot, market, STANDARD_GRID);
      const fast = optionGridPnlUsd(
        { positions, spotUnits: spot },
        optionPricer(market),
        STANDARD_GRID,
      );
      const held = positions.reduce((sum, { quantity }) => sum + Math.abs(quantity), 1);
      expect(fast).toHaveLength(plain.length);
      fast.forEach((pnl, index) => {
        expect(Math.abs(pnl - (plain[index] ?? Number.NaN))).toBeLessThan(1e-11 * held * 10_000);
      });
    }),
  );
});

test("what was asked before leaves no trace", () => {
  const books = fc.array(fc.array(position, { minLength: 1, maxLength: 60 }), { maxLength: 8 });
  const pnlUsd = (positions: Parameters<typeof optionGridPnlUsd>[0]["positions"]) =>
    optionGridPnlUsd({ positions, spotUnits: 0 }, optionPricer(market), STANDARD_GRID);
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 60 }), books, (book, others) => {
      const first = pnlUsd(book);
      for (const other of others) pnlUsd(other);
      expect(pnlUsd(book)).toEqual(first);
    }),
    { numRuns: 30 },
  );
});

test("a pricer asked again, of the same book or one that differs in little, says what a new one says", () => {
  const changes = fc.array(
    fc.record({
      at: fc.nat(),
      with: fc.oneof(
        fc.record({ quantity: fc.double({ min: -9, max: 9, noNaN: true }) }),
        fc.record({ type: fc.constantFrom("call" as const, "put" as const) }),
        fc.record({ strikeUsd: fc.constantFrom(800, 900) }),
        fc.record({ expiryMs: fc.constantFrom(DAY_MS, 7 * DAY_MS) }),
      ),
      spotUnits: fc.constantFrom(0, -0, 1),
    }),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 20 }), changes, (book, steps) => {
      const pricer = optionPricer(market);
      let positions = book;
      for (const { at, with: change, spotUnits } of steps) {
        const place = at % positions.length;
        positions = positions.map((one, index) => (index === place ? { ...one, ...change } : one));
        const held = { positions, spotUnits };
        const anew = optionGridPnlUsd(held, optionPricer(market), STANDARD_GRID);
        expect(optionGridPnlUsd(held, pricer, STANDARD_GRID)).toEqual(anew);
        expect(optionGridPnlUsd(structuredClone(held), pricer, STANDARD_GRID)).toEqual(anew);
      }
      const half = STANDARD_GRID.slice(0, 9);
      const held = { positions, spotUnits: 0 };
      expect(optionGridPnlUsd(held, pricer, half)).toHaveLength(9);
    }),
    { numRuns: 60 },
  );
});

test.each([
  { name: "rate", with: { rate: 0.05 } },
  { name: "carry", with: { rate: 0.05, carry: 0.01 } },
  { name: "no volatility", with: { slices: [{ ...slices[0], a: 0, b: 0 } as (typeof slices)[0]] } },
])("also with $name", ({ with: change }) => {
  const other = { ...market, ...change };
  const positions = fc.sample(position, 20);
  const plain = optionScenarioPnlUsd(positions, 1, other, STANDARD_GRID);
  optionGridPnlUsd({ positions, spotUnits: 1 }, optionPricer(other), STANDARD_GRID).forEach(
    (pnl, index) => {
      expect(pnl).toBeCloseTo(plain[index] ?? Number.NaN, 4);
    },
  );
});

test("a position out of its domain is refused", () => {
  const expired = { underlying: "ETH", type: "call", strikeUsd: 3_000, quantity: 1 } as const;
  const positions = [{ ...expired, expiryMs: DAY_MS, strikeUsd: Number.NaN }];
  expect(() =>
    optionGridPnlUsd({ positions, spotUnits: 0 }, optionPricer(market), STANDARD_GRID),
  ).toThrow(RangeError);
});
