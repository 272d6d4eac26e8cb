import { strikeTable } from "#shared/risk/kernel/strike-table.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { type BenchRow, compare } from "#test/bench/compare.ts";
import { gridBook } from "#test/bench/risk/option-books.ts";

const STRIKES = 200;

/**
 * What the net grid costs as distinct instruments grow, with as many positions, and as shards grow, with as
 * many instruments: the first grows in proportion, the second by the adding-up of positions only. The ratio
 * is the first row's time over this one's.
 */
export async function curveRows(rounds: number, scale = 4): Promise<BenchRow[]> {
  const bySize = [1, 2, 4, 8, 16].map((step) => {
    const buckets = step * scale;
    const perStrike = 32 / step;
    return netGrid(buckets, perStrike, ({ positions, instruments }) => {
      return `curve: ${instruments} instruments, ${positions} positions`;
    });
  });
  const byShards = [10, 100, 1000].map((shards) => {
    const perStrike = Math.max(1, Math.round(shards / 20));
    return netGrid(2 * scale, perStrike, ({ positions, instruments }) => {
      return `curve: ${shards} shards, ${positions} positions, ${instruments} instruments`;
    });
  });
  const rows: BenchRow[] = [];
  for (const group of [bySize, byShards]) {
    const [first = { name: "", run: () => null }] = group;
    rows.push(...(await compare({ ...first, name: "the curve's first row" }, group, rounds)));
  }
  return rows;
}

function netGrid(
  buckets: number,
  perStrike: number,
  nameOf: (counts: { readonly positions: number; readonly instruments: number }) => string,
) {
  const book = gridBook({ buckets, strikes: STRIKES, perStrike });
  const table = strikeTable(book.buckets, STANDARD_GRID);
  const positions = book.held.strikes.length;
  const name = nameOf({ positions, instruments: positions / perStrike });
  return { name, run: () => table.netPnlUsd(book.held) };
}
