import { describe, expect, test } from "vitest";
import {
  applyNaiveFill,
  EMPTY_NAIVE_BOOK,
  holdNaiveBook,
  type NaiveBook,
  naiveIntent,
} from "#test/local/observe/naive-hedger.ts";

const holding = (heldRaw: bigint): NaiveBook => ({ ...EMPTY_NAIVE_BOOK, heldRaw });

const intent = (o: { delta: number; held?: bigint; cash?: number; target?: number }) =>
  naiveIntent({
    book: holding(o.held ?? 0n),
    decimals: 2,
    optionDeltaUnits: o.delta,
    halfWidthUnits: 1,
    targetFraction: o.target ?? 0.5,
    minimumUnits: 0.1,
    affordableUnits: o.cash ?? 1000,
  });

describe("naiveIntent", () => {
  test.each([{ delta: 1 }, { delta: -1 }, { delta: -6, held: 500n }])(
    "rests inside the band: %o",
    (o) => {
      expect(intent(o)).toEqual({ trade: null, unhedged: null });
    },
  );

  test("buys back to the target inside the band when delta is short", () => {
    expect(intent({ delta: -5 })).toEqual({
      trade: { side: "buy", amountRaw: 450n },
      unhedged: null,
    });
    expect(intent({ delta: -5, target: 0 }).trade).toEqual({ side: "buy", amountRaw: 500n });
  });

  test("sells what it holds when delta is long", () => {
    expect(intent({ delta: -2, held: 500n })).toEqual({
      trade: { side: "sell", amountRaw: 250n },
      unhedged: null,
    });
  });

  test("reports the part of a long delta that only a short could hedge", () => {
    expect(intent({ delta: 5 })).toEqual({
      trade: null,
      unhedged: { reason: "would-short", units: 4 },
    });
    expect(intent({ delta: 5, held: 100n })).toEqual({
      trade: { side: "sell", amountRaw: 100n },
      unhedged: { reason: "would-short", units: 4 },
    });
  });

  test("buys what the cash allows and reports the rest", () => {
    expect(intent({ delta: -5, cash: 2 })).toEqual({
      trade: { side: "buy", amountRaw: 200n },
      unhedged: { reason: "no-cash", units: 2 },
    });
    expect(intent({ delta: -5, cash: 0.05 })).toEqual({
      trade: null,
      unhedged: { reason: "no-cash", units: 4 },
    });
    expect(intent({ delta: -5, cash: -3 }).trade).toBeNull();
  });
});

describe("naive book", () => {
  const fill = { settlementRaw: 40_200n, settlementUsd: 402, feedUsd: 400, poolFeeFraction: 0.003 };

  test("adds up purchases and sales against the feed", () => {
    const bought = applyNaiveFill(EMPTY_NAIVE_BOOK, {
      ...fill,
      trade: { side: "buy", amountRaw: 20n },
    });
    expect(bought).toMatchObject({
      heldRaw: 20n,
      spentRaw: 40_200n,
      trades: 1,
      turnoverUsd: 400,
      shortfallUsd: 2,
    });
    expect(bought.poolFeesUsd).toBeCloseTo(1.206, 12);
    const sale = {
      ...fill,
      settlementRaw: 39_900n,
      settlementUsd: 399,
      trade: { side: "sell", amountRaw: 20n } as const,
    };
    const sold = applyNaiveFill(bought, sale);
    expect(sold).toMatchObject({
      heldRaw: 0n,
      spentRaw: 300n,
      trades: 2,
      turnoverUsd: 800,
      shortfallUsd: 3,
    });
  });

  test("integrates what stays unhedged over the time it lasts", () => {
    const unhedged = { reason: "would-short" as const, units: 3 };
    const book = holdNaiveBook(EMPTY_NAIVE_BOOK, {
      elapsedMs: 1000,
      outside: true,
      spotUsd: 10,
      unhedged,
    });
    expect(book).toMatchObject({ watchedMs: 1000, outsideMs: 1000 });
    expect(book.unhedged["would-short"]).toEqual({
      ms: 1000,
      unitMs: 3000,
      usdMs: 30_000,
      maxUnits: 3,
      maxUsd: 30,
    });
    expect(book.unhedged["no-cash"].ms).toBe(0);
  });
});
