import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { KernelKind } from "#shared/risk/kernel/kernel.ts";
import { type OptionTable, optionTable, VALUE_NAMES } from "#shared/risk/kernel/option-table.ts";
import { type BenchRow, compare } from "#test/bench/compare.ts";
import type { NaiveValue } from "#test/bench/risk/naive-options.ts";
import { type GreeksBook, greeksBook } from "#test/bench/risk/option-books.ts";

const BASELINE = fileURLToPath(new URL("./risk-greeks-baseline.ts", import.meta.url));
const KERNEL_GOAL = 12;

/** Price and seven Greeks of `options` options: the kernels against an object per option in its own process. */
export async function greeksRows(options: number, rounds: number): Promise<BenchRow[]> {
  const book = greeksBook(options);
  const single = greeksBook(options, 1);
  const [simd, typed] = [filledTable(book, "simd"), filledTable(book, "typed")];
  const unbucketed = filledTable(single, "simd");
  const child = fork(BASELINE, [String(options)]);
  try {
    await once(child, "message");
    const million = `${options / 1e6}M options, 8 outputs`;
    const rows = await compare(
      { name: "object per option, own process", roundMs: () => answer<number>(child, "round") },
      [
        {
          name: `Greeks, ${million}, SIMD`,
          run: () => simd.revalue(),
          goal: KERNEL_GOAL,
          note: `buckets of mean ${(options / book.buckets.length).toFixed(0)}`,
        },
        { name: `Greeks, ${million}, typed arrays`, run: () => typed.revalue() },
        {
          name: `Greeks, ${million}, SIMD, every market moved first`,
          run: () => moveAll(simd, book),
          note: `${book.buckets.length} markets`,
        },
        {
          name: `Greeks, ${million}, SIMD, unbucketed`,
          run: () => unbucketed.revalue(),
          note: "a bucket per option",
        },
        {
          name: `Greeks, ${million}, SIMD, unbucketed, every market moved first`,
          run: () => moveAll(unbucketed, single),
        },
      ],
      rounds,
    );
    requireAgreement(simd, book, await answer<NaiveValue[]>(child, "sample"));
    return rows;
  } finally {
    child.kill();
  }
}

async function answer<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  const answered = once(child, "message");
  child.send(question);
  const [value] = await answered;
  return value as Answer;
}

function filledTable(book: GreeksBook, kind: KernelKind): OptionTable {
  const table = optionTable(book.buckets, kind);
  book.volatilities.forEach((volatilities, bucket) => {
    table.volatilities.set(volatilities, table.firstRows[bucket] ?? 0);
  });
  return table;
}

function moveAll(table: OptionTable, book: GreeksBook): void {
  for (let bucket = 0; bucket < book.buckets.length; bucket += 1) {
    const market = book.buckets[bucket]?.market;
    if (market !== undefined) table.setMarket(bucket, market);
  }
  table.revalue();
}

/** A fast wrong kernel must not win: every 997th option is compared, all eight outputs. */
function requireAgreement(table: OptionTable, book: GreeksBook, sample: NaiveValue[]): void {
  let option = 0;
  let compared = 0;
  table.revalue();
  book.buckets.forEach(({ market, options }, bucket) => {
    options.forEach((_, index) => {
      const expected = option % 997 === 0 ? sample[option / 997] : undefined;
      option += 1;
      if (expected === undefined) return;
      compared += 1;
      for (const name of VALUE_NAMES) {
        const found = table.values[name][(table.firstRows[bucket] ?? 0) + index] ?? Number.NaN;
        const scale = name === "priceUsd" ? market.spotUsd : Math.abs(expected[name]) + 1e-6;
        if (!(Math.abs(found - expected[name]) <= 1e-10 * scale)) {
          throw new Error(`${name} of option ${option - 1}: ${found}, not ${expected[name]}`);
        }
      }
    });
  });
  if (compared !== sample.length) throw new Error(`${compared} of ${sample.length} compared`);
}
