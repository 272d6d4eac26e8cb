import { type NetTable, netTable } from "#shared/risk/kernel/net-table.ts";
import { GREEK_NAMES } from "#shared/risk/pricing/greeks.ts";
import { seededUniform } from "#shared/risk/statistics/random.ts";
import { type BenchRow, compare } from "#test/bench/compare.ts";

const UNDERLYINGS = 50;
const EXPIRIES = 20;
/** The seven Greeks and the value. */
const FIGURES = GREEK_NAMES.length + 1;
const UPDATES_A_ROUND = 50;

/** One report of a shard into the net of many: the update against summing everything again. */
export async function nettingRows(shards: number, rounds: number): Promise<BenchRow[]> {
  const cellsPerShard = UNDERLYINGS * EXPIRIES * FIGURES;
  const table = netTable({ shards, cellsPerShard });
  const uniform = seededUniform(8);
  const anyQuanta = (count: number) =>
    Float64Array.from({ length: count }, () => Math.round((uniform() - 0.5) * 2e9));
  for (let shard = 0; shard < shards; shard += 1) table.replace(shard, anyQuanta(cellsPerShard));
  const reports = Array.from({ length: 16 }, () => anyQuanta(cellsPerShard));
  const bucket = anyQuanta(FIGURES);
  let next = 0;
  const update = (shard: number) => {
    next += 1;
    table.replace(shard, reports[next % reports.length] ?? bucket);
  };
  const memory = `${(table.bytes / 1e6).toFixed(1)} MB`;
  const name = `report into ${shards} shards x ${UNDERLYINGS} x ${EXPIRIES} x ${FIGURES}`;
  const rows = await compare(
    { name: "full typed recompute", run: () => table.recompute() },
    [
      {
        name: `${name}, all buckets`,
        run: () => spread(shards, update),
        note: memory,
      },
      {
        name: `${name}, one bucket`,
        run: () =>
          spread(shards, (shard) => table.replace(shard, bucket, (shard % 1000) * FIGURES)),
      },
    ],
    rounds,
  );
  requireAgreement(table);
  return rows.map((row) => ({
    ...row,
    medianUs: row.medianUs / UPDATES_A_ROUND,
    ratio: (row.ratio ?? 0) * UPDATES_A_ROUND,
    goal: 500,
  }));
}

/** Fifty updates of shards far apart, so that each finds its cells out of the near caches. */
function spread(shards: number, update: (shard: number) => void): void {
  for (let index = 0; index < UPDATES_A_ROUND; index += 1) update((index * 379) % shards);
}

function requireAgreement(table: NetTable): void {
  const expected = table.recompute();
  const isSame = table.net.every((count, cell) => Object.is(count, expected[cell]));
  if (!isSame) throw new Error("the incremental net is not the sum");
}
