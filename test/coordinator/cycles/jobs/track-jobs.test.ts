import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { type TrackPorts, trackJobs } from "#coordinator/cycles/jobs/track-jobs.ts";
import type { ShardChain } from "#coordinator/ports/shard-chain.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { RetryableError } from "#shared/errors.ts";
import { aRebalanceJob } from "#test/support/agent/rebalance-job.ts";
import { type ChainScript, scriptedChain } from "#test/support/chain/scripted-chain.ts";
import {
  aJobRecord,
  anEntry,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const DEADLINE_SECONDS = NOW_MS / 1000 - 0.5;
const MANDATE = { ...aRebalanceJob().mandate, deadlineSeconds: DEADLINE_SECONDS };
const GUID = hash32("61");

/** A transfer as the vault's own events tell it. */
const CONSUMED = {
  action: 2,
  blockNumber: 88,
  amountInRaw: "5",
  amountOutRaw: "5",
  guid: GUID,
  dstEid: 30_001,
};

let state: CoordinatorState;
let base: ChainScript;
let ethereum: ChainScript;
let ports: TrackPorts;
let nowMs: number;

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  const journal = freshJournal();
  const [one, other] = [scriptedChain(), scriptedChain()];
  base = one.script;
  ethereum = other.script;
  nowMs = NOW_MS;
  ports = {
    jobs: journal.jobs,
    chains: new Map([
      ["base", one.chain],
      ["ethereum", other.chain],
    ]),
    clock: { nowMs: () => nowMs },
    log: memoryLog(),
    lookbackBlocks: 64,
  };
});

function inFlight(change: Partial<JobRecord> = {}): JobRecord {
  const job = aJobRecord({ mandate: MANDATE, ...change });
  state.jobs.set(job.jobId, job);
  return job;
}

function stateOf(job: JobRecord): string {
  return (state.jobs.get(job.jobId) ?? ports.jobs.find(job.jobId))?.state ?? "gone";
}

test("a job is dead when a final block is past its deadline and the vault has not consumed it", async () => {
  const job = inFlight();
  base.finalBlock.timestampMs = DEADLINE_SECONDS * 1000 + 1000;
  await trackJobs(state, ports, "base");
  expect(stateOf(job)).toBe("expired");
});

test("no clock releases it: at the deadline's own block, and before any later final block, it stays", async () => {
  const job = inFlight();
  nowMs = NOW_MS + 3_600_000;
  for (const pastMs of [-60_000, 0]) {
    base.finalBlock.timestampMs = DEADLINE_SECONDS * 1000 + pastMs;
    await trackJobs(state, ports, "base");
    expect(stateOf(job)).toBe("sent");
  }
});

test("a chain that cannot be read releases nothing", async () => {
  const job = inFlight();
  base.isReachable = false;
  await expect(trackJobs(state, ports, "base")).rejects.toThrow("chain-unreachable");
  expect(stateOf(job)).toBe("sent");
});

test("a job of which the node does not tell more holds up no other: each is decided by itself", async () => {
  const told = inFlight();
  const other = inFlight({ jobId: hash32("77") });
  base.finalBlock.timestampMs = NOW_MS + 1000;
  base.consumed = [{ ...CONSUMED, jobId: told.jobId }];
  const chain = ports.chains.get("base");
  if (chain === undefined) throw new Error("no chain");
  const refusal = new RetryableError("chain-range-refused", "ten blocks at most");
  const refusing: ShardChain = { ...chain, consumedMandates: () => Promise.reject(refusal) };
  const chains = new Map([["base", refusing]]);
  await expect(trackJobs(state, { ...ports, chains }, "base")).rejects.toBe(refusal);
  expect(stateOf(told)).toBe("sent");
  expect(stateOf(other)).toBe("expired");
});

test("one that the agent refused ends as refused-expired", async () => {
  const job = inFlight({ refusal: { reason: "report-stale", detail: "" } });
  base.finalBlock.timestampMs = NOW_MS + 1000;
  await trackJobs(state, ports, "base");
  expect(stateOf(job)).toBe("refused-expired");
});

test("one that was consumed unseen stays in flight, with its proof and guid, until a book shows it", async () => {
  const job = inFlight({ kind: "transfer", target: "ethereum" });
  base.finalBlock.timestampMs = NOW_MS + 1000;
  base.consumed = [{ ...CONSUMED, jobId: job.jobId }];
  await trackJobs(state, ports, "base");
  expect(state.jobs.get(job.jobId)).toMatchObject({
    state: "included",
    guid: GUID,
    consumption: { blockNumber: 88, isFinal: true },
  });
});

test("one that a lost block's report shows while the chain is asked halts nothing, and dies once it is taken back", async () => {
  const job = inFlight();
  base.finalBlock.timestampMs = NOW_MS + 1000;
  const chain = ports.chains.get("base");
  if (chain === undefined) throw new Error("no chain");
  const consumption = {
    blockNumber: 99,
    blockTimestampMs: NOW_MS,
    amountInRaw: "1",
    amountOutRaw: "1",
    isFinal: false,
  };
  const asked: ShardChain = {
    ...chain,
    isConsumed: async (...args) => {
      const answer = await chain.isConsumed(...args);
      state.jobs.set(job.jobId, { ...job, state: "settled", consumption });
      return answer;
    },
  };
  await trackJobs(state, { ...ports, chains: new Map([["base", asked]]) }, "base");
  expect(state.brokenInvariant).toBeUndefined();
  expect(stateOf(job)).toBe("settled");
  const settled = { ...job, state: "settled" as const, consumption };
  state.jobs.set(job.jobId, {
    ...settled,
    times: { ...job.times, settledAtMs: NOW_MS, includedBlockTimestampMs: NOW_MS },
  });
  nowMs = NOW_MS + 30_001;
  await trackJobs(state, ports, "base");
  await trackJobs(state, ports, "base");
  expect(stateOf(job)).toBe("expired");
});

test("nothing is asked while nothing is in question", async () => {
  inFlight({ mandate: { ...MANDATE, deadlineSeconds: NOW_MS / 1000 + 60 } });
  base.isReachable = false;
  await trackJobs(state, ports, "base");
});

test("a delivery that no report showed is found on the target's chain, once its book contains it", async () => {
  const job = inFlight({ kind: "transfer", target: "ethereum", state: "in-transit", guid: GUID });
  ethereum.deliveries = [{ guid: GUID, blockNumber: 99 }];
  await trackJobs(state, ports, "ethereum");
  expect(stateOf(job)).toBe("in-transit");
  nowMs = NOW_MS + 30_001;
  await trackJobs(state, ports, "ethereum");
  expect(stateOf(job)).toBe("in-transit");
  state.books.set("ethereum", anEntry({ shard: "ethereum" }));
  releaseJobs(state, ports, nowMs);
  expect(stateOf(job)).toBe("settled");
});

/** Sent a day ago by the chain's own clock, and found by a coordinator that has only just heard of it. */
function longInTransit(): JobRecord {
  const job = inFlight({
    kind: "transfer",
    target: "ethereum",
    state: "in-transit",
    guid: GUID,
    consumption: { ...SEEN, blockNumber: 70, blockTimestampMs: null, isFinal: true },
  });
  base.timestampAt = () => NOW_MS - 86_400_000;
  ethereum.finalBlock.number = 100_000;
  const { report } = anEntry({ shard: "ethereum" });
  const block = { ...report.block, number: 100_010, finalizedNumber: 100_000 };
  state.books.set("ethereum", anEntry({ shard: "ethereum", change: { block } }));
  nowMs = NOW_MS + 30_001;
  return job;
}

async function lookTimes(times: number): Promise<void> {
  for (let look = 0; look < times; look += 1) await trackJobs(state, ports, "ethereum");
}

test("a delivery older than any look back is found, page by page down to when it was sent", async () => {
  const job = longInTransit();
  ethereum.deliveries = [{ guid: GUID, blockNumber: 59_000 }];
  ethereum.timestampAt = (number) => NOW_MS - (100_000 - number) * 1_000;
  await lookTimes(4);
  expect(stateOf(job)).toBe("in-transit");
  await lookTimes(1);
  expect(stateOf(job)).toBe("settled");
});

test("a search that came to the time of the send begins again, for a node may have kept a block back", async () => {
  const job = longInTransit();
  ethereum.timestampAt = (number) => NOW_MS - (100_000 - number) * 1_000;
  // A day and an hour of blocks, a second each, are nine pages.
  await lookTimes(10);
  expect(Math.min(...ethereum.asked.map(({ fromBlock }) => fromBlock))).toBeGreaterThan(9_000);
  ethereum.deliveries = [{ guid: GUID, blockNumber: 98_000 }];
  await lookTimes(1);
  expect(stateOf(job)).toBe("settled");
});

test("a look that the node does not answer is made again where it was", async () => {
  const job = longInTransit();
  ethereum.deliveries = [{ guid: GUID, blockNumber: 85_000 }];
  ethereum.timestampAt = (number) => NOW_MS - (100_000 - number) * 1_000;
  await lookTimes(1);
  ethereum.isReachable = false;
  await expect(lookTimes(1)).rejects.toThrow("chain-unreachable");
  ethereum.isReachable = true;
  await lookTimes(1);
  expect(stateOf(job)).toBe("settled");
});

test("a transfer whose source does not answer is looked for in the newest blocks meanwhile, and holds up nothing else", async () => {
  const job = longInTransit();
  base.isReachable = false;
  ethereum.deliveries = [{ guid: GUID, blockNumber: 99_990 }];
  await lookTimes(1);
  expect(stateOf(job)).toBe("settled");
});

function bookOfBlock(number: number): BookEntry {
  const entry = anEntry({ shard: "ethereum" });
  return { ...entry, report: { ...entry.report, block: { ...entry.report.block, number } } };
}

test.each(["in-transit", "included"] as const)(
  "a transfer (%s) that arrived while the target's reports were refused is over with the first book that contains it, though that lists it no more",
  async (at) => {
    const seen = { ...SEEN, isFinal: true };
    const job = inFlight({
      kind: "transfer",
      target: "ethereum",
      state: at,
      guid: GUID,
      consumption: seen,
    });
    ethereum.deliveries = [{ guid: GUID, blockNumber: 40 }];
    state.books.set("ethereum", bookOfBlock(39));
    nowMs = NOW_MS + 30_001;
    await trackJobs(state, ports, "ethereum");
    expect(stateOf(job)).toBe(at);
    ethereum.isReachable = false;
    releaseJobs(state, ports, nowMs);
    expect(state.jobs.get(job.jobId)?.delivery).toBeNull();
    state.books.set("ethereum", bookOfBlock(120));
    releaseJobs(state, ports, nowMs);
    const over = ports.jobs.find(job.jobId);
    expect(over?.delivery).toEqual({ blockNumber: 40, isFinal: true });
    expect(over?.state).toBe(at === "in-transit" ? "settled" : at);
  },
);

const SEEN = {
  blockNumber: 88,
  blockTimestampMs: NOW_MS - 60_000,
  amountInRaw: "5",
  amountOutRaw: "5",
  isFinal: false,
};

function settledUnproven(change: Partial<JobRecord> = {}): JobRecord {
  const times = { ...aJobRecord().times, settledAtMs: NOW_MS - 30_001 };
  return inFlight({ state: "settled", consumption: SEEN, times, ...change });
}

test("what no report proved final in time is proved by the chain itself", async () => {
  const job = settledUnproven();
  base.consumed = [
    {
      jobId: job.jobId,
      action: 1,
      blockNumber: 89,
      amountInRaw: "5",
      amountOutRaw: "6",
      guid: null,
      dstEid: null,
    },
  ];
  await trackJobs(state, ports, "base");
  expect(state.jobs.has(job.jobId)).toBe(false);
  expect(ports.jobs.find(job.jobId)).toMatchObject({
    state: "settled",
    consumption: { blockNumber: 89, isFinal: true },
  });
});

test("what a reorganisation removed while no report came is in flight again", async () => {
  const job = settledUnproven();
  await trackJobs(state, ports, "base");
  expect(stateOf(job)).toBe("sent");
  base.finalBlock.timestampMs = DEADLINE_SECONDS * 1000 + 1000;
  await trackJobs(state, ports, "base");
  expect(stateOf(job)).toBe("expired");
});

test("a delivery is proved final, or taken back, likewise", async () => {
  const transfer = {
    kind: "transfer",
    target: "ethereum",
    guid: GUID,
    consumption: { ...SEEN, isFinal: true },
    delivery: { blockNumber: 90, isFinal: false },
  } as const;
  const job = settledUnproven(transfer);
  await trackJobs(state, ports, "ethereum");
  expect(stateOf(job)).toBe("in-transit");
  settledUnproven(transfer);
  ethereum.deliveries = [{ guid: GUID, blockNumber: 91 }];
  await trackJobs(state, ports, "ethereum");
  expect(ports.jobs.find(job.jobId)).toMatchObject({
    state: "settled",
    delivery: { blockNumber: 91, isFinal: true },
  });
});

test("what was seen before the blocks that are searched by default is still found, not taken back", async () => {
  const farAhead = { number: 200_000, timestampMs: NOW_MS };
  base.finalBlock = farAhead;
  ethereum.finalBlock = farAhead;
  const delivery = { blockNumber: 90, isFinal: false };
  const job = settledUnproven({ kind: "transfer", target: "ethereum", guid: GUID, delivery });
  const { jobId } = job;
  const amounts = { amountInRaw: "5", amountOutRaw: "5" };
  base.consumed = [{ jobId, action: 2, blockNumber: 88, ...amounts, guid: GUID, dstEid: 30_001 }];
  ethereum.deliveries = [{ guid: GUID, blockNumber: 90 }];
  await trackJobs(state, ports, "ethereum");
  await trackJobs(state, ports, "base");
  expect(ports.jobs.find(jobId)).toMatchObject({
    state: "settled",
    consumption: { blockNumber: 88, ...amounts, isFinal: true },
    delivery: { blockNumber: 90, isFinal: true },
  });
});

test("a transfer consumed unseen during a long standstill is found with its guid: without it nothing would arrive", async () => {
  const recordedAtMs = NOW_MS - 86_400_000;
  const times = { ...aJobRecord().times, recordedAtMs };
  const job = inFlight({ kind: "transfer", target: "ethereum", times });
  const blocks = 86_400_000 / aShardSetup("base").blockTimeMs;
  base.finalBlock = { number: 2 * blocks, timestampMs: NOW_MS + 1000 };
  const amounts = { amountInRaw: "5", amountOutRaw: "5" };
  const event = { jobId: job.jobId, action: 2, ...amounts, guid: GUID, dstEid: 30_001 };
  base.consumed = [{ ...event, blockNumber: blocks + 1 }];
  await trackJobs(state, ports, "base");
  expect(state.jobs.get(job.jobId)).toMatchObject({ state: "included", guid: GUID });
});
