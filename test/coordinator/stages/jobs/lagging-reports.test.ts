import fc from "fast-check";
import { expect, test } from "vitest";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { mandateWindow, windowProblem } from "#coordinator/stages/jobs/issue-jobs.ts";
import { laggingReports } from "#coordinator/stages/jobs/lagging-reports.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  aShardSetup,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";

const SHARDS: readonly TestShard[] = ["ethereum", "arbitrum", "base", "optimism"];

function lagging(ages: readonly number[], blockTimes: readonly number[] = []) {
  const entries = ages.map((ageMs, at) => {
    return anEntry({ shard: SHARDS[at] ?? "base", calls: at === 0 ? -100 : 0, ageMs });
  });
  const setups = new Map(
    entries.map(({ report }, at) => {
      const shard = report.shard as TestShard;
      return [shard, aShardSetup(shard, { blockTimeMs: blockTimes[at] ?? 1_000 })];
    }),
  );
  const context = { setups, policy: aPolicy(), nowMs: NOW_MS };
  return { entries, context, names: [...laggingReports(entries, context)] };
}

test.each([
  ["nobody lags", [500, 500, 500], []],
  ["one lags and leaves no time for a block", [500, 3_500, 500], ["arbitrum"]],
  ["two lag", [500, 3_500, 4_500], ["base", "arbitrum"]],
  ["one lags a little: the others plan with it", [500, 2_500, 500], []],
  ["all lag: leaving some out would help nobody", [4_000, 4_200, 4_500], []],
])("%s", (_name, ages, names) => {
  expect(lagging(ages).names.sort()).toEqual([...names].sort());
});

test("what is left out is the least there is, and lets some shard execute that could not before", () => {
  const ages = fc.array(fc.integer({ min: 0, max: 4_999 }), { minLength: 1, maxLength: 4 });
  const blocks = fc.array(fc.constantFrom(250, 1_000, 2_000), { minLength: 4, maxLength: 4 });
  const check = (all: readonly number[], blockTimes: readonly number[]): void => {
    const { entries, context, names } = lagging(all, blockTimes);
    const { setups, policy, nowMs } = context;
    const canExecute = (without: readonly string[]): boolean => {
      const rest = entries.filter(({ report }) => !without.includes(report.shard));
      const window = mandateWindow(rest, setups, policy, nowMs);
      return rest.some(({ report }) => {
        const setup = setups.get(report.shard as TestShard);
        return setup !== undefined && windowProblem(window, setup, nowMs) === undefined;
      });
    };
    if (names.length === 0) return;
    expect(canExecute([])).toBe(false);
    expect(canExecute(names)).toBe(true);
    for (const name of names) expect(canExecute(names.filter((one) => one !== name))).toBe(false);
  };
  fc.assert(fc.property(ages, blocks, check), { numRuns: 500 });
});

test("a pass goes on with the others, and carries the one that lags as it would a stale one", () => {
  const { entries, context } = lagging([500, 3_500]);
  const { decision, jobs, view } = planPass(aPassInput(entries, { setups: context.setups }));
  expect(jobs.map(({ shard }) => shard)).toEqual(["ethereum"]);
  expect(decision.staleReports.map(({ shard }) => shard)).toEqual(["arbitrum"]);
  expect(decision.reportSet.map(({ shard }) => shard)).toEqual(["ethereum"]);
  expect(view.statuses.get("arbitrum")).toMatchObject({
    isCarried: true,
    takesJobs: false,
    mode: "stale",
    reasons: [expect.stringMatching(/leaves no shard the time for a block/)],
  });
  const [job] = jobs;
  expect(job?.mandate?.deadlineSeconds).toBe(Math.floor((NOW_MS - 500 + 5_000) / 1000));
});
