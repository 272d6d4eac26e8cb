import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { beginCredits, creditsInDoubt } from "#coordinator/cycles/jobs/follow-credits.ts";
import { type TrackPorts, trackJobs } from "#coordinator/cycles/jobs/track-jobs.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { recallState } from "#coordinator/cycles/recall-state.ts";
import { shardView } from "#coordinator/cycles/view-shard.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import {
  aJobRecord,
  anEntry,
  aPolicy,
  LEADER,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const GUID = hash32("61");
const SENT = {
  blockNumber: 100,
  blockTimestampMs: NOW_MS - 2_000,
  amountInRaw: "5",
  amountOutRaw: "5",
  isFinal: true,
};
const TRANSFER = aJobRecord({
  kind: "transfer",
  shard: "base",
  target: "ethereum",
  underlying: null,
  expectedDeltaUnits: 0,
  amountUsd: 50_000,
  state: "in-transit",
  guid: GUID,
  consumption: SENT,
});
const CREDITED_IN = 500;

let journal: Journal;
let state: CoordinatorState;
let target: ReturnType<typeof scriptedChain>;
let ports: TrackPorts;

beforeEach(() => {
  journal = freshJournal();
  state = freshState(TWO_SETUPS);
  target = scriptedChain();
  target.script.finalBlock.number = 5_000;
  target.script.deliveries = [{ guid: GUID, blockNumber: CREDITED_IN }];
  ports = {
    jobs: journal.jobs,
    chains: new Map([
      ["base", scriptedChain().chain],
      ["ethereum", target.chain],
    ]),
    clock: { nowMs: () => NOW_MS },
    log: memoryLog(),
    lookbackBlocks: 64,
  };
});

/** A report of the target that lists nothing: what was credited to it is long ago. */
function bookAt(number: number) {
  const { report, acceptedAtMs } = anEntry({ shard: "ethereum", cashUsd: 100_000 });
  const block = { ...report.block, number, finalizedNumber: number - 10 };
  return { report: { ...report, block }, acceptedAtMs };
}

function take(number: number): void {
  state.books.set("ethereum", bookAt(number));
  releaseJobs(state, ports, NOW_MS);
}

/** A transfer recorded while the target's newest book was of block 120. */
function begin(change: Partial<JobRecord> = {}): JobRecord {
  const job = { ...TRANSFER, ...change };
  state.books.set("ethereum", bookAt(120));
  state.jobs.set(job.jobId, job);
  beginCredits(state, [job]);
  return job;
}

async function pass(): Promise<number> {
  const signer = {
    address: LEADER,
    signMandate: () => Promise.reject(new Error("nothing is to be signed")),
    signEpochBump: () => Promise.reject(new Error("nothing is to be bumped")),
  };
  await rebalance(state, { ...ports, journal, queue: () => undefined, signer }, "timer");
  return state.view?.capital.get("ethereum")?.collateralUsd ?? Number.NaN;
}

test("while reports come without a gap a transfer counts as on its way, and its chain is not asked", async () => {
  const job = begin();
  for (let number = 150; number < 490; number += 50) {
    take(number);
    expect(creditsInDoubt(state)).toEqual(new Set());
  }
  await trackJobs(state, ports, "ethereum");
  expect(target.script.asked).toEqual([]);
  expect(state.jobs.get(job.jobId)?.state).toBe("in-transit");
  expect(await pass()).toBeCloseTo(150_000);
});

test("after a gap of any length its money counts nowhere but in the book, from the first pass on, and settles at the first look", async () => {
  const job = begin();
  take(5_010);
  expect(creditsInDoubt(state)).toEqual(new Set([job.jobId]));
  expect(await pass()).toBeCloseTo(100_000);
  while (state.jobs.has(job.jobId)) await trackJobs(state, ports, "ethereum");
  expect(journal.jobs.find(job.jobId)?.delivery).toEqual({
    blockNumber: CREDITED_IN,
    isFinal: true,
  });
  expect(await pass()).toBeCloseTo(100_000);
});

test("one that has not come after a gap counts again once its chain was searched, until the next gap", async () => {
  const job = begin();
  target.script.deliveries = [];
  take(5_010);
  for (let look = 0; look < 3; look += 1) await trackJobs(state, ports, "ethereum");
  expect(creditsInDoubt(state)).toEqual(new Set());
  expect(await pass()).toBeCloseTo(150_000);
  take(9_000);
  expect(creditsInDoubt(state)).toEqual(new Set([job.jobId]));
});

test("a chain that does not answer settles nothing: the money stays in doubt", async () => {
  const job = begin();
  take(5_010);
  target.script.isReachable = false;
  await expect(trackJobs(state, ports, "ethereum")).rejects.toThrow("chain-unreachable");
  expect(creditsInDoubt(state)).toEqual(new Set([job.jobId]));
  expect(await pass()).toBeCloseTo(100_000);
});

test("a coordinator that starts anew knows of no transfer, whatever the books list, until it has looked", async () => {
  const job = begin();
  journal.messages.keep([bookAt(5_010)], []);
  journal.jobs.update(job, "test", NOW_MS);
  const options = { setups: TWO_SETUPS, policy: aPolicy(), leader: LEADER, shadow: false };
  state = recallState(journal, options);
  expect(creditsInDoubt(state)).toEqual(new Set([job.jobId]));
  expect(await pass()).toBeCloseTo(100_000);
  while (state.jobs.has(job.jobId)) await trackJobs(state, ports, "ethereum");
  expect(await pass()).toBeCloseTo(100_000);
});

test("what is in doubt is neither won nor lost: the ledger waits for it", async () => {
  begin();
  const entry = bookAt(5_010);
  for (const shard of ["ethereum", "base"] as const) {
    state.proved.set(shard, shard === "base" ? anEntry({ shard }) : entry);
    state.books.set(shard, state.proved.get(shard) ?? entry);
  }
  await pass();
  expect(Object.keys(state.safety.ledger.shards)).toEqual(["base"]);
  while (state.jobs.size > 0) await trackJobs(state, ports, "ethereum");
  await pass();
  expect(Object.keys(state.safety.ledger.shards).sort()).toEqual(["base", "ethereum"]);
});

test("what the endpoint has done with and no log shows is in doubt, though every report left it out", async () => {
  const times = { ...TRANSFER.times, recordedAtMs: NOW_MS - 60_000 };
  const job = begin({ times });
  target.script.deliveries = [];
  target.script.finalBlock.number = 140;
  target.script.newestBlock.number = 150;
  state.transfers.set(GUID, aTransferRecord({ guid: GUID, jobId: job.jobId }));
  take(150);
  expect(creditsInDoubt(state)).toEqual(new Set());
  target.script.fates.set(GUID, { committedHash: null, isPast: true, isCredited: false });
  for (let look = 0; look < 3; look += 1) await trackJobs(state, ports, "ethereum");
  expect(creditsInDoubt(state)).toEqual(new Set([job.jobId]));
  const setup = TWO_SETUPS.get("ethereum");
  expect(setup && shardView(state, setup, NOW_MS).inDoubtUsd).toBe(50_000);
  take(160);
  expect(await pass()).toBeCloseTo(100_000);
});
