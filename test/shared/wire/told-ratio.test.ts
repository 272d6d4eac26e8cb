import fc from "fast-check";
import { expect, test } from "vitest";
import { RATIO_TOLD_MAX, toldMarginRatio } from "#shared/wire/told-ratio.ts";

test("a margin ratio is told as it is, and bounded where a position is dust", () => {
  expect(toldMarginRatio(500n, 2_000n)).toBe(0.25);
  expect(toldMarginRatio(-500n, 2_000n)).toBe(-0.25);
  expect(toldMarginRatio(500n, 0n)).toBeNull();
  expect(toldMarginRatio(20_000n * 10n ** 18n, 4n)).toBe(RATIO_TOLD_MAX);
  expect(toldMarginRatio(-20_000n * 10n ** 18n, 4n)).toBe(-RATIO_TOLD_MAX);
});

test("no account makes a ratio that a report cannot hold", () => {
  const account = fc.tuple(
    fc.bigInt({ min: -(2n ** 255n), max: 2n ** 255n }),
    fc.bigInt({ min: 0n, max: 2n ** 255n }),
  );
  fc.assert(
    fc.property(account, ([value, exposure]) => {
      const told = toldMarginRatio(value, exposure);
      expect(told === null).toBe(exposure === 0n);
      expect(Math.abs(told ?? 0)).toBeLessThanOrEqual(RATIO_TOLD_MAX);
    }),
  );
});
