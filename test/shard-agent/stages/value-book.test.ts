import { expect, test } from "vitest";
import { EMPTY_READING } from "#shard-agent/records/shard-snapshot.ts";
import { valueBook } from "#shard-agent/stages/value-book.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import {
  anEthAsset,
  aScope,
  aSeries,
  aSnapshot,
  BLOCK_MS,
  ETH_TOKEN,
  EXPIRY_MS,
  flatSlice,
  SETTLEMENT_TOKEN,
} from "#test/support/agent/agent-snapshot.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const SCOPE = aScope();

test("balances become collateral lines with their own price, hedges with their underlying", () => {
  const { collateral } = valueBook(aSnapshot(), SCOPE);
  expect(collateral).toEqual([
    expect.objectContaining({
      asset: "USDX",
      underlying: null,
      amountRaw: "1000000000000",
      priceUsd: 1,
    }),
    expect.objectContaining({
      asset: "ETH",
      underlying: "ETH",
      amountRaw: (3n * 10n ** 18n).toString(),
      priceUsd: 2000,
    }),
  ]);
});

test("margin and an option account's cash are one line, as a report names an asset at a place once", () => {
  const reading = (amountRaw: bigint) => {
    const cash = { token: SETTLEMENT_TOKEN, amountRaw, location: "venue-margin" } as const;
    return { ...EMPTY_READING, collateral: [cash] };
  };
  const snapshot = aSnapshot({ venues: [reading(250_000_000n), reading(0n), reading(30n)] });
  const { collateral } = valueBook(snapshot, SCOPE);
  expect(collateral.slice(2)).toEqual([
    expect.objectContaining({ amountRaw: "250000030", location: "venue-margin" }),
  ]);
});

test("what lies at a venue is a line of its own at the price of the same asset; empty ones are left out", () => {
  const at = { location: "lending" } as const;
  const collateral = [
    { ...at, token: SETTLEMENT_TOKEN, amountRaw: 250_000_000n },
    { ...at, token: ETH_TOKEN, amountRaw: 2n * 10n ** 18n },
    { ...at, token: ETH_TOKEN, amountRaw: 0n },
  ];
  const snapshot = aSnapshot({ venues: [{ ...EMPTY_READING, collateral }] });
  expect(valueBook(snapshot, SCOPE).collateral.slice(2)).toEqual([
    expect.objectContaining({
      asset: "USDX",
      underlying: null,
      amountRaw: "250000000",
      location: "lending",
      priceUsd: 1,
    }),
    expect.objectContaining({
      asset: "ETH",
      underlying: "ETH",
      amountRaw: (2n * 10n ** 18n).toString(),
      location: "lending",
      priceUsd: 2000,
    }),
  ]);
});

const QUANTITIES = [
  {
    name: "takers are long: the vault is short",
    takersLongE18: 2n * 10n ** 18n,
    takersShortE18: 0n,
    quantity: -2,
  },
  {
    name: "takers are short: the vault is long",
    takersLongE18: 0n,
    takersShortE18: 5n * 10n ** 17n,
    quantity: 0.5,
  },
  {
    name: "both: only the difference is the vault's",
    takersLongE18: 10n ** 18n,
    takersShortE18: 3n * 10n ** 18n,
    quantity: 2,
  },
];

test.each(QUANTITIES)("$name", ({ takersLongE18, takersShortE18, quantity }) => {
  const series = [aSeries({ takersLongE18, takersShortE18 })];
  expect(valueBook(aSnapshot({ series }), SCOPE).book[0]?.quantity).toBe(quantity);
});

test("marks are Black-Scholes on the feed's surface at the time of the block", () => {
  const series = [aSeries({ strikeE8: 210_000_000_000n }), aSeries({ isCall: false })];
  const { book } = valueBook(aSnapshot({ series }), SCOPE);
  const years = (EXPIRY_MS - BLOCK_MS) / (365 * 86_400_000);
  const option = { spotUsd: 2000, years, volatility: 0.6, rate: 0, carry: 0 } as const;
  expect(book[0]?.markUsd).toBeCloseTo(
    blackScholes({ ...option, type: "call", strikeUsd: 2100 }).priceUsd,
    6,
  );
  expect(book[1]?.markUsd).toBeCloseTo(
    blackScholes({ ...option, type: "put", strikeUsd: 2000 }).priceUsd,
    6,
  );
});

test("an expired series that is not settled yet is marked at intrinsic value", () => {
  const expired = { expirySeconds: BigInt(BLOCK_MS / 1000), strikeE8: 190_000_000_000n };
  const series = [aSeries(expired), aSeries({ ...expired, isCall: false })];
  const marksUsd = valueBook(aSnapshot({ series }), SCOPE).book.map((line) => line.markUsd);
  expect(marksUsd).toEqual([100, 0]);
});

test("an expired series whose settlement price is known is marked at what it will be paid", () => {
  const expired = { expirySeconds: BigInt(BLOCK_MS / 1000), strikeE8: 190_000_000_000n };
  const series = [aSeries(expired), aSeries({ ...expired, isCall: false })];
  const prices = new Map(series.map((one) => [one.seriesId, 203_000_000_000n]));
  const marksUsd = valueBook(aSnapshot({ series }), SCOPE, prices).book.map((line) => line.markUsd);
  expect(marksUsd).toEqual([130, 0]);
});

test("expired volatility slices are left out, the rest ascend by expiry", () => {
  const slices = [
    flatSlice(EXPIRY_MS + 1000, 0.5),
    flatSlice(EXPIRY_MS, 0.5),
    flatSlice(BLOCK_MS, 0.5),
  ];
  const { market } = valueBook(aSnapshot({ hedgeAssets: [anEthAsset({ slices })] }), SCOPE);
  expect(market[0]?.volatility.map((slice) => slice.expiryMs)).toEqual([
    EXPIRY_MS,
    EXPIRY_MS + 1000,
  ]);
});

test("what cannot be read is an error, never a zero", () => {
  const unknown = aSnapshot({ hedgeAssets: [anEthAsset({ token: address20("dd") })] });
  expect(() => valueBook(unknown, SCOPE)).toThrow("unknown-hedge-asset");
  const price = { priceE8: 0n, roundId: 1n, updatedAtMs: BLOCK_MS };
  const worthless = aSnapshot({ hedgeAssets: [anEthAsset({ price })] });
  expect(() => valueBook(worthless, SCOPE)).toThrow(
    "Feed base-eth-usd: found 0; a price must be above 0.",
  );
  const blind = aSnapshot({ hedgeAssets: [anEthAsset({ slices: [] })], series: [aSeries()] });
  expect(() => valueBook(blind, SCOPE)).toThrow(RangeError);
});
