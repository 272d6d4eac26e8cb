import fc from "fast-check";
import { expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/plan-pass.ts";
import type { JobRecord } from "#coordinator/records/job-record.ts";
import {
  bucketOf,
  expiryBuckets,
  gammaUsdPerPercent,
  measureBuckets,
} from "#coordinator/stages/measure-buckets.ts";
import {
  aJobRecord,
  anEntry,
  anOption,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator-pass.ts";
import { aWorld, netEth } from "#test/support/planned-world.ts";
import { hash32 } from "#test/support/shard-report.ts";

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
