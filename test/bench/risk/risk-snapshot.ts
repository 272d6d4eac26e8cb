import { netTable } from "#shared/risk/kernel/net-table.ts";
import { optionTable, VALUE_NAMES } from "#shared/risk/kernel/option-table.ts";
import { roundHalfEven } from "#shared/risk/portfolio/netting.ts";
import { alone, type BenchRow, compare } from "#test/bench/compare.ts";
import { type GreeksBook, greeksBook } from "#test/bench/risk/option-books.ts";

const BUCKETS = 50 * 20;
const OPTIONS_PER_BUCKET = 8;
const QUANTUM = 1e-6;

/**
 * A new market snapshot: every market moves, every instrument is priced again, every shard's Greeks per
 * bucket (one position in each) are summed, rounded and netted.
 */
export async function snapshotRows(shards: number, rounds: number): Promise<BenchRow[]> {
  const book = greeksBook(BUCKETS * OPTIONS_PER_BUCKET, OPTIONS_PER_BUCKET);
  const options = optionTable(book.buckets);
  book.volatilities.forEach((volatilities, bucket) => {
    options.volatilities.set(volatilities, options.firstRows[bucket] ?? 0);
  });
  const table = netTable({ shards, cellsPerShard: BUCKETS * VALUE_NAMES.length });
  const cells = new Float64Array(BUCKETS * VALUE_NAMES.length);
  const reprice = () => {
    book.buckets.forEach(({ market }, bucket) => {
      options.setMarket(bucket, market);
    });
    options.revalue();
  };
  const report = (shard: number) => {
    writeShard(cells, options.values, shard);
    table.replace(shard, cells);
  };
  reprice();
  const positions = shards * BUCKETS;
  const rows = await compare(
    { name: "one shard", run: () => report(1) },
    [
      {
        name: `new snapshot: ${countOf(book)} instruments priced, ${positions} positions netted`,
        run: () => {
          reprice();
          for (let shard = 0; shard < shards; shard += 1) report(shard);
        },
        note: `${shards} shards x ${BUCKETS} buckets`,
      },
      { name: `new snapshot: its ${countOf(book)} prices and Greeks alone`, run: reprice },
    ],
    rounds,
  );
  return rows.map(({ name, medianUs, note }) => alone(name, medianUs, note));
}

function countOf({ buckets }: GreeksBook): number {
  return buckets.reduce((count, { options }) => count + options.length, 0);
}

/** One position per bucket: its quantity times each figure, in whole quanta. */
function writeShard(
  cells: Float64Array,
  values: Readonly<Record<(typeof VALUE_NAMES)[number], Float64Array>>,
  shard: number,
): void {
  VALUE_NAMES.forEach((name, figure) => {
    const column = values[name];
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const row = bucket * OPTIONS_PER_BUCKET + ((shard + bucket) % OPTIONS_PER_BUCKET);
      const quantity = ((shard * 7 + bucket) % 21) - 10;
      cells[bucket * VALUE_NAMES.length + figure] = roundHalfEven(
        (quantity * (column[row] ?? 0)) / QUANTUM,
      );
    }
  });
}
