import fc from "fast-check";
import { expect, test } from "vitest";
import { optionLiabilities } from "#shared/evm/option-liabilities.ts";

const E8 = 10n ** 8n;
const E18 = 10n ** 18n;
const call = { underlying: "0xe0", isCall: true, strike: 2_000n * E8, takersShort: 0n };

test.each([
  { name: "in the money and margin", quantity: 3n * E18, spot: 2_100n, raw: 3n * 310n * 10n ** 6n },
  { name: "out of the money: margin only", quantity: E18, spot: 1_900n, raw: 190n * 10n ** 6n },
  { name: "a speck is rounded up", quantity: 1n, spot: 2_100n, raw: 1n },
  { name: "nothing held", quantity: 0n, spot: 2_100n, raw: 0n },
])("$name", ({ quantity, spot, raw }) => {
  const series = [{ ...call, takersLong: quantity }];
  const o = { priceE8: () => spot * E8, marginBps: 1_000n, settlementDecimals: 6 };
  expect(optionLiabilities(series, o)).toBe(raw);
});

test("what takers wrote themselves frees nothing, and never lowers another series", () => {
  const amount = fc.bigInt(0n, 10n ** 24n);
  const one = fc.record({
    underlying: fc.constantFrom("0xe0", "0xb0"),
    isCall: fc.boolean(),
    strike: fc.bigInt(1n, 10n ** 14n),
    takersLong: amount,
    takersShort: amount,
  });
  const prices = fc.record({
    "0xe0": fc.bigInt(1n, 10n ** 14n),
    "0xb0": fc.bigInt(1n, 10n ** 14n),
  });
  fc.assert(
    fc.property(fc.array(one), prices, fc.bigInt(0n, 10_000n), (series, spots, marginBps) => {
      const priceE8 = (underlying: string) => spots[underlying as "0xe0"];
      const o = { priceE8, marginBps, settlementDecimals: 6 };
      const each = series.map((alone) => optionLiabilities([alone], o));
      expect(optionLiabilities(series, o)).toBe(each.reduce((sum, raw) => sum + raw, 0n));
      series.forEach(({ takersLong, takersShort }, index) => {
        if (takersLong <= takersShort) expect(each[index]).toBe(0n);
      });
    }),
  );
});
