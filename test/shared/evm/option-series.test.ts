import { expect, test } from "vitest";
import { namedSeries } from "#shared/evm/option-series.ts";

const CALL = {
  id: `0x${"11".repeat(32)}`,
  underlying: `0x${"22".repeat(20)}`,
  isCall: true,
  expiry: 1_774_598_400n,
  strike: 3_200_00000000n,
  takersLong: 5n * 10n ** 18n,
  takersShort: 2n,
} as const;

test("a live series is named with its units, and nothing else of it is kept", () => {
  const settled = { settled: false, settlementPrice: 0n };
  expect(namedSeries([{ ...CALL, ...settled }])).toEqual([
    {
      seriesId: CALL.id,
      underlying: CALL.underlying,
      isCall: true,
      expirySeconds: 1_774_598_400n,
      strikeE8: 3_200_00000000n,
      takersLongE18: 5n * 10n ** 18n,
      takersShortE18: 2n,
    },
  ]);
});

test("a book that stands still is the same to whoever compares, an equal one of another read is not", () => {
  const book = [CALL];
  expect(namedSeries(book)).toBe(namedSeries(book));
  expect(namedSeries([CALL])).not.toBe(namedSeries(book));
});
