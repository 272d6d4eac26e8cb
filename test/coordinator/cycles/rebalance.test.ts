import { expect, onTestFinished, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import { newCoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import type { SendOutcome } from "#coordinator/ports/job-queue.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aConsumedJob } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

test("a job that the book shows already is not counted in flight as well, after a crash between the two", async () => {
  const journal = openSqliteJournal(":memory:");
  onTestFinished(journal.close);
  const setups = new Map([["base", aShardSetup("base")]]);
  const state = newCoordinatorState({ setups, policy: aPolicy(), leader: LEADER, shadow: false });
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

test.each(["edited", "removed"] as const)(
  "a job that one shard's queue does not keep (%s) stops neither the others nor the next pass",
  async (reason) => {
    const journal = openSqliteJournal(":memory:");
    onTestFinished(journal.close);
    const shards = ["base", "arbitrum"] as const;
    const state = newCoordinatorState({
      setups: new Map(shards.map((shard) => [shard, aShardSetup(shard)])),
      policy: aPolicy(),
      leader: LEADER,
      shadow: false,
    });
    for (const shard of shards) {
      state.takeOvers.set(shard, { state: "leading", epoch: 1, leader: LEADER });
      state.books.set(shard, anEntry({ shard, calls: -90 }));
    }
    const kept: string[] = [];
    const send = async ({ shard }: RebalanceJob): Promise<SendOutcome> => {
      if (shard === "base") return { sent: false, reason };
      kept.push(shard);
      return { sent: true };
    };
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
    await rebalance(state, ports, "timer");
    const states = [...state.jobs.values()].map((job) => [job.shard, job.state]);
    expect(states).toContainEqual(["base", "recorded"]);
    expect(states).toContainEqual(["arbitrum", "sent"]);
    expect(kept).toContain("arbitrum");
    expect(state.brokenInvariant).toBeUndefined();
  },
);
