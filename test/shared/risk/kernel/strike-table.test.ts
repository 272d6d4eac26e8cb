import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StrikeBucket } from "#shared/risk/kernel/strike-layout.ts";
import {
  type HeldOptions,
  type StrikeTable,
  strikeTable,
} from "#shared/risk/kernel/strike-table.ts";
import { optionPrice } from "#shared/risk/pricing/black-scholes-price.ts";
import { optionTerms } from "#shared/risk/pricing/option-terms.ts";
import { optionScenarioPnlUsd } from "#shared/risk/scenarios/scenario-pnl.ts";
import { type Scenario, STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { shockedVolatility } from "#shared/risk/scenarios/volatility-shock.ts";
import { seededUniform } from "#shared/risk/statistics/random.ts";
import { numberFrom } from "#test/support/coordinator/random-options.ts";

const KINDS = ["simd", "typed"] as const;

type Book = { readonly buckets: StrikeBucket[]; readonly held: HeldOptions };

/** Buckets of the given sizes, and positions spread over them: calls and puts, long and short. */
function randomBook(seed: number, sizes: readonly number[], positions: number): Book {
  const uniform = seededUniform(seed);
  const buckets = sizes.map((size, bucket) => {
    const spotUsd = numberFrom(uniform, 10, 5000);
    const market = {
      spotUsd,
      years: bucket % 5 === 4 ? 0 : numberFrom(uniform, 0.002, 2),
      rate: numberFrom(uniform, -0.02, 0.1),
      ...(bucket % 2 === 0 ? { carry: numberFrom(uniform, -0.05, 0.1) } : {}),
    };
    const strikesUsd = Array.from({ length: size }, (_, index) =>
      index === 0 ? spotUsd : spotUsd * Math.exp(numberFrom(uniform, -1.5, 1.5)),
    );
    const volatilities = strikesUsd.map((_, index) =>
      index % 9 === 8 ? 0 : numberFrom(uniform, 0.1, 2),
    );
    return { market, strikesUsd, volatilities };
  });
  const strikeCount = sizes.reduce((sum, size) => sum + size, 0);
  const held = {
    strikes: Uint32Array.from({ length: positions }, () => Math.floor(uniform() * strikeCount)),
    puts: Uint8Array.from({ length: positions }, () => (uniform() < 0.5 ? 1 : 0)),
    quantities: Float64Array.from({ length: positions }, () => numberFrom(uniform, -10, 10)),
  };
  return { buckets, held };
}

/** Every position priced by the scalar model in every scenario, one after the other. */
function naivePnl(book: Book, grid: readonly Scenario[], from = 0, to = book.held.strikes.length) {
  const strikes = book.buckets.flatMap(({ market, strikesUsd, volatilities }) =>
    strikesUsd.map((strikeUsd, index) => ({
      market,
      strikeUsd,
      volatility: volatilities[index] ?? 0,
    })),
  );
  const pnlUsd = grid.map(() => 0);
  for (let index = from; index < to; index += 1) {
    const strike = strikes[book.held.strikes[index] ?? 0];
    if (strike === undefined) throw new RangeError("no such strike");
    const { market, strikeUsd, volatility } = strike;
    const type = book.held.puts[index] === 1 ? "put" : "call";
    const price = (spotShock: number, moved: number) =>
      optionPrice(
        type,
        optionTerms({ ...market, strikeUsd, spotUsd: market.spotUsd * (1 + spotShock) }),
        moved * Math.sqrt(market.years),
      );
    const now = price(0, volatility);
    grid.forEach(({ spotShock, volShock, tenorScaled = false }, scenario) => {
      const moved = shockedVolatility(volatility, { volShock, tenorScaled, years: market.years });
      const profit = price(spotShock, moved) - now;
      pnlUsd[scenario] = (pnlUsd[scenario] ?? 0) + (book.held.quantities[index] ?? 0) * profit;
    });
  }
  return pnlUsd;
}

function largestError(found: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((pnl, index) => Math.abs((found[index] ?? 0) - pnl))) / largest;
}

const EXTREME: Scenario[] = [
  { spotShock: -0.999, volShock: -1, weight: 1 },
  { spotShock: -0.5, volShock: -3, weight: 1 },
  { spotShock: 20, volShock: 4, weight: 1 },
  { spotShock: 0, volShock: 0, weight: 1 },
  { spotShock: 0, volShock: 0.01, weight: 1, tenorScaled: true },
];

describe.each(KINDS)("the %s kernel", (kind) => {
  test.each([
    { name: "the standard grid", grid: STANDARD_GRID },
    { name: "extreme moves", grid: EXTREME },
  ])("equals full revaluation position by position on $name", ({ grid }) => {
    const book = randomBook(3, [40, 0, 1, 2, 3, 0, 57, 128, 33, 20], 3000);
    const table = strikeTable(book.buckets, grid, kind);
    expect(largestError(table.netPnlUsd(book.held), naivePnl(book, grid))).toBeLessThan(1e-14);
  });

  test("equals the scenario P&L the coordinator uses", () => {
    const nowMs = 1_790_000_000_000;
    const slice = { expiryMs: nowMs + 30 * 86_400_000, a: 0.01, b: 0, rho: 0, m: 0, sigma: 0.1 };
    const years = 30 / 365;
    const volatility = Math.sqrt(0.01 / years);
    const strikesUsd = [1500, 2000, 2600];
    const held = {
      strikes: Uint32Array.of(0, 1, 2),
      puts: Uint8Array.of(1, 0, 0),
      quantities: Float64Array.of(3, -4, 5.5),
    };
    const market = { spotUsd: 2000, years, rate: 0, carry: 0 };
    const volatilities = strikesUsd.map(() => volatility);
    const table = strikeTable([{ market, strikesUsd, volatilities }], STANDARD_GRID, kind);
    const positions = strikesUsd.map((strikeUsd, index) => ({
      underlying: "ETH",
      type: held.puts[index] === 1 ? ("put" as const) : ("call" as const),
      strikeUsd,
      expiryMs: slice.expiryMs,
      quantity: held.quantities[index] ?? 0,
    }));
    const expected = optionScenarioPnlUsd(
      positions,
      0,
      { spotUsd: 2000, slices: [slice], nowMs },
      STANDARD_GRID,
    );
    const found = table
      .netPnlUsd(held)
      .map((pnl, index) => pnl * (STANDARD_GRID[index]?.weight ?? 0));
    expect(largestError(found, expected)).toBeLessThan(1e-13);
  });

  test("per-holder vectors equal each holder's own revaluation and sum to the net", () => {
    const book = randomBook(4, [40, 1, 33, 20, 7], 6000);
    const table = strikeTable(book.buckets, STANDARD_GRID, kind);
    const firstPositions = [0, 5000, 5000, 5001];
    const vectors = table.holderPnlUsd(book.held, firstPositions);
    const total = STANDARD_GRID.map(() => 0);
    vectors.forEach((vector, holder) => {
      const end = firstPositions[holder + 1] ?? 6000;
      const expected = naivePnl(book, STANDARD_GRID, firstPositions[holder], end);
      if (holder !== 1) expect(largestError(vector, expected)).toBeLessThan(1e-14);
      vector.forEach((pnl, scenario) => {
        total[scenario] = (total[scenario] ?? 0) + pnl;
      });
    });
    expect([...(vectors[1] ?? [1])]).toEqual(STANDARD_GRID.map(() => 0));
    expect(largestError(table.netPnlUsd(book.held), total)).toBeLessThan(1e-13);
  });

  test("a moved market gives what a new table gives", () => {
    const book = randomBook(5, [5, 8, 3], 200);
    const table = strikeTable(book.buckets, STANDARD_GRID, kind);
    table.netPnlUsd(book.held);
    const buckets = book.buckets.map(({ market, strikesUsd, volatilities }, bucket) => {
      const moved = { ...market, spotUsd: market.spotUsd * 1.25, years: market.years / 2 };
      const bumped = volatilities.map((volatility) => volatility * 1.1);
      table.setMarket(bucket, moved, bumped);
      return { market: moved, strikesUsd, volatilities: bumped };
    });
    const expected = naivePnl({ ...book, buckets }, STANDARD_GRID);
    expect(largestError(table.netPnlUsd(book.held), expected)).toBeLessThan(1e-14);
  });

  test("a book and its mirror image have opposite profit, and nothing held has none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const book = randomBook(seed, [3, 0, 6], 40);
        const table = strikeTable(book.buckets, STANDARD_GRID, kind);
        const own = table.netPnlUsd(book.held);
        const quantities = book.held.quantities.map((quantity) => -quantity);
        const mirrored = table.netPnlUsd({ ...book.held, quantities });
        expect([...mirrored].map((pnl) => -pnl + 0)).toEqual([...own].map((pnl) => pnl + 0));
        const none = table.netPnlUsd({ ...book.held, quantities: new Float64Array(40) });
        expect(none.every((pnl) => pnl === 0)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("refuses what is not held, not finite or not a move", () => {
    const book = randomBook(6, [2, 3], 4);
    const table = strikeTable(book.buckets, STANDARD_GRID, kind);
    const { held } = book;
    const strikes = Uint32Array.of(0, 5, 0, 0);
    const quantities = Float64Array.of(1, 2, Number.NaN, 3);
    for (const pnl of [
      (it: HeldOptions) => table.netPnlUsd(it),
      (it: HeldOptions) => table.holderPnlUsd(it, [0]),
    ]) {
      expect(() => pnl({ ...held, strikes })).toThrow("strikes[1]: 5; must be below 5");
      expect(() => pnl({ ...held, quantities })).toThrow("quantities[2]: NaN; must be finite");
      expect(() => pnl({ ...held, puts: new Uint8Array(3) })).toThrow("3 puts");
    }
    const market = { spotUsd: 1, years: 1, rate: 0 };
    expect(() => table.setMarket(0, market, [1])).toThrow("1 volatilities; must be one per strike");
    expect(() => table.setMarket(0, market, [1, -1])).toThrow("volatilities[1]: -1; must be >= 0");
    expect(() => strikeTable(book.buckets, [{ spotShock: -1, volShock: 0 }], kind)).toThrow(
      "grid[0].spotShock: -1; must be > -1",
    );
    expect(() => strikeTable(book.buckets, [{ spotShock: 0, volShock: Number.NaN }], kind)).toThrow(
      "grid[0].volShock: NaN; must be finite",
    );
  });
});

test("both kernels give the same bits", () => {
  const book = randomBook(12, [40, 0, 1, 2, 3, 57, 128, 33], 2000);
  const bits = (table: StrikeTable) =>
    [table.netPnlUsd(book.held), ...table.holderPnlUsd(book.held, [0, 700, 1500])].map(
      (vector) => new BigUint64Array(vector.buffer),
    );
  const [simd, typed] = KINDS.map((kind) => strikeTable(book.buckets, STANDARD_GRID, kind));
  expect(simd && bits(simd)).toEqual(typed && bits(typed));
});

test("pricings grow with distinct strikes and scenarios, not with positions or holders", () => {
  const small = randomBook(13, [100, 51], 100);
  const large = randomBook(13, [100, 51], 5000);
  const [few, many] = [small, large].map(({ buckets }) => strikeTable(buckets, STANDARD_GRID));
  expect(few?.pricings).toBe((100 + 52) * 34);
  expect(many?.pricings).toBe(few?.pricings);
});
