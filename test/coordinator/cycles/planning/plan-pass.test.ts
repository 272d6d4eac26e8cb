import { describe, expect, test } from "vitest";
import type { PassInput } from "#coordinator/cycles/planning/pass-input.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { jobRecordSchema } from "#coordinator/records/jobs/job-record.ts";
import { decisionRecordSchema } from "#coordinator/records/planning/decision-record.ts";
import {
  anEntry,
  aPassInput,
  aPolicy,
  aShardSetup,
  BLOCK_MS,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";

/** Base is short calls, ethereum long the same number less forty: the net is short forty. */
const ENTRIES = [
  anEntry({ shard: "ethereum", calls: 60, cashUsd: 500_000 }),
  anEntry({ shard: "base", calls: -100, cashUsd: 500_000 }),
];
const CALM = [anEntry({ shard: "ethereum", calls: 60 }), anEntry({ shard: "base", calls: -60 })];

function pass(entries: readonly BookEntry[], changes: Partial<PassInput> = {}) {
  const outcome = planPass(aPassInput(entries, changes));
  const [eth] = outcome.decision.underlyings;
  if (eth === undefined) throw new Error("no ETH decision");
  return { ...outcome, eth };
}

test("a pass nets, hedges the net only, and writes down all it used", () => {
  const { decision, jobs, eth } = pass(ENTRIES);
  expect(eth).toMatchObject({ action: "hedge", reason: "outside the band", spotUsd: 2000 });
  expect(eth.netDeltaUnits).toBeLessThan(-18);
  expect(eth.netDeltaUnits).toBeGreaterThan(-24);
  expect(jobs.length).toBeGreaterThan(0);
  const bought = jobs.reduce((total, job) => total + job.expectedDeltaUnits, 0);
  expect(bought).toBeCloseTo(eth.tradeUnits, 9);
  expect(decision.jobIds).toEqual(jobs.map((job) => job.jobId));
  expect(decision.reportSet.map((ref) => ref.shard)).toEqual(["ethereum", "base"]);
  expect(decision.snapshot[0]?.sources).toHaveLength(2);
  expect(decision.deltaQuantumUnits).toEqual({ ETH: 1e-6 });
});

test("what is stored satisfies its own schema", () => {
  const { decision, jobs } = pass(ENTRIES);
  expect(decisionRecordSchema.parse(JSON.parse(JSON.stringify(decision)))).toEqual(decision);
  for (const job of jobs)
    expect(jobRecordSchema.parse(JSON.parse(JSON.stringify(job)))).toEqual(job);
});

test("the same input gives the same plan and job ids, bit for bit", () => {
  expect(pass(ENTRIES).decision).toEqual(pass(structuredClone(ENTRIES)).decision);
  expect(pass(ENTRIES, { sequence: 2 }).decision.planId).not.toBe(pass(ENTRIES).decision.planId);
});

test("a second pass without news plans nothing", () => {
  const { jobs } = pass(ENTRIES);
  const second = pass(ENTRIES, { jobs, sequence: 2 });
  expect(second.jobs).toEqual([]);
  expect(second.eth).toMatchObject({ action: "hold", reason: "inside the band" });
});

test("two passes that come to the same have the same outcome, whatever the figures", () => {
  const moved = CALM.map((entry) => ({
    ...entry,
    report: { ...entry.report, seq: entry.report.seq + 1 },
  }));
  expect(pass(CALM).outcome).toBe(pass(moved, { sequence: 2, nowMs: NOW_MS + 700 }).outcome);
  expect(pass(CALM).outcome).not.toBe(pass(ENTRIES).outcome);
});

test("a mandate expires when the oldest fresh report grows stale; a stale one is not in the set", () => {
  const stale = anEntry({ shard: "arbitrum", ageMs: 9000 });
  const { decision, jobs } = pass([...ENTRIES, stale]);
  expect(jobs[0]?.mandate?.deadlineSeconds).toBe(Math.floor((BLOCK_MS + 5000) / 1000));
  expect(decision.staleReports.map((ref) => ref.shard)).toEqual(["arbitrum"]);
  expect(decision.reportSet.map((ref) => ref.shard)).toEqual(["ethereum", "base"]);
});

describe("nothing is issued, and it is said why", () => {
  const noJobs = (changes: Partial<PassInput>, entries: readonly BookEntry[] = ENTRIES) => {
    const one = pass(entries, changes);
    expect(one.jobs).toEqual([]);
    return one;
  };

  test("while Redis is away", () => {
    const { eth, decision } = noJobs({ standstill: ["Redis is not reachable"] });
    expect(eth).toMatchObject({
      action: "blocked",
      reason: "outside the band; Redis is not reachable",
    });
    expect(decision.blocked).toContain("Redis is not reachable");
  });

  test("while a person has halted it", () => {
    const { eth, decision } = noJobs({ manualHalt: { reason: "maintenance", atMs: NOW_MS } });
    expect(eth).toMatchObject({ action: "blocked", reason: "outside the band; halted" });
    expect(decision).toMatchObject({ mode: "halt", blocked: ["manual: maintenance"] });
  });

  test("while a shard has never reported", () => {
    const setups = new Map(
      ["ethereum", "base", "arbitrum"].map((shard) => [shard, aShardSetup(shard as "base")]),
    );
    expect(noJobs({ setups }).eth).toMatchObject({
      action: "blocked",
      reason: "no report yet from arbitrum",
      netDeltaUnits: null,
    });
  });

  test("while spot sources disagree", () => {
    const entries = [
      anEntry({ shard: "ethereum", calls: 60, spotUsd: 2100 }),
      anEntry({ shard: "base", calls: -100 }),
    ];
    expect(noJobs({}, entries).eth).toMatchObject({
      action: "blocked",
      reason: "ethereum: spot sources disagree",
    });
  });

  test("when the reports leave no time for a block", () => {
    const entries = [
      anEntry({ shard: "ethereum", calls: 60, ageMs: 4000 }),
      anEntry({ shard: "base", calls: -100, ageMs: 4000 }),
    ];
    expect(noJobs({}, entries).eth).toMatchObject({
      action: "blocked",
      reason: "outside the band; no shard can trade",
    });
  });
});

test("a halt for the net delta limit leaves the hedge that reduces it open, and no transfer", () => {
  const policy = aPolicy({ netDeltaLimitUsd: 20_000, hedgeNotionalMaxUsd: 200_000 });
  const needy = [
    anEntry({ shard: "ethereum", calls: -200, cashUsd: 10_000 }),
    anEntry({ shard: "base" }),
  ];
  const { decision, jobs } = pass(needy, { policy });
  expect(decision.mode).toBe("halt");
  expect(new Set(jobs.map((job) => job.kind))).toEqual(new Set(["swap"]));
  expect(decision.blocked).toContain("ethereum: shortfall not covered; halted");
});

test("hedges come before transfers, and a source does not give what its own hedge will use", () => {
  const entries = [
    anEntry({ shard: "ethereum", calls: -200, cashUsd: 10_000, change: { capacity: [] } }),
    anEntry({ shard: "base", cashUsd: 400_000 }),
  ];
  const { jobs } = pass(entries, { policy: aPolicy({ hedgeNotionalMaxUsd: 200_000 }) });
  const [swap, transfer] = jobs;
  expect([swap?.kind, transfer?.kind]).toEqual(["swap", "transfer"]);
  const spent = Number(swap?.amountOutOfShardRaw) + Number(transfer?.amountOutOfShardRaw);
  expect(spent).toBeLessThan(400_000e6);
});

test("shadow mode plans the same trades, marked as such, under the vault's own epoch", () => {
  const takeOvers = new Map(
    ENTRIES.map((entry) => [entry.report.shard, { state: "not-needed" } as const]),
  );
  const { decision, jobs } = pass(ENTRIES, { shadow: true, takeOvers });
  expect(decision.shadow).toBe(true);
  expect(jobs.map((job) => job.expectedDeltaUnits)).toEqual(
    pass(ENTRIES).jobs.map((job) => job.expectedDeltaUnits),
  );
  expect(
    jobs.every((job) => job.shadow && job.mandate?.epoch === 1 && job.mandate.leader === LEADER),
  ).toBe(true);
});
