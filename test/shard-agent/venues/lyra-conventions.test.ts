import fc from "fast-check";
import { expect, test } from "vitest";
import {
  figuresOf,
  type LyraStrike,
  lyraSeriesId,
  poolLines,
  vegaFromStandard,
} from "#shard-agent/venues/lyra-conventions.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { DAY_MS } from "#shared/units/time.ts";
import { address20 } from "#test/support/coordinator/shard-report.ts";

const NOW_MS = 1_790_000_000_000;
const MARKET = address20("60");
const WAD = 10n ** 18n;

/**
 * What Lyra's own contracts cached of three strikes on deployment (OptionGreekCache.getBoardGreeksView): spot 2000, 28
 * days, base volatility 1, rate and carry 5 %.
 */
const CACHED = [
  {
    strikeUsd: 1700,
    volatility: 1.1,
    callDelta: 757_522_244_989_429_365n,
    putDelta: -242_477_755_010_570_635n,
    stdVega: 1_792_469_423_326_867_611n,
    callPrice: 409_034_791_914_735_284_341n,
    putPrice: 102_526_733_156_959_202_941n,
  },
  {
    strikeUsd: 2000,
    volatility: 1,
    callDelta: 560_538_027_558_585_425n,
    putDelta: -439_461_972_441_414_575n,
    stdVega: 2_261_076_471_404_619_125n,
    callPrice: 223_713_239_711_396_838_203n,
    putPrice: 216_056_699_996_366_154_203n,
  },
  {
    strikeUsd: 2300,
    volatility: 0.9,
    callDelta: 337_003_608_523_399_400n,
    putDelta: -662_996_391_476_600_600n,
    stdVega: 2_093_774_776_846_196_957n,
    callPrice: 97_881_759_409_215_130_658n,
    putPrice: 389_076_738_736_929_844_058n,
  },
] as const;

const STRIKE: LyraStrike = {
  strikeId: 2n,
  strikePrice: 2000n * WAD,
  skew: WAD,
  cachedGreeks: CACHED[1],
  longCallOpenInterest: 7n * WAD,
  longPutOpenInterest: 0n,
  shortCallBaseOpenInterest: 2n * WAD,
  shortCallQuoteOpenInterest: WAD,
  shortPutOpenInterest: 3n * WAD,
};

test.each(CACHED)(
  "at strike $strikeUsd Lyra's premium, delta and vega are ours at its rate",
  (cached) => {
    const times = { expiryMs: NOW_MS + 28 * DAY_MS, updatedAtMs: NOW_MS };
    for (const type of ["call", "put"] as const) {
      const theirs = figuresOf({ ...STRIKE, cachedGreeks: cached }, type, times);
      const { strikeUsd, volatility } = cached;
      const terms = { type, spotUsd: 2000, strikeUsd, years: 28 / 365, volatility };
      const ours = blackScholes({ ...terms, rate: 0.05 });
      // Lyra's normal distribution is an approximation good to about 1e-7.
      expect(theirs.premiumUsd / ours.priceUsd).toBeCloseTo(1, 5);
      expect(theirs.deltaUnits).toBeCloseTo(ours.deltaUnits, 6);
      expect(theirs.vegaUsdPerVolPoint / ours.vegaUsdPerVolPoint).toBeCloseTo(1, 6);
      // Our books have neither rate nor carry: what is left of the difference is theirs.
      const flat = blackScholes({ ...terms, rate: 0 });
      expect(Math.abs(theirs.deltaUnits - flat.deltaUnits)).toBeLessThan(0.006);
      expect(theirs.vegaUsdPerVolPoint / flat.vegaUsdPerVolPoint).toBeCloseTo(1, 1);
    }
  },
);

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
