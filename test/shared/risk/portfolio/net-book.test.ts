import fc from "fast-check";
import { expect, test } from "vitest";
import { netBook } from "#shared/risk/portfolio/net-book.ts";
import { netGreeks, quantiseGreeks } from "#shared/risk/portfolio/netting.ts";
import { GREEK_NAMES, type Greeks, mapGreeks, ZERO_GREEKS } from "#shared/risk/pricing/greeks.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

const anyGreeks: fc.Arbitrary<Greeks> = fc
  .tuple(...GREEK_NAMES.map(() => numberIn(-100, 100)))
  .map((values) => mapGreeks(ZERO_GREEKS, (_zero, name) => values[GREEK_NAMES.indexOf(name)] ?? 0));
const anyReport = fc.record({
  shard: fc.constantFrom("a", "b", "c"),
  buckets: fc
    .dictionary(fc.constantFrom("ETH 1", "ETH 2", "BTC 1"), anyGreeks)
    .map((b) => new Map(Object.entries(b))),
});

test("after any reports the net is what summing the newest of each shard gives, to the bit", () => {
  fc.assert(
    fc.property(fc.array(anyReport, { maxLength: 25 }), (reports) => {
      const book = netBook(() => 1e-6);
      const newest = new Map<string, ReadonlyMap<string, Greeks>>();
      for (const { shard, buckets } of reports) {
        book.replace(shard, buckets);
        newest.set(shard, buckets);
      }
      for (const bucket of ["ETH 1", "ETH 2", "BTC 1"]) {
        const parts = [...newest.values()].flatMap((buckets) => {
          const greeks = buckets.get(bucket);
          return greeks === undefined ? [] : [quantiseGreeks(greeks, 1e-6)];
        });
        expect(book.netQuanta(bucket)).toEqual(netGreeks(parts));
      }
    }),
  );
});

test("a report that would overflow is refused and leaves the book as it was", () => {
  const book = netBook(() => 1);
  const delta = (deltaUnits: number) => new Map([["ETH", { ...ZERO_GREEKS, deltaUnits }]]);
  book.replace("a", delta(7));
  book.replace("b", delta(2 ** 52));
  expect(() => book.replace("c", delta(-(2 ** 52)))).toThrow("bucket ETH");
  expect(book.net("ETH").deltaUnits).toBe(2 ** 52 + 7);
  book.replace("b", new Map());
  expect(book.net("ETH").deltaUnits).toBe(7);
  expect(book.buckets()).toEqual(["ETH"]);
});
