import type { KernelKind } from "#shared/risk/kernel/kernel.ts";
import { type StrikeTable, strikeTable } from "#shared/risk/kernel/strike-table.ts";
import { type BenchRow, compare } from "#test/bench/compare.ts";
import { naivePrice } from "#test/bench/risk/naive-options.ts";
import { type GridBook, gridBook } from "#test/bench/risk/option-books.ts";

/** Eleven moves of spot by three of volatility. */
const GRID = [-0.3, -0.2, -0.12, -0.06, -0.03, 0, 0.03, 0.06, 0.12, 0.2, 0.3].flatMap((spotShock) =>
  [-0.3, 0, 0.3].map((volShock) => ({ spotShock, volShock })),
);

/**
 * 33 scenarios of 100,000 positions, 12 a strike, in full: every position priced in every scenario against
 * netting by strike, folding puts into calls and the kernels. The table's own time includes the market's
 * move and the netting pass.
 */
export async function gridRows(rounds: number, buckets = 42): Promise<BenchRow[]> {
  const book = gridBook({ buckets, strikes: 200, perStrike: 12 });
  const positions = book.held.strikes.length;
  const holders = Array.from({ length: 1000 }, (_, holder) =>
    Math.floor((holder * positions) / 1000),
  );
  const simd = strikeTable(book.buckets, GRID, "simd");
  const typed = strikeTable(book.buckets, GRID, "typed");
  requireAgreement(book, [simd, typed], holders);
  const name = `grid of ${GRID.length}, ${positions} positions`;
  const baseline = { name: "object per pricing", run: () => naiveGrid(book) };
  return compare(
    baseline,
    [
      {
        name: `${name}, netted, SIMD`,
        run: () => revalued(simd, book).netPnlUsd(book.held),
        goal: 50,
        note: `${simd.pricings} pricings`,
      },
      {
        name: `${name}, netted, typed arrays`,
        run: () => revalued(typed, book).netPnlUsd(book.held),
        goal: 30,
      },
      {
        name: `${name}, vectors of 1000 shards, SIMD`,
        run: () => revalued(simd, book).holderPnlUsd(book.held, holders),
      },
      {
        name: `${name}, vectors of 1000 shards, typed arrays`,
        run: () => revalued(typed, book).holderPnlUsd(book.held, holders),
      },
    ],
    rounds,
  );
}

/** As at a new snapshot: every bucket's market and volatilities are written again. */
function revalued(table: StrikeTable, book: GridBook): StrikeTable {
  book.buckets.forEach(({ market, volatilities }, bucket) => {
    table.setMarket(bucket, market, volatilities);
  });
  return table;
}

/** Every position, every scenario, one object each. */
function naiveGrid({ buckets, held }: GridBook): number[] {
  const options = buckets.flatMap(({ market, strikesUsd, volatilities }) =>
    strikesUsd.map((strikeUsd, index) => ({
      ...market,
      strikeUsd,
      volatility: volatilities[index] ?? 0,
    })),
  );
  const pnlUsd = GRID.map(() => 0);
  held.strikes.forEach((strike, position) => {
    const option = options[strike];
    if (option === undefined) return;
    const type = held.puts[position] === 1 ? "put" : "call";
    const quantity = held.quantities[position] ?? 0;
    const now = naivePrice({ ...option, type });
    GRID.forEach(({ spotShock, volShock }, scenario) => {
      const moved = naivePrice({
        type,
        spotUsd: option.spotUsd * (1 + spotShock),
        strikeUsd: option.strikeUsd,
        years: option.years,
        volatility: option.volatility * (1 + volShock),
        rate: option.rate,
        carry: 0,
      });
      pnlUsd[scenario] = (pnlUsd[scenario] ?? 0) + quantity * (moved - now);
    });
  });
  return pnlUsd;
}

/** A fast wrong grid must not win. */
function requireAgreement(
  book: GridBook,
  tables: readonly StrikeTable[],
  holders: readonly number[],
): void {
  const expected = naiveGrid(book);
  const largest = Math.max(...expected.map(Math.abs));
  for (const table of tables) {
    const net = table.netPnlUsd(book.held);
    const byHolder = table.holderPnlUsd(book.held, holders);
    expected.forEach((pnl, scenario) => {
      const sum = byHolder.reduce((total, vector) => total + (vector[scenario] ?? 0), 0);
      for (const found of [net[scenario] ?? Number.NaN, sum]) {
        if (!(Math.abs(found - pnl) < 1e-12 * largest)) {
          throw new Error(
            `${table.kind satisfies KernelKind}, scenario ${scenario}: ${found}, not ${pnl}`,
          );
        }
      }
    });
  }
}
