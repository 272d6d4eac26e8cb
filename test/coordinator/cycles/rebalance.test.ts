import { expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { recallState } from "#coordinator/cycles/recall-state.ts";
import { operateSafety } from "#coordinator/cycles/safety/operate-safety.ts";
import type { SendOutcome } from "#coordinator/ports/job-queue.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import {
  aJobRecord,
  anEntry,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  ONE_SETUP,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { aConsumedJob } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

test("a job that the book shows already is not counted in flight as well, after a crash between the two", async () => {
  const journal = freshJournal();
  const state = freshState(ONE_SETUP);
  const job = aJobRecord();
  const consumed = aConsumedJob({ jobId: job.jobId });
  state.jobs.set(job.jobId, job);
  state.books.set("base", anEntry({ shard: "base", change: { consumedJobs: [consumed] } }));
  const signer = {
    address: LEADER,
    signMandate: () => Promise.reject(new Error("nothing is to be signed")),
    signEpochBump: () => Promise.reject(new Error("nothing is to be signed")),
  };
  const clock = { nowMs: () => NOW_MS };
  await rebalance(
    state,
    { journal, queue: () => undefined, signer, clock, log: memoryLog() },
    "timer",
  );
  expect(state.jobs.get(job.jobId)?.state).toBe("settled");
  expect(state.view?.nets.get("ETH")).toMatchObject({ net: { inFlightDeltaUnits: 0 } });
});

/** A coordinator that leads two shards, each short enough to need a hedge of its own in one pass. */
function twoInNeed(send: (job: RebalanceJob) => Promise<SendOutcome>) {
  const journal = freshJournal();
  const shards = ["base", "arbitrum"] as const;
  const state = freshState(new Map(shards.map((shard) => [shard, aShardSetup(shard)])));
  for (const shard of shards) {
    state.takeOvers.set(shard, { state: "leading", epoch: 1, leader: LEADER });
    state.books.set(shard, anEntry({ shard, calls: -90 }));
  }
  const signer = {
    address: LEADER,
    signMandate: () => Promise.resolve(`0x${"11".repeat(65)}` as const),
    signEpochBump: () => Promise.reject(new Error("nothing is to be bumped")),
  };
  const ports = {
    journal,
    queue: () => ({ isReady: () => true, send }),
    signer,
    clock: { nowMs: () => NOW_MS },
    log: memoryLog(),
  };
  return { state, ports };
}

test.each(["edited", "removed"] as const)(
  "a job that one shard's queue does not keep (%s) stops neither the others nor the next pass",
  async (reason) => {
    const kept: string[] = [];
    const { state, ports } = twoInNeed(async ({ shard }) => {
      if (shard === "base") return { sent: false, reason };
      kept.push(shard);
      return { sent: true };
    });
    await rebalance(state, ports, "timer");
    const states = [...state.jobs.values()].map((job) => [job.shard, job.state]);
    expect(states).toContainEqual(["base", "recorded"]);
    expect(states).toContainEqual(["arbitrum", "sent"]);
    expect(kept).toContain("arbitrum");
    expect(state.brokenInvariant).toBeUndefined();
  },
);

const AFTER_THE_FIRST: Readonly<Record<string, (state: CoordinatorState) => void>> = {
  "a person halts": (state) => {
    state.manualHalt = { reason: "stop at once", atMs: NOW_MS };
  },
  "an invariant is found broken": (state) => {
    state.brokenInvariant = "a job has two ends";
  },
  "another takes the vaults over": (state) => {
    for (const shard of state.setups.keys())
      state.takeOvers.set(shard, { state: "waiting", reason: "bump-lost", isReachable: true });
  },
};

test.each(Object.entries(AFTER_THE_FIRST))(
  "when %s after the first job of a pass was sent, the others are held back",
  async (_name, happen) => {
    const sent: string[] = [];
    const { state, ports } = twoInNeed(async ({ mandate }) => {
      sent.push(mandate.jobId);
      happen(state);
      return { sent: true };
    });
    await rebalance(state, ports, "timer");
    expect(state.jobs.size).toBeGreaterThan(1);
    expect(sent).toHaveLength(1);
    const waiting = [...state.jobs.values()].filter((job) => job.state === "recorded");
    expect(waiting).toHaveLength(state.jobs.size - 1);
  },
);

test("a broken invariant halts over a restart as well, until a person resumes", async () => {
  const { state, ports } = twoInNeed(async () => ({ sent: true }));
  state.brokenInvariant = "a job has two ends";
  await rebalance(state, ports, "timer");
  await rebalance(state, ports, "timer");
  const { setups, policy } = state;
  const recalled = (): CoordinatorState =>
    recallState(ports.journal, { setups, policy, leader: LEADER, shadow: false });
  expect(recalled().manualHalt).toEqual({
    reason: "invariant: a job has two ends",
    atMs: NOW_MS,
  });
  expect(operateSafety(state, ports).resume("its breakers only", "base")).toEqual({ mode: "halt" });
  expect(operateSafety(state, ports).resume("looked at")).toEqual({ mode: "run" });
  await rebalance(state, ports, "timer");
  expect(recalled().manualHalt).toBeUndefined();
  expect(state.brokenInvariant).toBeUndefined();
});
