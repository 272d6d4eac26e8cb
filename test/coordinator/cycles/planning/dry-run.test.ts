import { describe, expect, onTestFinished, test } from "vitest";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { dryRuns } from "#coordinator/cycles/planning/dry-run.ts";
import type { DryRunOutcome } from "#coordinator/ports/operator.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aConsumedJob } from "#test/support/coordinator/shard-report.ts";
import { MILP, twoShards } from "#test/support/coordinator/two-shards.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

function site(policy?: Policy, solver?: Solver) {
  const made = twoShards(policy, solver);
  return { ...made, dryRun: dryRuns(made.state, made.ports) };
}

function ran(outcome: DryRunOutcome) {
  if (!outcome.ran) throw new Error(outcome.reasons.join("; "));
  return outcome;
}

/** The state without what only calculates. */
function dataOf(state: CoordinatorState): object {
  const isData = (value: unknown): boolean =>
    typeof value !== "object" ||
    value === null ||
    !Object.values(value).some((one) => typeof one === "function");
  return Object.fromEntries(Object.entries(state).filter(([, value]) => isData(value)));
}

/** A decision without what tells one pass from another. */
function substance(outcome: ReturnType<typeof ran>) {
  const { planId, jobIds, trigger, triggers, plan, ...decision } = outcome.decision;
  const solver = plan?.solver === null ? null : { ...plan?.solver, tookMs: 0 };
  return {
    ...decision,
    triggers: triggers.slice(1),
    plan: plan === null ? null : { ...plan, solver },
    jobs: outcome.jobs.map(({ params, shard, expectedDeltaUnits, mandate }) => {
      return { params, shard, expectedDeltaUnits, deadline: mandate?.deadlineSeconds };
    }),
  };
}

describe.each(["greedy", "milp"] as const)("a dry run, %s", (method) => {
  const open = () => {
    if (method === "greedy") return site();
    const solver = highsSolver({ log: memoryLog() });
    onTestFinished(solver.close);
    return site(MILP, solver);
  };

  test("comes to exactly what the next pass does", async () => {
    const { dryRun, pass, journal, state } = open();
    const rehearsed = ran(await dryRun());
    expect(rehearsed.decision.trigger).toBe("operator");
    expect(rehearsed.jobs.length).toBeGreaterThan(0);
    await pass();
    const [decision] = journal.decisions.list(1);
    if (decision === undefined) throw new Error("no decision");
    const jobs = decision.jobIds.flatMap((jobId) => journal.jobs.find(jobId) ?? []);
    expect(substance(rehearsed)).toEqual(substance({ ran: true, decision, jobs }));
    expect(state.jobs.size).toBe(rehearsed.jobs.length);
  });

  test("records, signs, sends and changes nothing", async () => {
    const { dryRun, journal, done, state } = open();
    const before = structuredClone(dataOf(state));
    await dryRun();
    expect(done).toEqual([]);
    expect(journal.decisions.count()).toBe(0);
    expect(journal.jobs.list({ limit: 10 })).toEqual([]);
    expect(dataOf(state)).toEqual(before);
    expect(state.view).toBeUndefined();
    expect(state.lastOutcome).toBeUndefined();
  });
});

test("calls nothing of the journal that writes", async () => {
  const { state, journal } = site();
  const refuse = (): never => {
    throw new Error("a dry run writes nothing");
  };
  const writeless = {
    decisions: { ...journal.decisions, record: refuse },
    jobs: { ...journal.jobs, update: refuse },
    messages: { ...journal.messages, keep: refuse },
    transfers: { ...journal.transfers, update: refuse },
    halts: { ...journal.halts, halt: refuse, resume: refuse },
    safety: { ...journal.safety, save: refuse },
  };
  const base = { journal: writeless, queue: () => undefined, clock: { nowMs: () => NOW_MS } };
  expect((await dryRuns(state, base)()).ran).toBe(true);
});

test("what a book shows already is not counted in flight, as in a pass, and stays unresolved outside", async () => {
  const { dryRun, state, journal } = site();
  const job = aJobRecord();
  const consumed = aConsumedJob({ jobId: job.jobId });
  state.jobs.set(job.jobId, job);
  state.books.set(
    "base",
    anEntry({ shard: "base", calls: -100, change: { consumedJobs: [consumed] } }),
  );
  const before = structuredClone(dataOf(state));
  const { decision } = ran(await dryRun());
  expect(decision.underlyings[0]?.inFlightDeltaUnits).toBe(0);
  expect(dataOf(state)).toEqual(before);
  expect(state.jobs.get(job.jobId)).toBe(job);
  expect(journal.jobs.find(job.jobId)).toBeUndefined();
});

describe("under another policy", () => {
  test("plans by that one, and the coordinator keeps its own", async () => {
    const { dryRun, state } = site();
    const wide = aPolicy({ bandFloorUsd: 200_000, bandCapNavFraction: 1 }, { version: 9 });
    const { decision, jobs } = ran(await dryRun(wide));
    expect(decision).toMatchObject({ policyVersion: 9, underlyings: [{ action: "hold" }] });
    expect(jobs).toEqual([]);
    expect(state.policy.version).toBe(1);
    expect(ran(await dryRun()).jobs.length).toBeGreaterThan(0);
  });

  test("judges reports by that one's age limit", async () => {
    const { dryRun, state } = site();
    state.books.set("base", anEntry({ shard: "base", calls: -100, ageMs: 6_000 }));
    expect(ran(await dryRun()).decision.staleReports).toHaveLength(1);
    const staleness = { ...aPolicy().staleness, reportFloorMs: 20_000 };
    expect(ran(await dryRun(aPolicy({}, { staleness }))).decision.staleReports).toEqual([]);
  });

  test("refuses one that does not fit the shards, naming what", async () => {
    const { dryRun } = site();
    const other = { ...aPolicy({}, { reduceOnlyShards: ["optimism"] }), underlyings: {} };
    expect(await dryRun(other)).toEqual({
      ran: false,
      problem: "invalid-policy",
      reasons: [
        "shards[ethereum].underlyings: ETH has no limits in the policy ()",
        "shards[base].underlyings: ETH has no limits in the policy ()",
        "policy.reduceOnlyShards: found optimism; shards are ethereum, base",
      ],
    });
  });
});

test("one at a time: another is refused while one is on, and the next one runs", async () => {
  const { dryRun } = site();
  const [first, second] = await Promise.all([dryRun(), dryRun()]);
  expect(first.ran).toBe(true);
  expect(second).toMatchObject({ ran: false, problem: "busy" });
  expect((await dryRun()).ran).toBe(true);
});
