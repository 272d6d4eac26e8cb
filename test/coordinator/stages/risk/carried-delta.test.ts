import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deltaRange, spotMoves } from "#coordinator/stages/risk/carried-delta.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { type OptionPosition, optionInputs } from "#shared/risk/pricing/option-position.ts";
import { yearsBetween } from "#shared/units/time.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";

const DAY_MS = 86_400_000;
const SLICE = { a: 0.004, b: 0.02, rho: -0.3, m: 0, sigma: 0.1 };
const MARKET = {
  spotUsd: 2000,
  slices: [{ expiryMs: NOW_MS + 30 * DAY_MS, ...SLICE, updatedAtMs: NOW_MS }],
  nowMs: NOW_MS,
  rate: 0,
  carry: 0,
};

function anOption(type: "call" | "put", strikeUsd: number, quantity: number): OptionPosition {
  return { underlying: "ETH", type, strikeUsd, expiryMs: NOW_MS + DAY_MS, quantity };
}

function deltaAt(book: readonly OptionPosition[], spotShock: number, volShock: number): number {
  const move = { spotShock, volShock, weight: 1, tenorScaled: true };
  return book.reduce((sum, position) => {
    const years = yearsBetween(NOW_MS, position.expiryMs);
    const { deltaUnits } = blackScholes(optionInputs(position, MARKET, { years, move }));
    return sum + position.quantity * deltaUnits;
  }, 0);
}

describe("the delta of a book whose spot is known to within a fraction", () => {
  const lines = fc.array(
    fc.record({
      type: fc.constantFrom("call" as const, "put" as const),
      strikeUsd: fc.integer({ min: 1500, max: 2500 }),
      quantity: fc.integer({ min: -50, max: 50 }),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test("is within its range at every spot between, however the book is shaped", () => {
    const check = (
      book: { type: "call" | "put"; strikeUsd: number; quantity: number }[],
      spread: number,
      at: number,
      volShock: number,
    ): void => {
      const live = book.map((one) => anOption(one.type, one.strikeUsd, one.quantity));
      const delta = 3 + deltaAt(live, spread * at, volShock);
      // However few pieces there are.
      for (const moves of [spotMoves(spread), [-spread, spread]]) {
        const [low, high] = deltaRange(live, 3, MARKET, moves);
        expect(low).toBeLessThanOrEqual(delta + 1e-9);
        expect(high).toBeGreaterThanOrEqual(delta - 1e-9);
      }
    };
    const spread = fc.double({ min: 0, max: 0.1, noNaN: true });
    const at = fc.double({ min: -1, max: 1, noNaN: true });
    fc.assert(fc.property(lines, spread, at, fc.constantFrom(0.6, 0, -0.3), check), { seed: 6 });
  });

  test("shows a peak between the ends, which the ends and the middle do not have", () => {
    // A short option between two long ones a day before they end: delta turns twice within 6 % of spot.
    const book = [
      anOption("call", 1940, 10),
      anOption("call", 2000, -20),
      anOption("call", 2060, 10),
    ];
    const sampled = [-0.06, 0, 0.06].map((move) => deltaAt(book, move, -0.3));
    const inside = [-0.02, 0.02].map((move) => deltaAt(book, move, -0.3));
    expect(Math.max(...inside)).toBeGreaterThan(Math.max(...sampled) + 0.5);
    const [low, high] = deltaRange(book, 0, MARKET, spotMoves(0.06));
    expect(high).toBeGreaterThanOrEqual(Math.max(...inside));
    expect(low).toBeLessThanOrEqual(Math.min(...inside));
  });

  test("is a point but for volatility where spot is known, and wide where nobody sees it", () => {
    const book = [anOption("call", 2000, -10)];
    const [low, high] = deltaRange(book, 0, MARKET, spotMoves(0));
    expect(high - low).toBeLessThan(0.2);
    const [least, most] = deltaRange(book, 0, MARKET, spotMoves(null));
    expect(least).toBeLessThan(-9.9);
    expect(most).toBeGreaterThan(-0.1);
  });
});
