import fc from "fast-check";
import { expect, test } from "vitest";
import { exactProduct, exactSum, growthFactor } from "#shared/risk/statistics/double-double.ts";
import { numberIn } from "#test/support/maths/arbitrary-option.ts";

/** A double as a fraction of 2^1100: exact. */
function exact(value: number): bigint {
  const power = Math.max(-1074, Math.floor(Math.log2(Math.abs(value) || 1)) - 53);
  return BigInt(value / 2 ** power) * 2n ** BigInt(power + 1100);
}

test("a sum and its rest are exact", () => {
  fc.assert(
    fc.property(numberIn(-1e12, 1e12), numberIn(-1e-3, 1e3), (left, right) => {
      const { high, low } = exactSum(left, right);
      expect(high).toBe(left + right);
      expect(exact(high) + exact(low)).toBe(exact(left) + exact(right));
    }),
  );
});

test("a product and its rest are exact", () => {
  const anyFactor = fc
    .tuple(numberIn(1, 2), fc.integer({ min: -30, max: 30 }))
    .map(([m, e]) => m * 2 ** e);
  fc.assert(
    fc.property(anyFactor, anyFactor, (left, right) => {
      const { high, low } = exactProduct(left, right);
      expect((exact(high) + exact(low)) * 2n ** 1100n).toBe(exact(left) * exact(right));
    }),
  );
});

test("a growth factor of nothing is one, and of very much or little stays in range", () => {
  expect(growthFactor(0.05, -0.05, 30)).toBe(1);
  expect(growthFactor(1e200, 0, 1e200)).toBe(Number.POSITIVE_INFINITY);
  expect(growthFactor(-1e200, 0, 1e200)).toBe(0);
});
