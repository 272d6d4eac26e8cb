import { expect, onTestFinished, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/sqlite-journal.ts";
import { newCoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  aShardSetup,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator-pass.ts";
import { memoryLog } from "#test/support/memory-log.ts";
import { hash32 } from "#test/support/shard-report.ts";

test("a job that the book shows already is not counted in flight as well, after a crash between the two", async () => {
  const journal = openSqliteJournal(":memory:");
  onTestFinished(journal.close);
  const setups = new Map([["base", aShardSetup("base")]]);
  const state = newCoordinatorState({ setups, policy: aPolicy(), leader: LEADER, shadow: false });
  const job = aJobRecord();
  const consumed = {
    jobId: job.jobId,
    action: 1,
    blockNumber: 118,
    blockHash: hash32("b0"),
    blockTimestampMs: NOW_MS - 2_000,
    transactionHash: hash32("77"),
    amountInRaw: "1",
    amountOutRaw: "1",
    guid: null,
  };
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
