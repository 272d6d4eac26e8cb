import fc from "fast-check";
import { expect, test } from "vitest";
import { type ChainValue, chainValuer } from "#shared/risk/portfolio/option-chain.ts";
import { addGreeks, GREEK_NAMES, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import {
  type OptionMarket,
  type OptionPosition,
  valueOption,
} from "#shared/risk/pricing/option-position.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";

const NOW_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const slice = (days: number) => {
  return { expiryMs: NOW_MS + days * DAY_MS, a: 0.004, b: 0.1, rho: -0.3, m: 0.02, sigma: 0.15 };
};
const market: OptionMarket = {
  spotUsd: 3_000,
  nowMs: NOW_MS,
  slices: [slice(7), slice(30), slice(180)],
};
const certain = { ...slice(7), a: 0, b: 0 };

const position = fc.record({
  underlying: fc.constant("ETH"),
  type: fc.constantFrom("call" as const, "put" as const),
  // Few strikes and expiries, so that they repeat.
  strikeUsd: fc.constantFrom(500, 2_400, 2_999.9, 3_000, 3_300, 9_000),
  expiryMs: fc.constantFrom(1, 7, 45, 400).map((days) => NOW_MS + days * DAY_MS),
  quantity: fc.oneof(fc.double({ min: -1e3, max: 1e3, noNaN: true }), fc.constant(0)),
});
const positions = fc.array(position, { maxLength: 40 });
const anyMarket = fc
  .record({
    spotUsd: fc.constantFrom(1_999, 2_047.99, 2_048, 3_000, 4_096),
    laterMs: fc.constantFrom(0, 1, 3_600_000),
    a: fc.constantFrom(0, 1e-9, 0.01),
  })
  .map(({ spotUsd, laterMs, a }): OptionMarket => {
    const [first = slice(7), ...others] = market.slices;
    return { spotUsd, nowMs: NOW_MS + laterMs, slices: [{ ...first, a: first.a + a }, ...others] };
  });

function valuedAnew(at: OptionMarket, held: readonly OptionPosition[]): ChainValue {
  return chainValuer(STANDARD_GRID)("ETH", at, held);
}

/** How far sums of so many options may lie apart by rounding. */
function sizeOf(held: readonly OptionPosition[]): number {
  return held.reduce((sum, { quantity }) => sum + Math.abs(quantity), 1);
}

test.each([
  { name: "without a rate", terms: {} },
  { name: "with a rate", terms: { rate: 0.05 } },
  { name: "with a rate and a carry", terms: { rate: 0.05, carry: 0.01 } },
  { name: "without volatility", terms: { slices: [certain] } },
])("prices, Greeks and the grid are those of the positions one by one, $name", ({ terms }) => {
  const at = { ...market, ...terms };
  fc.assert(
    fc.property(positions, (held) => {
      const { pricesUsd, greeks, scenarioPnlUsd } = valuedAnew(at, held);
      expect(pricesUsd).toHaveLength(held.length);
      for (const [index, one] of held.entries()) {
        const { priceUsd } = valueOption({ ...one, quantity: 1 }, at);
        expect(Math.abs((pricesUsd[index] ?? Number.NaN) - priceUsd)).toBeLessThan(2e-15 * 9_000);
      }
      for (const { expiryMs, sum } of greeks) {
        const plain = held
          .filter((one) => one.expiryMs === expiryMs)
          .map((one) => valueOption(one, at))
          .reduce(addGreeks, ZERO_GREEKS);
        for (const name of GREEK_NAMES) expectNear(sum[name], plain[name], 1e-9 * sizeOf(held));
      }
      const plain = optionScenarioPnlUsd(held, 0, at, STANDARD_GRID);
      expect(scenarioPnlUsd).toHaveLength(plain.length);
      for (const [index, pnlUsd] of plain.entries())
        expectNear(scenarioPnlUsd[index], pnlUsd, 1e-7 * sizeOf(held));
    }),
  );
});

function expectNear(found: number | undefined, expected: number, tolerance: number): void {
  // Infinite gamma, of which some is held long and some short, is no number.
  if (Object.is(found, expected)) return;
  expect(Math.abs((found ?? Number.NaN) - expected)).toBeLessThan(tolerance);
}

test("each expiry held has one sum, and they ascend", () => {
  fc.assert(
    fc.property(positions, (held) => {
      const found = valuedAnew(market, held).greeks.map(({ expiryMs }) => expiryMs);
      const expected = [...new Set(held.map(({ expiryMs }) => expiryMs))];
      expect(found).toEqual(expected.sort((one, other) => one - other));
    }),
  );
});

test("what was valued before leaves no trace, to the bit", () => {
  const asked = fc.tuple(fc.constantFrom("ETH", "BTC"), anyMarket, positions);
  const book = fc.array(position, { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 8 }), book, fc.array(anyMarket), (all, held, ats) => {
      const valueChain = chainValuer(STANDARD_GRID);
      // Books that come and go, then one that stands still while its market moves.
      const turns = [...all, ...ats.map((at) => ["ETH", at, held] as const)];
      for (const [name, at, list] of turns)
        expect(valueChain(name, at, list)).toEqual(valuedAnew(at, list));
    }),
  );
});

test("another quantity, side, strike or expiry of one position is noticed", () => {
  const change = fc.oneof(
    fc.record({ quantity: fc.constantFrom(0, -1, 2.5) }),
    fc.record({ type: fc.constantFrom("call" as const, "put" as const) }),
    fc.record({ strikeUsd: fc.constantFrom(2_000, 2_400) }),
    fc.record({ expiryMs: fc.constantFrom(1, 7).map((days) => NOW_MS + days * DAY_MS) }),
  );
  const changes = fc.array(fc.tuple(fc.nat(), change), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(position, { minLength: 1, maxLength: 20 }), changes, (book, steps) => {
      const valueChain = chainValuer(STANDARD_GRID);
      let held: readonly OptionPosition[] = book;
      for (const [at, next] of steps) {
        const place = at % held.length;
        held = held.map((one, index) => (index === place ? { ...one, ...next } : one));
        expect(valueChain("ETH", market, held)).toEqual(valuedAnew(market, held));
      }
    }),
  );
});

test("a list of positions that is changed in place is noticed", () => {
  const one = { underlying: "ETH", type: "call", quantity: 1 } as const;
  const held = [3_000, 2_400].map((strikeUsd) => {
    return { ...one, strikeUsd, expiryMs: NOW_MS + 7 * DAY_MS };
  });
  const valueChain = chainValuer(STANDARD_GRID);
  valueChain("ETH", market, held);
  held[0] = { ...one, strikeUsd: 3_300, expiryMs: NOW_MS + 45 * DAY_MS };
  expect(valueChain("ETH", market, held)).toEqual(valuedAnew(market, held));
  Object.assign(held[1] ?? {}, { strikeUsd: 9_000 });
  expect(valueChain("ETH", market, held)).toEqual(valuedAnew(market, held));
});

test.each([
  { name: "has expired", position: { expiryMs: NOW_MS }, at: {}, said: "expiryMs" },
  { name: "has no strike", position: { strikeUsd: Number.NaN }, at: {}, said: "strikeUsd" },
  { name: "is of no size", position: { quantity: Number.NaN }, at: {}, said: "quantities" },
  { name: "has no surface", position: {}, at: { slices: [] }, said: "slices" },
  { name: "has no price", position: {}, at: { spotUsd: 0 }, said: "spotUsd" },
])("a position that $name is refused, and the next one valued", ({ position: bad, at, said }) => {
  const valueChain = chainValuer(STANDARD_GRID);
  const one: OptionPosition = {
    underlying: "ETH",
    type: "call",
    strikeUsd: 3_000,
    expiryMs: NOW_MS + DAY_MS,
    quantity: 1,
  };
  const refused = () => valueChain("ETH", { ...market, ...at }, [{ ...one, ...bad }]);
  expect(refused).toThrow(RangeError);
  expect(refused).toThrow(said);
  expect(valueChain("ETH", market, [one])).toEqual(valuedAnew(market, [one]));
});

test("no option is worth less than nothing", () => {
  const near = fc.record({
    underlying: fc.constant("ETH"),
    type: fc.constantFrom("call" as const, "put" as const),
    strikeUsd: fc.double({ min: 2_990, max: 3_010, noNaN: true }),
    // From a millisecond to a second before expiry, when most are certain.
    expiryMs: fc.integer({ min: 1, max: 1_000 }).map((ms) => NOW_MS + ms),
    quantity: fc.constant(1),
  });
  fc.assert(
    fc.property(fc.array(near, { maxLength: 20 }), (held) => {
      for (const priceUsd of valuedAnew(market, held).pricesUsd)
        expect(priceUsd).toBeGreaterThanOrEqual(0);
    }),
  );
});
