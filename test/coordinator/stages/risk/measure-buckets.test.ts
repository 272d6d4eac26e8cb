import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { preparePass } from "#coordinator/cycles/planning/prepare-pass.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import {
  allowedChange,
  beyondLimit,
  bucketLimits,
} from "#coordinator/stages/risk/bucket-limits.ts";
import {
  bucketOf,
  expiryBuckets,
  gammaUsdPerPercent,
  measureBuckets,
} from "#coordinator/stages/risk/measure-buckets.ts";
import { blackScholes } from "#shared/risk/pricing/black-scholes.ts";
import { optionInputs } from "#shared/risk/pricing/option-position.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { yearsBetween } from "#shared/units/time.ts";
import type { OptionLine } from "#shared/wire/shard-report.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aWorld, netEth } from "#test/support/coordinator/planned-world.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const DAY_MS = 86_400_000;
const POLICY = aPolicy({ vegaLimitUsdPerVolPoint: 20, gammaLimitUsdPerPercent: 5_000 });
const BOOK = [
  anOption({ quantity: -10, expiryMs: NOW_MS + 5 * DAY_MS }),
  anOption({ quantity: -4, expiryMs: NOW_MS + 60 * DAY_MS, seriesId: hash32("5f") }),
];

function optionJob(days: number, vegaUsdPerVolPoint: number, gammaUnitsPerUsd = 0): JobRecord {
  const expiryMs = NOW_MS + days * DAY_MS;
  const optionExposure = { expiryMs, gammaUnitsPerUsd, vegaUsdPerVolPoint, gridPnlUsd: [] };
  return aJobRecord({ kind: "option-trade", expectedDeltaUnits: 0, optionExposure });
}

function measured(jobs: readonly JobRecord[] = []) {
  const world = aWorld([anEntry({ shard: "base", change: { book: BOOK } })], {
    jobs,
    policy: POLICY,
  });
  const context = { spotUsd: 2000, nowMs: NOW_MS, policy: POLICY };
  return measureBuckets(netEth(world), world.effects, context);
}

test.each([
  { days: 0.1, at: 0 },
  { days: 7, at: 0 },
  { days: 7.01, at: 1 },
  { days: 90, at: 2 },
  { days: 4000, at: 3 },
])("an expiry in $days days is in bucket $at of four", ({ days, at }) => {
  const buckets = expiryBuckets(POLICY);
  expect(buckets.map((one) => one.toDays)).toEqual([7, 30, 90, null]);
  expect(bucketOf(NOW_MS + days * DAY_MS, NOW_MS, buckets)).toBe(at);
});

test("every series is in one bucket, and together they are the net", () => {
  const world = aWorld([anEntry({ shard: "base", change: { book: BOOK } })]);
  const { vegaUsdPerVolPoint, gammaUnitsPerUsd } = netEth(world).greeks;
  const buckets = measured();
  const vega = buckets.reduce((sum, one) => sum + one.vegaUsdPerVolPoint.net, 0);
  const gamma = buckets.reduce((sum, one) => sum + one.gammaUsdPerPercent.net, 0);
  expect(vega).toBeCloseTo(vegaUsdPerVolPoint, 9);
  expect(gamma).toBeCloseTo(gammaUsdPerPercent(gammaUnitsPerUsd, 2000), 6);
  expect(buckets.map((one) => one.vegaUsdPerVolPoint.net < 0)).toEqual([true, false, true, false]);
});

test("an option trade that has lapsed is only in the interval", () => {
  const world = aWorld([anEntry({ shard: "base", change: { book: BOOK } })], { policy: POLICY });
  const [effect] = pendingEffects([optionJob(5, 12, 0.01)]);
  if (effect === undefined) throw new Error("a job in flight has an effect");
  const effects = [{ ...effect, isLapsed: true }];
  const context = { spotUsd: 2000, nowMs: NOW_MS, policy: POLICY };
  const [before] = measured();
  const [after] = measureBuckets(netEth(world), effects, context);
  for (const [greek, added] of [
    ["vegaUsdPerVolPoint", 12],
    ["gammaUsdPerPercent", gammaUsdPerPercent(0.01, 2000)],
  ] as const) {
    const { net = 0 } = before?.[greek] ?? {};
    expect(after?.[greek].net).toBe(net);
    expect(after?.[greek].interval).toEqual([net, net + added]);
  }
});

test("gamma of one unit per USD moves 1 % of spot squared per percent", () => {
  expect(gammaUsdPerPercent(0.02, 2000)).toBeCloseTo(0.02 * 2000 * 20, 9);
});

test("the interval holds the net of every subset of the jobs in flight, and reaches both ends", () => {
  const vegas = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { maxLength: 5 });
  fc.assert(
    fc.property(vegas, (all) => {
      const [bucket] = measured(all.map((vega) => optionJob(3, vega)));
      const before = measured()[0]?.vegaUsdPerVolPoint.net ?? 0;
      const [low, high] = bucket?.vegaUsdPerVolPoint.interval ?? [0, 0];
      const subsets = Array.from({ length: 2 ** all.length }, (_, mask) => {
        return all.reduce((sum, vega, at) => (mask & (2 ** at) ? sum + vega : sum), before);
      });
      expect(Math.min(...subsets)).toBeCloseTo(low, 4);
      expect(Math.max(...subsets)).toBeCloseTo(high, 4);
    }),
    { numRuns: 40 },
  );
});

test("usage is the far end over the limit, and null where there is none", () => {
  const [near] = measured([optionJob(3, -30)]);
  const [low = 0] = near?.vegaUsdPerVolPoint.interval ?? [];
  expect(near?.vegaUsdPerVolPoint.usage).toBeCloseTo(-low / 20, 9);
  const world = aWorld([anEntry({ shard: "base", change: { book: BOOK } })]);
  const context = { spotUsd: 2000, nowMs: NOW_MS, policy: aPolicy() };
  expect(measureBuckets(netEth(world), [], context)[0]?.gammaUsdPerPercent.usage).toBeNull();
});

test("a decision says how much of its limits each bucket uses", () => {
  const entries = [anEntry({ shard: "base", change: { book: BOOK } })];
  const { decision } = planPass(aPassInput(entries, { policy: POLICY }));
  const buckets = decision.underlyings[0]?.buckets ?? [];
  expect(buckets.map((one) => [one.fromDays, one.toDays])).toEqual([
    [0, 7],
    [7, 30],
    [30, 90],
    [90, null],
  ]);
});

describe("a silent shard", () => {
  const SILENT_MS = 30_000;
  const policy = aPolicy({ vegaLimitUsdPerVolPoint: 20, gammaLimitUsdPerPercent: 5_000 });

  /** Buckets with a shard of some options, silent or not, beside one that reports and has none. */
  function bucketsWith(book: readonly OptionLine[], isSilent: boolean, spotUsd = 2000) {
    const silence = isSilent ? { ageMs: SILENT_MS } : {};
    const one = anEntry({ shard: "base", ...silence, change: { book: [...book] } });
    const other = anEntry({ shard: "ethereum", spotUsd });
    const { decision } = planPass(aPassInput([one, other], { policy }));
    return decision.underlyings[0]?.buckets ?? [];
  }

  const books = fc.array(
    fc.record({
      quantity: fc.integer({ min: -30, max: 30 }),
      days: fc.integer({ min: 1, max: 40 }),
      strikeUsd: fc.integer({ min: 1_500, max: 2_600 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const linesOf = (book: readonly { quantity: number; days: number; strikeUsd: number }[]) =>
    book.map(({ days, ...one }, at) => {
      const seriesId = hash32(`5${at}`);
      return anOption({ ...one, seriesId, expiryMs: NOW_MS + days * DAY_MS });
    });

  test("alone makes no limit exceeded, and leaves no more room under one than when it spoke", () => {
    let spread = 0;
    const check = (
      book: readonly { quantity: number; days: number; strikeUsd: number }[],
    ): void => {
      const spoken = bucketLimits(bucketsWith(linesOf(book), false), policy);
      const silent = bucketLimits(bucketsWith(linesOf(book), true), policy);
      expect(silent).toHaveLength(spoken.length);
      for (const [at, limit] of silent.entries()) {
        const before = spoken[at];
        if (before === undefined) continue;
        const near = 1e-4 * limit.limit;
        expect(beyondLimit(limit)).toBeLessThanOrEqual(beyondLimit(before) + near);
        const [low, high] = allowedChange(limit);
        const [least, most] = allowedChange(before);
        expect(low).toBeGreaterThanOrEqual(least - near);
        expect(high).toBeLessThanOrEqual(most + near);
        if (limit.possible[1] - limit.possible[0] > near) spread += 1;
      }
    };
    fc.assert(fc.property(books, check), { numRuns: 40, seed: 5 });
    expect(spread).toBeGreaterThan(20);
  });

  test("is shown with its last book: what is used of a limit neither rises nor falls because it is silent", () => {
    const book = linesOf([{ quantity: -30, days: 5, strikeUsd: 2_000 }]);
    const [spoken] = bucketsWith(book, false);
    const [silent] = bucketsWith(book, true);
    expect(spoken?.vegaUsdPerVolPoint.usage).toBeGreaterThan(1);
    expect(silent?.vegaUsdPerVolPoint.usage).toBeCloseTo(spoken?.vegaUsdPerVolPoint.usage ?? 0, 2);
    expect(spoken?.vegaUsdPerVolPoint.silent).toBeUndefined();
    const [down = 0, up = 0] = silent?.vegaUsdPerVolPoint.silent ?? [];
    expect(down).toBeLessThan(0);
    expect(up).toBeGreaterThan(0);
  });

  test("has its vega and gamma within the interval wherever volatility went, by the grid", () => {
    const book = linesOf([
      { quantity: -20, days: 5, strikeUsd: 2_100 },
      { quantity: 12, days: 20, strikeUsd: 1_900 },
    ]);
    const silent = bucketsWith(book, true);
    const shocks = [...new Set(STANDARD_GRID.map(({ volShock }) => volShock))];
    for (const volShock of shocks) {
      for (const bucket of silent) {
        const own = book.filter(({ expiryMs }) => {
          const days = (expiryMs - NOW_MS) / DAY_MS;
          return days > bucket.fromDays && days <= (bucket.toDays ?? Number.POSITIVE_INFINITY);
        });
        const vega = own.reduce((sum, line) => sum + vegaAfter(line, volShock), 0);
        const { net, silent: [down, up] = [0, 0] } = bucket.vegaUsdPerVolPoint;
        expect(vega).toBeGreaterThanOrEqual(net + down - 0.01);
        expect(vega).toBeLessThanOrEqual(net + up + 0.01);
      }
    }
  });
});

/** Vega of a line on the tests' surface once volatility has moved, by the library's own formula. */
function vegaAfter(line: OptionLine, volShock: number): number {
  const { planning } = preparePass(aPassInput([anEntry({ shard: "base" })]));
  const market = planning.markets.get("ETH");
  if (market === undefined) throw new Error("ETH expected");
  const years = yearsBetween(market.nowMs, line.expiryMs);
  const move = { spotShock: 0, volShock, weight: 1, tenorScaled: true };
  return (
    line.quantity * blackScholes(optionInputs(line, market, { years, move })).vegaUsdPerVolPoint
  );
}
