import fc from "fast-check";
import { expect, test } from "vitest";
import { markOptions, type UnmarkedOption } from "#shard-agent/stages/mark-options.ts";
import { chainValuer } from "#shared/risk/portfolio/option-chain.ts";
import { valueOption } from "#shared/risk/pricing/option-position.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import type { MarketLine } from "#shared/wire/shard-report.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const NOW_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const market = (["ETH", "BTC"] as const).map((underlying, index): MarketLine => {
  const spotUsd = index === 0 ? 3_000 : 60_000;
  const slice = { a: 0.01, b: 0.1, rho: -0.3, m: 0.02, sigma: 0.2, updatedAtMs: NOW_MS };
  const volatility = [{ ...slice, expiryMs: NOW_MS + 30 * DAY_MS }];
  return { underlying, source: "feed", spotUsd, spotUpdatedAtMs: NOW_MS, volatility };
});
const SETTLED = hash32("5e");

const option = fc.record({
  kind: fc.constant("option" as const),
  venue: fc.constant("option-book"),
  seriesId: fc.constantFrom(SETTLED, hash32("aa")),
  underlying: fc.constantFrom("ETH", "BTC"),
  type: fc.constantFrom("call" as const, "put" as const),
  strikeUsd: fc.constantFrom(2_000, 3_000, 50_000, 70_000),
  expiryMs: fc.constantFrom(-1, 0, 1, 30).map((days) => NOW_MS + days * DAY_MS),
  quantity: fc.constantFrom(-2, 1),
});

function marked(options: readonly UnmarkedOption[], markets = market) {
  const settlementUsd = (id: string) => (id === SETTLED ? 2_500 : undefined);
  const valueChain = chainValuer(STANDARD_GRID);
  return markOptions(options, markets, { asOfMs: NOW_MS, settlementUsd, valueChain });
}

test("each line keeps its place and has its own mark, in whatever order they stand", () => {
  fc.assert(
    fc.property(fc.array(option, { maxLength: 20 }), (options) => {
      const { book } = marked(options);
      expect(book.map(({ markUsd: _, ...line }) => line)).toEqual(options);
      for (const { markUsd, ...line } of book) expect(markUsd).toBeCloseTo(expectedUsd(line), 9);
    }),
  );
});

function expectedUsd(line: UnmarkedOption): number {
  const { spotUsd = 0, volatility: slices = [] } =
    market.find(({ underlying }) => underlying === line.underlying) ?? {};
  const { type, strikeUsd, expiryMs, seriesId } = line;
  if (expiryMs > NOW_MS)
    return valueOption({ ...line, quantity: 1 }, { spotUsd, slices, nowMs: NOW_MS }).priceUsd;
  const paidAtUsd = seriesId === SETTLED ? 2_500 : spotUsd;
  return Math.max(0, type === "call" ? paidAtUsd - strikeUsd : strikeUsd - paidAtUsd);
}

test("only live options are in the chain of their underlying, of which each market has one", () => {
  fc.assert(
    fc.property(fc.array(option, { maxLength: 20 }), (options) => {
      const { options: chains } = marked(options);
      expect(chains.map(({ pricesUsd }) => pricesUsd.length)).toEqual(
        market.map(({ underlying }) => {
          const own = options.filter((line) => line.underlying === underlying);
          return own.filter(({ expiryMs }) => expiryMs > NOW_MS).length;
        }),
      );
    }),
  );
});

test("an option of an underlying without a price is refused, expired or not", () => {
  const [onlyEth] = market;
  const [line] = fc.sample(option, 1);
  for (const expiryMs of [NOW_MS, NOW_MS + DAY_MS]) {
    const stray = { ...line, underlying: "BTC", expiryMs } as UnmarkedOption;
    expect(() => marked([stray], onlyEth ? [onlyEth] : [])).toThrow("no feed of BTC");
  }
});
