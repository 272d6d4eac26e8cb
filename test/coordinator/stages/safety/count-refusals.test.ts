import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { RefusalRun } from "#coordinator/records/safety/refusal-run.ts";
import { tradeScope } from "#coordinator/records/safety/trade-name.ts";
import {
  countRefusals,
  forgetRefusals,
  youngRefusals,
} from "#coordinator/stages/safety/count-refusals.ts";
import { REFUSALS_MAX } from "#shared/policy/safety-policy.ts";
import { REFUSAL_REASONS } from "#shared/wire/job-receipt.ts";
import type { JobParams } from "#shared/wire/rebalance-job.ts";
import { aJobRecord, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const [ADAPTER, POOL, ASSET] = [address20("ad"), address20("90"), address20("c0")];
const BUY = `trade:base/${ADAPTER}/${POOL}/buy`;
const DAY_MS = 86_400_000;

const ADDRESSES = { venue: ADAPTER, market: POOL, asset: ASSET, minCapitalAfterRaw: "0" } as const;
const SWAP = { kind: "swap", venue: ADAPTER, pool: POOL } as unknown as JobParams;
const PERP = { kind: "perp-change", ...ADDRESSES } as unknown as JobParams;
const OPTION = {
  kind: "option-trade",
  strikeId: "7",
  optionType: "put",
  ...ADDRESSES,
} as unknown as JobParams;
const MARGIN = { kind: "margin-move", ...ADDRESSES } as unknown as JobParams;

function aJob(index: number, changes: Partial<JobRecord> = {}): JobRecord {
  const jobId = hash32(index.toString(16).padStart(2, "0"));
  const job = aJobRecord({ jobId, params: SWAP, expectedDeltaUnits: 5, ...changes });
  const recordedAtMs = NOW_MS + index * 1000;
  return { ...job, times: { ...job.times, recordedAtMs } };
}

const refused = (index: number, reason = "simulation-reverted", detail = "broken"): JobRecord =>
  aJob(index, { refusal: { reason, detail } });

const CONSUMPTION = {
  blockNumber: 120,
  blockTimestampMs: NOW_MS,
  amountInRaw: "1",
  amountOutRaw: "1",
  isFinal: false,
};
const done = (index: number): JobRecord =>
  aJob(index, { state: "settled", consumption: CONSUMPTION });

function run(jobs: readonly JobRecord[], nowMs = NOW_MS + 60_000): Record<string, RefusalRun> {
  return jobs.reduce<Readonly<Record<string, RefusalRun>>>(
    (runs, job) => countRefusals(runs, job, nowMs),
    {},
  );
}

const counted = (jobs: readonly JobRecord[]): number => run(jobs)[BUY]?.refusals.length ?? 0;

test.each([
  [SWAP, 5, `trade:base/${ADAPTER}/${POOL}/buy`],
  [SWAP, -5, `trade:base/${ADAPTER}/${POOL}/sell`],
  [{ ...SWAP, kind: "swap-exact-output" }, -5, `trade:base/${ADAPTER}/${POOL}/sell`],
  [{ ...PERP, sizeE18: "-3" }, 0, `trade:base/${ADAPTER}/${POOL}/sell`],
  [{ ...PERP, sizeE18: "3" }, 0, `trade:base/${ADAPTER}/${POOL}/buy`],
  [{ ...OPTION, quantityE18: "-1" }, 1, `trade:base/${ADAPTER}/${POOL}:7:put/sell`],
  [{ ...MARGIN, amountRaw: "-1" }, 0, `trade:base/${ADAPTER}/${ASSET}/out`],
  [{ ...MARGIN, kind: "lend-move", amountRaw: "1" }, 0, `trade:base/${ADAPTER}/${ASSET}/in`],
] as const)("a trade is named by contract, market and way (%#)", (params, units, scope) => {
  const named = params as JobParams;
  expect(tradeScope(aJobRecord({ params: named, expectedDeltaUnits: units, shard: "base" }))).toBe(
    scope,
  );
});

test("a transfer counts for its route, and what was rebuilt from the chain for nothing", () => {
  const params = { kind: "transfer" } as unknown as JobParams;
  expect(tradeScope(aJobRecord({ params, target: "optimism" }))).toBe("route:base>optimism");
  expect(tradeScope(aJobRecord({ params: null }))).toBeNull();
});

describe("what counts", () => {
  const LASTING = [
    "malformed",
    "wrong-shard",
    "forged",
    "job-id-mismatch",
    "params-mismatch",
    "venue-not-allowed",
    "gas-below-floor",
    "fee-too-high",
    "signing-ceiling",
    "simulation-reverted",
  ];

  test.each([...REFUSAL_REASONS, "reverted"])("a job refused as %s", (reason) => {
    const isLasting = LASTING.includes(reason) || reason === "reverted";
    expect(counted([refused(1, reason)])).toBe(isLasting ? 1 : 0);
  });

  test.each([
    ["ShardVault_Expired(1, 2)", 0],
    ["ShardVault_TooEarly(2, 1)", 0],
    ["ShardVault_AlreadyConsumed(0x01)", 0],
    ["ShardVault_WrongEpoch(1, 2)", 0],
    ["ShardVault_WrongLeader(0x01, 0x02)", 0],
    ["ShardVault_PriceStale(0x01, 1, 2)", 0],
    ["ShardVault_ReceivedTooLittle(1, 2)", 0],
    ["VenueDesk_ReceivedTooLittle(1, 2)", 0],
    ["VenueDesk_SpentTooMuch(2, 1)", 0],
    ["UniswapV3Adapter_OutputNotFilled(1, 2, 0x)", 0],
    ["UniswapV3Adapter_PriceOffMean(0x01, 9, 1, 3)", 0],
    ["ShardVault_MinimumOutTooLow(1, 2)", 1],
    ["VenueDesk_WrongSize(1, 2, 3)", 1],
    ["ShardVault_CapitalBelowFloor(1, 2)", 1],
  ])("a vault that says %s in simulation", (detail, count) => {
    expect(counted([refused(1, "simulation-reverted", detail)])).toBe(count);
  });

  test.each([
    ["expired without a word", aJob(1, { state: "expired" }), 0],
    ["refused, and dead by a final block", { ...refused(1), state: "refused-expired" }, 1],
    ["refused, and in a block by another agent", { ...refused(1), state: "included" }, 0],
    ["refused, and superseded by a bump", { ...refused(1), state: "superseded" }, 1],
    ["planned in shadow", { ...refused(1), shadow: true }, 0],
    ["done", done(1), 0],
  ] as const)("a job that is %s", (_name, job, count) => {
    expect(counted([job as JobRecord])).toBe(count);
  });
});

test("one way of a market never counts for the other, nor one shard for another", () => {
  const jobs = [
    refused(1),
    { ...refused(2), expectedDeltaUnits: -5 },
    { ...refused(3), shard: "optimism" },
  ];
  const counts = Object.values(run(jobs)).map(({ refusals }) => refusals.length);
  expect(counts).toEqual([1, 1, 1]);
});

test("what was done ends the run of all that was decided before it, and of nothing after it", () => {
  expect(counted([refused(1), refused(2), done(3)])).toBe(0);
  expect(counted([refused(1), done(2), refused(3)])).toBe(1);
  // The refusal of an old job is told late.
  expect(counted([done(3), refused(2)])).toBe(0);
});

test("a refusal is taken back when the job turns up in a block, and the run goes on without it", () => {
  expect(counted([refused(1), refused(2), { ...refused(2), state: "included" }])).toBe(1);
});

test("the newest refusal is kept in its own words, cut where they have no end", () => {
  const [found] = Object.values(
    run([refused(1), refused(2, "simulation-reverted", "x".repeat(2000))]),
  );
  expect(found?.lastReason).toBe(`simulation-reverted: ${"x".repeat(300)}`);
  expect(run([refused(1, "reverted", "")])[BUY]?.lastReason).toBe("reverted");
});

describe("laws", () => {
  const anyJobs = fc.array(
    fc.record({ index: fc.integer({ min: 1, max: 20 }), wasDone: fc.boolean() }),
    { maxLength: 30 },
  );
  const isDone = ({ consumption }: JobRecord): boolean => consumption !== null;
  const indexOf = ({ times }: JobRecord): number => (times.recordedAtMs - NOW_MS) / 1000;
  /** Each job once, as it ended. */
  const ended = (some: readonly { readonly index: number; readonly wasDone: boolean }[]) =>
    [...new Map(some.map((one) => [one.index, one])).values()].map(({ index, wasDone }) =>
      wasDone ? done(index) : refused(index),
    );

  test("counting everything again changes nothing, as at a start", () => {
    fc.assert(
      fc.property(anyJobs, (some) => {
        const jobs = ended(some);
        const once = run(jobs);
        expect(jobs.reduce((runs, job) => countRefusals(runs, job, NOW_MS + 70_000), once)).toEqual(
          once,
        );
      }),
    );
  });

  test("the count is of the refusals after the newest that was done, in whatever order they are told", () => {
    fc.assert(
      fc.property(anyJobs, fc.infiniteStream(fc.nat()), (some, chances) => {
        const jobs = ended(some);
        const newest = Math.max(0, ...jobs.flatMap((job) => (isDone(job) ? indexOf(job) : [])));
        const expected = jobs.filter((job) => !isDone(job) && indexOf(job) > newest);
        const shuffled = jobs
          .map((job) => ({ job, at: chances.next().value ?? 0 }))
          .sort((one, other) => one.at - other.at)
          .map(({ job }) => job);
        expect(counted(shuffled)).toBe(expected.length);
      }),
    );
  });

  test("no run is longer than what is kept", () => {
    const jobs = Array.from({ length: REFUSALS_MAX + 10 }, (_, index) => refused(index + 1));
    const [found] = Object.values(run(jobs, NOW_MS + 200_000));
    expect(found?.refusals.length).toBe(REFUSALS_MAX);
    const oldest = jobs[0];
    if (oldest === undefined || found === undefined) throw new Error("no job");
    const again = countRefusals({ [BUY]: found }, oldest, NOW_MS + 300_000);
    expect(again[BUY]).toBe(found);
  });
});

test("a person's word forgets the runs of one shard, or of all, and what is told of older jobs later", () => {
  const runs = run([refused(1), { ...refused(2), shard: "optimism" }]);
  const ofBase = forgetRefusals(runs, { shard: "base", nowMs: NOW_MS + 5_000 });
  const counts = Object.values(ofBase).map(({ refusals }) => refusals.length);
  expect(counts).toEqual([0, 1]);
  expect(countRefusals(ofBase, refused(3), NOW_MS)[BUY]?.refusals).toEqual([]);
  expect(countRefusals(ofBase, refused(6), NOW_MS)[BUY]?.refusals.length).toBe(1);
  const none = forgetRefusals(runs, { shard: undefined, nowMs: NOW_MS });
  expect(Object.values(none).flatMap(({ refusals }) => refusals)).toEqual([]);
});

test("a trade of which nothing was heard for a day is forgotten, and its old jobs are not counted again", () => {
  const runs = run([refused(1)]);
  expect(youngRefusals(runs, NOW_MS + DAY_MS)).toBe(runs);
  expect(youngRefusals(runs, NOW_MS + DAY_MS + 61_000)).toEqual({});
  expect(countRefusals({}, refused(1), NOW_MS + DAY_MS + 61_000)).toEqual({});
});
