import { describe, expect, test } from "vitest";
import type { MarketSnapshot } from "#coordinator/records/planning/market-snapshot.ts";
import type { SpotHistory } from "#coordinator/records/planning/volatility-forecast.ts";
import { forecastVolatility } from "#coordinator/stages/bands/forecast-volatility.ts";
import { observeSpots, volatilityRatio } from "#coordinator/stages/bands/observe-spots.ts";
import { meanVarianceAhead, tracedVariance } from "#shared/risk/statistics/realised-variance.ts";
import { YEAR_MS } from "#shared/units/time.ts";
import { aPolicy } from "#test/support/coordinator/coordinator-pass.ts";

const POLICY = {
  ...aPolicy().triggers.forecast,
  sampleEveryMs: 10_000,
  shortHalfLifeMs: 60_000,
  longHalfLifeMs: 3_600_000,
};
const NONE: ReadonlyMap<string, SpotHistory> = new Map();

function snapshot(
  atMs: number,
  spotUsd: number | null,
  refused: string | null = null,
): MarketSnapshot {
  const eth = {
    underlying: "ETH",
    spotUsd,
    sources: [],
    volatilitySource: null,
    spotSpreadFraction: null,
    slices: [],
    refused,
  };
  return { asOfMs: atMs, underlyings: new Map([["ETH", eth]]), settlementUsd: 1 } as MarketSnapshot;
}

/** Spots that move up and down by `move` every step. */
function moved(steps: number, move: number, from: ReadonlyMap<string, SpotHistory> = NONE) {
  const start = from.get("ETH");
  let histories = from;
  for (let step = 1; step <= steps; step += 1) {
    const spotUsd = step % 2 === 0 ? 2000 : 2000 * Math.exp(move);
    histories = observeSpots(
      histories,
      snapshot((start?.atMs ?? 0) + step * 10_000, spotUsd),
      POLICY,
    );
  }
  return histories;
}

function eth(histories: ReadonlyMap<string, SpotHistory>): SpotHistory {
  const history = histories.get("ETH");
  if (history === undefined) throw new Error("no history");
  return history;
}

describe("what passes see of spot", () => {
  test("is one return per step, whatever the number of passes between", () => {
    const once = moved(20, 0.001);
    let twice = NONE;
    for (let step = 1; step <= 20; step += 1) {
      const spotUsd = step % 2 === 0 ? 2000 : 2000 * Math.exp(0.001);
      twice = observeSpots(twice, snapshot(step * 10_000, spotUsd), POLICY);
      twice = observeSpots(twice, snapshot(step * 10_000 + 4_000, 2500), POLICY);
    }
    expect(twice).toEqual(once);
  });

  test("gives the variance of its moves", () => {
    const { short, long } = eth(moved(100, 0.001));
    const annual = (0.001 ** 2 * YEAR_MS) / 10_000;
    expect(tracedVariance(short)).toBeCloseTo(annual, 9);
    expect(tracedVariance(long)).toBeCloseTo(annual, 9);
  });

  test("is left as it was while the snapshot is refused or has no price", () => {
    const known = moved(5, 0.001);
    expect(observeSpots(known, snapshot(9e6, 2000, "spot sources disagree"), POLICY)).toEqual(
      known,
    );
    expect(observeSpots(known, snapshot(9e6, null), POLICY)).toEqual(known);
  });

  test("says nothing before two short half-lives, nor of a market that never moved", () => {
    expect(volatilityRatio(eth(moved(12, 0.001)), POLICY)).toBeNull();
    expect(volatilityRatio(eth(moved(13, 0.001)), POLICY)).toBeCloseTo(1, 6);
    expect(volatilityRatio(eth(moved(13, 0)), POLICY)).toBeNull();
  });
});

describe("the regime", () => {
  const calm = moved(300, 0.001);

  test("is stressed once short volatility is high enough, and calm only when it is well below that again", () => {
    expect(eth(calm).regime).toBe("calm");
    const stressed = moved(20, 0.004, calm);
    expect(eth(stressed).regime).toBe("stressed");
    let back = stressed;
    const regimes: string[] = [];
    for (let step = 0; step < 60; step += 1) {
      back = moved(1, 0.001, back);
      const ratio = volatilityRatio(eth(back), POLICY) ?? 0;
      regimes.push(eth(back).regime);
      if (ratio < POLICY.stressedFromRatio && ratio >= POLICY.calmBelowRatio)
        expect(eth(back).regime).toBe("stressed");
    }
    expect(regimes.at(-1)).toBe("calm");
    // Once over, it stays over: no flicker.
    expect(regimes.lastIndexOf("stressed")).toBeLessThan(regimes.indexOf("calm"));
  });
});

describe("the volatility expected", () => {
  test("is implied until enough was seen, and unknown without that", () => {
    expect(forecastVolatility(undefined, 0.6, POLICY)).toEqual({
      volatility: 0.6,
      source: "implied",
      regime: "calm",
      ratio: null,
    });
    expect(forecastVolatility(eth(moved(3, 0.001)), null, POLICY)).toBeUndefined();
  });

  test("lies between the short and the long realised one, as the term structure says", () => {
    const history = eth(moved(20, 0.004, moved(300, 0.001)));
    const [short, long] = [tracedVariance(history.short) ?? 0, tracedVariance(history.long) ?? 0];
    const forecast = forecastVolatility(history, 0.6, POLICY);
    const variance = meanVarianceAhead({
      varianceNow: short,
      varianceLong: long,
      years: POLICY.horizonMs / YEAR_MS,
      reversionPerYear: (Math.LN2 * YEAR_MS) / 60_000,
    });
    expect(forecast).toMatchObject({ source: "realised", volatility: Math.sqrt(variance) });
    expect(variance).toBeGreaterThan(long);
    expect(variance).toBeLessThan(short);
  });
});
