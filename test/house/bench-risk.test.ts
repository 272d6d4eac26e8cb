import { expect, test } from "vitest";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { type BenchRow, benchTable, compare, median } from "#test/bench/compare.ts";
import { ingestRows } from "#test/bench/ingest.ts";
import { naivePrice, naiveValue } from "#test/bench/risk/naive-options.ts";
import { greeksBook, optionObjects } from "#test/bench/risk/option-books.ts";
import { curveRows } from "#test/bench/risk/risk-curve.ts";
import { greeksRows } from "#test/bench/risk/risk-greeks.ts";
import { gridRows } from "#test/bench/risk/risk-grid.ts";
import { nettingRows } from "#test/bench/risk/risk-netting.ts";
import { snapshotRows } from "#test/bench/risk/risk-snapshot.ts";
import { tailRows } from "#test/bench/risk/risk-tail.ts";

test.each<{ name: string; rows: () => Promise<BenchRow[]> }>([
  { name: "Greeks", rows: () => greeksRows(2000, 1) },
  { name: "grid", rows: () => gridRows(1, 1) },
  { name: "netting", rows: () => nettingRows(3, 1) },
  { name: "snapshot", rows: () => snapshotRows(2, 1) },
  { name: "tail", rows: () => tailRows(2000, 1) },
  { name: "curve", rows: () => curveRows(1, 1) },
  { name: "ingest", rows: () => ingestRows(1) },
])(
  "the $name benchmark runs, checks its results and names its baselines",
  async ({ rows }) => {
    const measured = await rows();
    expect(measured.length).toBeGreaterThan(1);
    for (const { name, medianUs, baseline, ratio } of measured) {
      expect(name).not.toBe("");
      expect(medianUs).toBeGreaterThanOrEqual(0);
      expect(baseline).not.toBe("");
      expect(ratio === null).toBe(baseline === null);
    }
  },
  60_000,
);

test("the baseline is as accurate as the model it is measured for", () => {
  for (const option of optionObjects(greeksBook(3000))) {
    const exact = blackScholes(option);
    const naive = naiveValue(option);
    const scale = Math.max(option.spotUsd, option.strikeUsd);
    expect(Math.abs(naive.priceUsd - exact.priceUsd)).toBeLessThan(2e-15 * scale);
    expect(Math.abs(naivePrice(option) - exact.priceUsd)).toBeLessThan(2e-15 * scale);
    for (const name of ["deltaUnits", "gammaUnitsPerUsd", "vegaUsdPerVolPoint"] as const) {
      expect(Math.abs(naive[name] / exact[name] - 1)).toBeLessThan(1e-12);
    }
  }
});

test("a ratio is the baseline's median over the contender's", async () => {
  const busy = (turns: number) => () => {
    let sum = 0;
    for (let turn = 0; turn < turns; turn += 1) sum = (sum + turn) % 1_000_003;
    return sum;
  };
  const slow = { name: "slow", run: busy(10_000_000) };
  const [row] = await compare(slow, [{ name: "fast", run: busy(1_000_000) }], 5);
  expect(row?.ratio).toBeGreaterThan(4);
  expect(row?.ratio).toBeLessThan(25);
  expect(row?.baseline).toBe("slow");
  expect(median([3, 1, 2])).toBe(2);
});

test("the table says which goals are met", () => {
  const row = { medianUs: 10, baseline: "slow", baselineMedianUs: 100, ratio: 10, note: "" };
  const table = benchTable([
    { ...row, name: "good", goal: 10 },
    { ...row, name: "bad", goal: 11 },
  ]);
  expect(table).toMatch(/^good .*10x met .*slow \(100\.00 µs\)$/m);
  expect(table).toMatch(/^bad .*11x MISSED/m);
});
