import fc from "fast-check";
import { expect, test } from "vitest";
import {
  figuresOf,
  type LyraStrike,
  lyraSeriesId,
  poolLines,
  vegaFromStandard,
} from "#shard-agent/venues/lyra-conventions.ts";
import { blackScholes } from "#shared/risk/black-scholes.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { address20 } from "#test/support/shard-report.ts";

const NOW_MS = 1_790_000_000_000;
const MARKET = address20("60");
const WAD = 10n ** 18n;

/** The call price is Lyra's own: spot 2000, volatility 1, strike 2000, 28 days, rate 5 %. */
const STRIKE: LyraStrike = {
  strikeId: 2n,
  strikePrice: 2000n * WAD,
  skew: WAD,
  cachedGreeks: {
    callDelta: 560_850_000_000_000_000n,
    putDelta: -439_150_000_000_000_000n,
    stdVega: 2_257_000_000_000_000_000n,
    callPrice: 223_713_239_710_000_000_000n,
    putPrice: 216_058_000_000_000_000_000n,
  },
  longCallOpenInterest: 7n * WAD,
  longPutOpenInterest: 0n,
  shortCallBaseOpenInterest: 2n * WAD,
  shortCallQuoteOpenInterest: WAD,
  shortPutOpenInterest: 3n * WAD,
};

test("Lyra's standardised vega is vega per point times sqrt(30 / whole days), seven at least", () => {
  expect(vegaFromStandard(1, NOW_MS + 30 * DAY_MS, NOW_MS)).toBe(1);
  expect(vegaFromStandard(1, NOW_MS + 30.9 * DAY_MS, NOW_MS)).toBe(1);
  expect(vegaFromStandard(2, NOW_MS + 120 * DAY_MS, NOW_MS)).toBe(4);
  expect(vegaFromStandard(1, NOW_MS + DAY_MS, NOW_MS)).toBeCloseTo(Math.sqrt(7 / 30), 15);
});

test("the pool is short what traders are long, and long what they are short", () => {
  const lines = poolLines(STRIKE, { market: MARKET, underlying: "ETH", expiryMs: NOW_MS });
  expect(lines.map(({ type, quantity }) => [type, quantity])).toEqual([
    ["call", -4],
    ["put", 3],
  ]);
  expect(lines[0]).toMatchObject({ venue: "lyra-v1", strikeUsd: 2000, underlying: "ETH" });
  const none = { ...STRIKE, longCallOpenInterest: 3n * WAD, shortPutOpenInterest: 0n };
  expect(poolLines(none, { market: MARKET, underlying: "ETH", expiryMs: NOW_MS })).toEqual([]);
});

test("calls and puts of a strike have their own figures and one vega", () => {
  const times = { expiryMs: NOW_MS + 28 * DAY_MS, updatedAtMs: NOW_MS };
  const call = figuresOf(STRIKE, "call", times);
  const put = figuresOf(STRIKE, "put", times);
  expect(call.deltaUnits - put.deltaUnits).toBeCloseTo(1, 12);
  expect(call.vegaUsdPerVolPoint).toBe(put.vegaUsdPerVolPoint);
  const ours = blackScholes({
    type: "call",
    spotUsd: 2000,
    strikeUsd: 2000,
    years: 28 / 365,
    volatility: 1,
    rate: 0.05,
  });
  expect(call.premiumUsd).toBeCloseTo(ours.priceUsd, 6);
});

test("no two series share an id", () => {
  const series = fc.tuple(fc.bigInt({ min: 1n, max: 10_000n }), fc.constantFrom("call", "put"));
  fc.assert(
    fc.property(series, series, (one, other) => {
      const isSame = one[0] === other[0] && one[1] === other[1];
      const ids = [one, other].map(([id, type]) => lyraSeriesId(MARKET, id, type));
      expect(ids[0] === ids[1]).toBe(isSame);
    }),
  );
  expect(lyraSeriesId(MARKET, 1n, "call")).not.toBe(lyraSeriesId(address20("61"), 1n, "call"));
});
