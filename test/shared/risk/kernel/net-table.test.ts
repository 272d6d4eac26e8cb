import fc from "fast-check";
import { expect, test } from "vitest";
import { netTable } from "#shared/risk/kernel/net-table.ts";
import { netBook } from "#shared/risk/portfolio/net-book.ts";
import { quantiseGreeks } from "#shared/risk/portfolio/netting.ts";
import { GREEK_NAMES, type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";

const KINDS = ["simd", "typed"] as const;
const SHARDS = 5;
const CELLS = 6;

function bits(values: Float64Array): BigUint64Array {
  return new BigUint64Array(values.slice().buffer);
}

const wholeNumber = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  fc.constant(-0),
);
const kind = fc.constantFrom(...KINDS);
const update = fc.record({
  shard: fc.integer({ min: 0, max: SHARDS - 1 }),
  firstCell: fc.integer({ min: 0, max: CELLS - 1 }),
  quanta: fc.array(wholeNumber, { minLength: 1, maxLength: CELLS }),
});

test("after any updates in any order the net has the bits of summing everything again", () => {
  fc.assert(
    fc.property(fc.array(update, { maxLength: 30 }), kind, (updates, kindOfTable) => {
      const table = netTable({ shards: SHARDS, cellsPerShard: CELLS }, kindOfTable);
      for (const { shard, firstCell, quanta } of updates) {
        table.replace(shard, Float64Array.from(quanta).subarray(0, CELLS - firstCell), firstCell);
      }
      expect(bits(table.net)).toEqual(bits(table.recompute()));
      const last = netTable({ shards: SHARDS, cellsPerShard: CELLS });
      for (let shard = SHARDS - 1; shard >= 0; shard -= 1) {
        last.replace(shard, table.shardCells(shard));
      }
      expect(bits(last.net)).toEqual(bits(table.net));
    }),
  );
});

test("nets what the book of quantised Greeks nets", () => {
  const greeksOf = (seed: number): Greeks =>
    mapGreeks(ZERO_GREEKS, (_zero, name) => Math.sin(seed * 7 + GREEK_NAMES.indexOf(name)) * 10);
  const book = netBook(() => 1e-6);
  const table = netTable({ shards: 3, cellsPerShard: GREEK_NAMES.length });
  for (const [at, shard] of [0, 1, 2, 1, 0].entries()) {
    const greeks = greeksOf(at);
    const quanta = quantiseGreeks(greeks, 1e-6);
    book.replace(`shard ${shard}`, new Map([["ETH", greeks]]));
    table.replace(
      shard,
      Float64Array.from(GREEK_NAMES, (name) => quanta[name]),
    );
  }
  const expected = book.netQuanta("ETH");
  expect([...table.net]).toEqual(GREEK_NAMES.map((name) => expected[name]));
});

test.each(KINDS)(
  "the %s kernel refuses a sum of magnitudes of 2^53, and stays as it was",
  (kindOfTable) => {
    const table = netTable({ shards: 3, cellsPerShard: 3 }, kindOfTable);
    table.replace(0, Float64Array.of(1, 2 ** 52, 2 ** 52));
    table.replace(1, Float64Array.of(2, -(2 ** 51), 2 ** 51));
    const before = { net: [...table.net], held: [...table.shardCells(2)] };
    expect(() => table.replace(2, Float64Array.of(7, -(2 ** 51)))).toThrow(
      `quanta[1]: ${-(2 ** 51)}; magnitudes would reach 2^53 in sum`,
    );
    expect(() => table.replace(2, Float64Array.of(7, 0, 2 ** 51))).toThrow("quanta[2]");
    expect({ net: [...table.net], held: [...table.shardCells(2)] }).toEqual(before);
    table.replace(2, Float64Array.of(7, 2 ** 51 - 1, 0));
    table.replace(0, Float64Array.of(1, -(2 ** 52), 2 ** 52));
    expect([...table.net]).toEqual([10, -(2 ** 52) - 1, 2 ** 52 + 2 ** 51]);
  },
);

test.each([
  { quanta: [0.5], firstCell: 0, message: "quanta[0]: 0.5; must be a whole number" },
  { quanta: [1, Number.NaN], firstCell: 0, message: "quanta[1]: NaN; must be a whole number" },
  { quanta: [1, 2], firstCell: 1, message: "quanta: 2 from cell 1; must fit 2 cells" },
  { quanta: [1], firstCell: -1, message: "quanta: 1 from cell -1; must fit 2 cells" },
])("refuses: $message", ({ quanta, firstCell, message }) => {
  for (const kindOfTable of KINDS) {
    const table = netTable({ shards: 1, cellsPerShard: 2 }, kindOfTable);
    expect(() => table.replace(0, Float64Array.from(quanta), firstCell)).toThrow(message);
    expect([...table.net]).toEqual([0, 0]);
  }
});

test("refuses shards it does not have, and impossible shapes", () => {
  const table = netTable({ shards: 2, cellsPerShard: 1 });
  expect(() => table.replace(2, Float64Array.of(1))).toThrow(
    "shard: 2; must be a whole number below 2",
  );
  expect(() => netTable({ shards: 0, cellsPerShard: 1 })).toThrow(
    "shards: 0; must be a whole number > 0",
  );
});

test("states its memory: a double per cell, three per net cell and the constants", () => {
  expect(netTable({ shards: 1000, cellsPerShard: 80 }).bytes).toBe(
    8 * (1000 * 80 + 3 * 80) + 131_072,
  );
});

test.each(KINDS)("the %s kernel forgets the magnitude of what was replaced", (kindOfTable) => {
  const table = netTable({ shards: 2, cellsPerShard: 3 }, kindOfTable);
  for (const sign of [1, -1, 1]) {
    table.replace(0, new Float64Array(3).fill(sign * 2 ** 52));
  }
  table.replace(0, new Float64Array(3));
  table.replace(1, new Float64Array(3).fill(2 ** 53 - 1));
  expect([...table.net]).toEqual(new Array(3).fill(2 ** 53 - 1));
});
