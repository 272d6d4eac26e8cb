import { expect, test } from "vitest";
import { reportRefOf } from "#coordinator/records/book-entry.ts";
import type { PlannedAction } from "#coordinator/records/planning/planned-action.ts";
import { issueJobs, mandateWindow, windowProblem } from "#coordinator/stages/jobs/issue-jobs.ts";
import { jobIdOf, paramsHash, shardBytes32 } from "#shared/evm/mandate-typed-data.ts";
import { planIdOf } from "#shared/wire/plan-id.ts";
import { reportSetHash } from "#shared/wire/report-set.ts";
import { SWAP_PARAMS } from "#test/support/agent/rebalance-job.ts";
import {
  anEntry,
  aPolicy,
  aShardSetup,
  BLOCK_MS,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const SETUPS = new Map([
  ["base", aShardSetup("base")],
  ["ethereum", aShardSetup("ethereum", { blockTimeMs: 12_000, staleAfterMs: 36_000 })],
]);
const POLICY = aPolicy();
const ENTRIES = [anEntry({ shard: "base" }), anEntry({ shard: "ethereum", ageMs: 9000 })];
if (SWAP_PARAMS.kind !== "swap") throw new Error("a swap was expected");
const ACTION: PlannedAction = {
  params: SWAP_PARAMS,
  maxFeeNativeWei: "0",
  effect: {
    kind: "swap",
    shard: "base",
    target: null,
    venue: null,
    option: null,
    isCertain: false,
    underlying: "ETH",
    deltaUnits: 1.5,
    amountUsd: 3000,
    outRaw: 2_500_000n,
    isPendingAtShard: true,
    isPendingAtTarget: false,
  },
};
const CONTEXT = {
  planId: hash32("01"),
  entries: ENTRIES,
  setups: SETUPS,
  epochs: new Map([["base", 4]]),
  leader: LEADER,
  shadow: false,
  policy: POLICY,
  nowMs: NOW_MS,
};

test("a job's id follows from plan, shard, step and parameters alone", () => {
  const [first, second] = issueJobs([ACTION, ACTION], CONTEXT);
  const hash = paramsHash(SWAP_PARAMS);
  expect(first?.jobId).toBe(
    jobIdOf({ planId: hash32("01"), shard: "base", step: 0, paramsHash: hash }),
  );
  expect(second?.jobId).toBe(
    jobIdOf({ planId: hash32("01"), shard: "base", step: 1, paramsHash: hash }),
  );
  expect(first?.mandate).toMatchObject({
    jobId: first?.jobId,
    paramsHash: hash,
    epoch: 4,
    leader: LEADER,
    shard: shardBytes32("base"),
    action: 1,
  });
});

test("a job rests on the reports of the plan and knows the times it came from", () => {
  const [job] = issueJobs([ACTION], CONTEXT);
  expect(job?.reportSet).toEqual(ENTRIES.map(reportRefOf));
  expect(job?.mandate?.reportSetHash).toBe(reportSetHash(ENTRIES.map(reportRefOf)));
  expect(job?.times).toMatchObject({
    oldestBlockTimestampMs: NOW_MS - 9000,
    decidedAtMs: NOW_MS,
    sentAtMs: null,
  });
  expect(job).toMatchObject({
    state: "recorded",
    expectedDeltaUnits: 1.5,
    amountOutOfShardRaw: "2500000",
  });
});

test("the deadline is when the first of the reports grows stale, in whole seconds, rounded down", () => {
  const window = mandateWindow(ENTRIES, SETUPS, POLICY, NOW_MS);
  expect(window.deadlineSeconds).toBe(Math.floor((BLOCK_MS + 5000) / 1000));
  expect(window.notBeforeSeconds).toBe(Math.floor((NOW_MS - 9000) / 1000));
});

test("the policy's life time bounds it too", () => {
  const policy = { ...POLICY, hedging: { ...POLICY.hedging, mandateLifetimeMs: 1000 } };
  expect(mandateWindow(ENTRIES, SETUPS, policy, NOW_MS).deadlineSeconds).toBe(
    Math.floor((NOW_MS + 1000) / 1000),
  );
});

test("it comes before the fastest chain has made more blocks than a report lists", () => {
  const fast = aShardSetup("base", { blockTimeMs: 40, staleAfterMs: 60_000 });
  const slow = aShardSetup("ethereum", { staleAfterMs: 60_000 });
  const setups = new Map([fast, slow].map((setup) => [setup.shard, setup]));
  const { deadlineSeconds } = mandateWindow(ENTRIES, setups, POLICY, NOW_MS);
  expect(deadlineSeconds).toBe(Math.floor((NOW_MS + 64 * 40) / 1000));
});

test.each([
  { shard: "base", leftMs: 2000, isEnough: true },
  { shard: "base", leftMs: 1999, isEnough: false },
  { shard: "ethereum", leftMs: 18_500, isEnough: true },
  { shard: "ethereum", leftMs: 18_499, isEnough: false },
])("$leftMs ms are enough for a block of $shard: $isEnough", ({ shard, leftMs, isEnough }) => {
  const deadlineSeconds = 1_790_000_100;
  const setup = SETUPS.get(shard) ?? aShardSetup("base");
  const problem = windowProblem(
    { notBeforeSeconds: 0, deadlineSeconds },
    setup,
    deadlineSeconds * 1000 - leftMs,
  );
  expect(problem === undefined).toBe(isEnough);
});

test("a job for a shard that is not led is a mistake", () => {
  expect(() => issueJobs([ACTION], { ...CONTEXT, epochs: new Map() })).toThrow(RangeError);
});

test("a plan's id does not depend on the order of keys, and on all of the content", () => {
  expect(planIdOf({ a: 1, b: [{ c: 2, d: null }] })).toBe(
    planIdOf({ b: [{ d: null, c: 2 }], a: 1 }),
  );
  expect(planIdOf({ a: 1, b: [1, 2] })).not.toBe(planIdOf({ a: 1, b: [2, 1] }));
});
