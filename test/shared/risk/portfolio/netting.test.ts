import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  greekQuanta,
  greeksOfQuanta,
  negateGreeks,
  netGreeks,
  quantiseGreeks,
  roundHalfEven,
} from "#shared/risk/portfolio/netting.ts";
import {
  GREEK_NAMES,
  type Greeks,
  mapGreeks,
  scaleGreeks,
  ZERO_GREEKS,
} from "#shared/risk/pricing/greeks.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

const QUANTUM = 1e-6;
const anyGreeks: fc.Arbitrary<Greeks> = fc
  .tuple(...GREEK_NAMES.map(() => numberIn(-1e4, 1e4)))
  .map((values) => mapGreeks(ZERO_GREEKS, (_zero, name) => values[GREEK_NAMES.indexOf(name)] ?? 0))
  .map((greeks) => ({ ...greeks, gammaUnitsPerUsd: greeks.gammaUnitsPerUsd / 1e4 }));

test("the net does not depend on the order, to the bit", () => {
  fc.assert(
    fc.property(
      fc.array(anyGreeks, { maxLength: 30 }),
      fc.infiniteStream(numberIn(0, 1)),
      (books, keys) => {
        const parts = books.map((book) => quantiseGreeks(book, QUANTUM));
        const shuffled = parts
          .map((part) => ({ part, key: keys.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ part }) => part);
        expect(netGreeks(shuffled)).toEqual(netGreeks(parts));
      },
    ),
  );
});

test("replacing one part in a net equals summing everything again, to the bit", () => {
  fc.assert(
    fc.property(fc.array(anyGreeks, { minLength: 1, maxLength: 30 }), anyGreeks, (books, news) => {
      const parts = books.map((book) => quantiseGreeks(book, QUANTUM));
      const [gone, ...rest] = parts;
      const fresh = quantiseGreeks(news, QUANTUM);
      const updated = netGreeks([netGreeks(parts), ...(gone ? [negateGreeks(gone)] : []), fresh]);
      expect(updated).toEqual(netGreeks([fresh, ...rest]));
    }),
  );
});

test("rounding costs at most half a quantum per part", () => {
  fc.assert(
    fc.property(anyGreeks, (book) => {
      const back = greeksOfQuanta(quantiseGreeks(book, QUANTUM), QUANTUM);
      expect(Math.abs(back.deltaUnits - book.deltaUnits)).toBeLessThanOrEqual(0.5000001 * QUANTUM);
    }),
  );
});

describe("roundHalfEven", () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, 0],
    [-1.5, -2],
    [-2.5, -2],
    [2.4999, 2],
    [2.5001, 3],
    [-0.2, 0],
  ])("%f becomes %i", (value, rounded) => {
    expect(Object.is(roundHalfEven(value), rounded)).toBe(true);
  });
});

test("what cannot be summed exactly is refused by name, in any order", () => {
  const huge = quantiseGreeks({ ...ZERO_GREEKS, deltaUnits: 2 ** 53 }, 1);
  const small = quantiseGreeks({ ...ZERO_GREEKS, deltaUnits: 1 }, 1);
  expect(() => netGreeks([huge, negateGreeks(huge), small])).toThrow("deltaUnits");
  expect(() => netGreeks([small, negateGreeks(huge), huge])).toThrow("deltaUnits");
  expect(() => quantiseGreeks({ ...ZERO_GREEKS, vegaUsdPerVolPoint: 1e10 }, 1e-7)).toThrow(
    "vegaUsdPerVolPoint",
  );
  expect(() =>
    quantiseGreeks({ ...ZERO_GREEKS, gammaUnitsPerUsd: Number.POSITIVE_INFINITY }, 1),
  ).toThrow("gammaUnitsPerUsd");
  expect(() => quantiseGreeks(ZERO_GREEKS, 0)).toThrow("quantum: 0");
});

test("quanta are the delta quantum, a millionth of it for gamma, or whatever is stated per Greek", () => {
  expect(greekQuanta(1e-3)).toMatchObject({
    deltaUnits: 1e-3,
    gammaUnitsPerUsd: 1e-9,
    vegaUsdPerVolPoint: 1e-3,
  });
  const ones = scaleGreeks(greekQuanta(1), 2);
  expect(quantiseGreeks({ ...ZERO_GREEKS, deltaUnits: 7 }, ones).deltaUnits).toBe(4);
});
