import { describe, expect, test } from "vitest";
import { exampleJob } from "#test/local/check/example-world.ts";
import { costFigures, naiveFigures } from "#test/local/check/summary/cost-figures.ts";
import { thin } from "#test/local/check/summary/exposure-figures.ts";
import { swapCost } from "#test/local/check/summary/hedging-cost.ts";
import { jobLatencies, percentiles } from "#test/local/check/summary/latencies.ts";
import { EMPTY_NAIVE_BOOK } from "#test/local/observe/naive-hedger.ts";

describe("hedging cost", () => {
  test("is what a purchase paid above the feed, the pool's fee told apart", () => {
    const cost = swapCost({
      isBuy: true,
      units: 2,
      settlementUsd: 4020,
      spotUsd: 2000,
      feeFraction: 0.003,
    });
    expect(cost.shortfallUsd).toBe(20);
    expect(cost.poolFeeUsd).toBeCloseTo(12.06, 10);
  });

  test("is what a sale received below the feed", () => {
    const cost = swapCost({
      isBuy: false,
      units: 2,
      settlementUsd: 3990,
      spotUsd: 2000,
      feeFraction: 0.0005,
    });
    expect(cost).toEqual({ turnoverUsd: 4000, shortfallUsd: 10, poolFeeUsd: 2 });
  });

  test("adds gas, failures and the bridge, and counts the pool's fee once", () => {
    const hedge = {
      shard: "a",
      underlying: "ETH",
      units: 1,
      turnoverUsd: 2000,
      shortfallUsd: 10,
      poolFeeUsd: 6,
      gasUsd: 1,
    };
    const side = { transferGasUsd: 2, bridgeFeeUsd: 3, failedGasUsd: 0.5 };
    expect(costFigures([hedge, hedge], [side])).toEqual({
      hedges: 2,
      turnoverUsd: 4000,
      shortfallUsd: 20,
      shortfallPoolFeesUsd: 12,
      shortfallPriceUsd: 8,
      gasUsd: 2,
      failedGasUsd: 0.5,
      transferGasUsd: 2,
      bridgeFeeUsd: 3,
      totalUsd: 27.5,
    });
  });
});

describe("naive figures", () => {
  test("price every trade's gas and report what was not hedged beside the cost", () => {
    const unhedged = {
      ms: 3_600_000,
      unitMs: 7_200_000,
      usdMs: 14_400_000_000,
      maxUnits: 3,
      maxUsd: 6000,
    };
    const book = {
      ...EMPTY_NAIVE_BOOK,
      trades: 4,
      shortfallUsd: 40,
      watchedMs: 1000,
      outsideMs: 250,
      unhedged: { ...EMPTY_NAIVE_BOOK.unhedged, "would-short": unhedged },
    };
    const line = { shard: "a", ticker: "ETH", book, outside: false, spotUsd: 2000, unhedged: null };
    const figures = naiveFigures([line], 1.5);
    expect(figures).toMatchObject({
      trades: 4,
      gasUsd: 6,
      totalUsd: 46,
      shardTimeOutsideBandFraction: 0.25,
    });
    expect(figures.unhedged).toEqual({
      "ETH would-short": { ms: 3_600_000, meanUnits: 2, maxUnits: 3, usdHours: 4000, maxUsd: 6000 },
    });
  });
});

describe("latencies", () => {
  test("are percentiles by nearest rank", () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentiles(hundred)).toEqual({ count: 100, p50Ms: 50, p99Ms: 99 });
    expect(percentiles([7])).toEqual({ count: 1, p50Ms: 7, p99Ms: 7 });
    expect(percentiles([])).toEqual({ count: 0, p50Ms: null, p99Ms: null });
  });

  test("leave out jobs that were never included", () => {
    const { times } = exampleJob();
    const lost = exampleJob({ times: { ...times, includedBlockTimestampMs: null } });
    expect(jobLatencies([exampleJob(), lost])).toEqual({
      blockToAccepted: { count: 1, p50Ms: 300, p99Ms: 300 },
      blockToSent: { count: 1, p50Ms: 450, p99Ms: 450 },
      acceptedToDecided: { count: 1, p50Ms: 100, p99Ms: 100 },
      decidedToIncluded: { count: 1, p50Ms: 1600, p99Ms: 1600 },
      blockToIncluded: { count: 1, p50Ms: 2000, p99Ms: 2000 },
    });
  });
});

describe("thin", () => {
  test("keeps the ends and at most the limit", () => {
    const thinned = thin(
      Array.from({ length: 1001 }, (_, i) => i),
      11,
    );
    expect(thinned).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    expect(thin([1, 2], 11)).toEqual([1, 2]);
  });
});
