import { describe, expect, test } from "vitest";
import { type FlowSample, simulateFlow } from "#test/local/takers/flow-simulation.ts";
import { type Intent, type IntentOptions, takerIntents } from "#test/local/takers/intents.ts";

const SEEDS = [1, 2, 3, 7];
const OPTIONS: IntentOptions = {
  seed: 7,
  shards: 3,
  lengthSeconds: 160,
  startPricesUsd: { ETH: 3_000, BTC: 60_000 },
};

test("the same seed gives the same intents, another seed others", () => {
  expect(take(100, OPTIONS)).toEqual(take(100, OPTIONS));
  expect(take(100, { ...OPTIONS, seed: 8 })).not.toEqual(take(100, OPTIONS));
});

test("takers buy, sell back and write; only puts are written", () => {
  const intents = take(150, OPTIONS);
  const legs = intents.flatMap((intent) => [...intent.first, ...intent.second]);
  expect(new Set(legs.map(({ side, series }) => `${side} ${series.type}`))).toEqual(
    new Set(["sell put", "buy put", "buy call", "sell call"]),
  );
  const callsHeld = new Map<string, number>();
  for (const { side, series, shardIndex, taker, quantity } of legs) {
    if (series.type === "put") continue;
    const key = JSON.stringify([series, shardIndex, taker]);
    const held = (callsHeld.get(key) ?? 0) + (side === "buy" ? quantity : -quantity);
    expect(held).toBeGreaterThanOrEqual(0);
    callsHeld.set(key, held);
  }
});

test("what is opened after the build-up is closed again: every leg has its opposite", () => {
  const intents = take(150, OPTIONS);
  const closings = intents.filter(({ id }) => id.includes("close"));
  expect(closings.length).toBeGreaterThan(20);
  for (const closing of closings) {
    const opening = intents.find(({ id }) => id === closing.id.replace("close", "open"));
    const opened = [...(opening?.first ?? []), ...(opening?.second ?? [])].map((leg) => ({
      ...leg,
      side: leg.side === "buy" ? "sell" : "buy",
    }));
    const closed = [...closing.first, ...closing.second];
    expect(closed).toHaveLength(opened.length);
    expect(closed).toEqual(expect.arrayContaining(opened));
  }
});

test("one series of each underlying is on the expiry that settles, far in the money, bought as much as written", () => {
  const expiring = take(100, OPTIONS).filter(({ id }) => id.includes("expiring"));
  expect(expiring).toHaveLength(2);
  for (const { first, second } of expiring) {
    expect(first[0]?.quantity).toBe(second[0]?.quantity);
    expect(first[0]?.series.strikeUsd).toBeGreaterThan(
      1.25 * (OPTIONS.startPricesUsd[first[0]?.series.ticker ?? ""] ?? 0),
    );
  }
});

describe.each([{ shards: 2 }, { shards: 3 }, { shards: 5 }, { shards: 8 }])(
  "with $shards shards",
  ({ shards }) => {
    test.each(SEEDS)(
      "seed %i: shards offset each other at least four times over, and the whole is never long",
      (seed) => {
        const samples = simulateFlow({ seed, shards, minutes: 3, everySeconds: 10 });
        for (const ticker of ["ETH", "BTC"] as const) {
          const gross = mean(samples.map((sample) => sum(sample.deltaUsd[ticker].map(Math.abs))));
          const net = samples.map((sample) => sum(sample.deltaUsd[ticker]));
          expect(gross / mean(net.map(Math.abs))).toBeGreaterThan(4);
          expect(Math.max(...net)).toBeLessThan(1_000);
          // Large against the band, from early on.
          expect(at(net, 0.3)).toBeLessThan(-40_000);
          const signs = new Set(at(samples, 0.5).deltaUsd[ticker].map(Math.sign));
          expect(signs).toEqual(new Set([1, -1]));
        }
      },
    );

    test.each(SEEDS)("seed %i: the crash leaves the first shard short of capital", (seed) => {
      const samples = simulateFlow({ seed, shards, minutes: 3, everySeconds: 5 });
      const need = (sample: FlowSample): number =>
        Math.max(0, -(sample.optionValueUsd[0] ?? 0)) +
        1.1 * (sample.worstLossUsd[0] ?? 0) -
        (sample.premiumsUsd[0] ?? 0);
      const afterCrash = samples.filter(({ second }) => second > 84 && second < 110);
      expect(Math.max(...afterCrash.map(need))).toBeGreaterThan(275_000);
    });
  },
);

function take(count: number, options: IntentOptions): Intent[] {
  const intents = takerIntents(options);
  return Array.from({ length: count }, () => intents.next().value as Intent);
}

function at<T>(values: readonly T[], share: number): T {
  const value = values[Math.floor(share * (values.length - 1))];
  if (value === undefined) throw new RangeError("empty");
  return value;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
