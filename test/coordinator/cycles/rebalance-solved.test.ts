import { expect, onTestFinished, test } from "vitest";
import { highsSolver } from "#coordinator/adapters/solver/highs-solver.ts";
import type { Solver } from "#coordinator/ports/solver.ts";
import { decisionRecordSchema } from "#coordinator/records/planning/decision-record.ts";
import { anEntry, aPolicy, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { MILP, twoShards } from "#test/support/coordinator/two-shards.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

/** The real solver, with something happening while it solves. */
function solverWith(meanwhile: () => void): Solver {
  const solver = highsSolver({ log: memoryLog() });
  onTestFinished(solver.close);
  return {
    ...solver,
    solve: async (program, options) => {
      const outcome = await solver.solve(program, { timeLimitMs: options.timeLimitMs });
      meanwhile();
      return outcome;
    },
  };
}

test("a pass solves its program, records why, sends the jobs, and the next pass plans nothing", async () => {
  const { journal, sent, pass, state } = twoShards(
    MILP,
    solverWith(() => undefined),
  );
  await pass();
  const [decision] = journal.decisions.list(1);
  if (decision?.plan === null || decision === undefined) throw new Error("no plan was recorded");
  expect(decision.plan).toMatchObject({ fallbackReason: null, solver: { status: "optimal" } });
  expect(decision.plan.solver?.reportSetHash).toBe(decision.reportSetHash);
  expect(decision.plan.after.outsideBandUsd).toBe(0);
  expect(decision.plan.before.outsideBandUsd).toBeGreaterThan(0);
  expect(decision.plan.naive.trades).toBe(2);
  expect(decision.plan.naive.costUsd).toBeGreaterThan(decision.plan.after.executionUsd);
  expect(sent.map((job) => job.planId)).toEqual(sent.map(() => decision.planId));
  expect(sent.length).toBeGreaterThan(0);
  expect(journal.decisions.find(decision.planId)).toEqual(decision);
  expect(decisionRecordSchema.parse(JSON.parse(JSON.stringify(decision)))).toEqual(decision);
  const before = sent.length;
  await pass();
  expect(sent).toHaveLength(before);
  expect(state.jobs.size).toBe(before);
});

test("what comes to light while it solves counts: a book that needs no hedge any more is not hedged", async () => {
  const { state, sent, pass, journal } = twoShards(
    MILP,
    solverWith(() => state.books.set("base", anEntry({ shard: "base", calls: -60 }))),
  );
  await pass();
  expect(sent).toEqual([]);
  expect(journal.decisions.list(1)[0]?.underlyings[0]).toMatchObject({ action: "hold" });
});

test("a halt ordered while it solves stops the plan", async () => {
  const { state, sent, pass } = twoShards(
    MILP,
    solverWith(() => {
      state.manualHalt = { reason: "maintenance", atMs: NOW_MS };
    }),
  );
  await pass();
  expect(sent).toEqual([]);
});

test("a book that changed a little while it solved is hedged by what it is now", async () => {
  const { state, journal, sent, pass } = twoShards(
    MILP,
    solverWith(() => state.books.set("base", anEntry({ shard: "base", calls: -96 }))),
  );
  await pass();
  const [decision] = journal.decisions.list(1);
  expect(decision?.underlyings[0]?.netDeltaUnits).toBeGreaterThan(-20);
  expect(decision?.plan?.after.outsideBandUsd).toBe(0);
  expect(sent.length).toBeGreaterThan(0);
});

test.each(["time-limit", "crashed", "infeasible"] as const)(
  "a solve that ends in %s falls back to the greedy plan and says so",
  async (reason) => {
    const failing: Solver = {
      solve: () => Promise.resolve({ solved: false, reason, detail: "planted", tookMs: 7 }),
      close: () => Promise.resolve(),
    };
    const { journal, sent, pass } = twoShards(MILP, failing);
    await pass();
    expect(journal.decisions.list(1)[0]?.plan).toMatchObject({
      method: "greedy",
      fallbackReason: `solver: ${reason}`,
      solver: { status: "failed" },
    });
    expect(sent.length).toBeGreaterThan(0);
  },
);

test("a policy that plans greedily never asks the solver", async () => {
  const untouched: Solver = {
    solve: () => Promise.reject(new Error("not to be asked")),
    close: () => Promise.resolve(),
  };
  const { journal, sent, pass } = twoShards(aPolicy(), untouched);
  await pass();
  expect(journal.decisions.list(1)[0]?.plan).toMatchObject({ method: "greedy", solver: null });
  expect(sent.length).toBeGreaterThan(0);
});
