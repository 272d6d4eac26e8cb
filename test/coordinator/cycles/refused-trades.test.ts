import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { changeJob } from "#coordinator/cycles/jobs/change-jobs.ts";
import { rebalance } from "#coordinator/cycles/rebalance.ts";
import { recallState } from "#coordinator/cycles/recall-state.ts";
import { recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import { operateSafety } from "#coordinator/cycles/safety/operate-safety.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { isUndecided, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import type { DecisionRecord } from "#coordinator/records/planning/decision-record.ts";
import type { BreakersPolicy } from "#shared/policy/safety-policy.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";
import {
  anEntry,
  aPolicy,
  aShardSetup,
  LEADER,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { freshJournal, freshState } from "#test/support/coordinator/fresh-coordinator.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const log = memoryLog();
const STEP_MS = 10_000;
const REVERTED = { outcome: "refused", reason: "simulation-reverted" } as const;
const WRONG_SIZE = "VenueDesk_WrongSize(1, 2, 3)";
const DEFAULT_RULE = aPolicy().breakers.tradeRefusals;

let journal: ReturnType<typeof freshJournal>;
let nowMs: number;
let seq: number;

beforeEach(() => {
  journal = freshJournal();
  nowMs = NOW_MS;
  seq = 0;
});

/** A shard's report of now. */
function entryAt(shard: TestShard, calls: number, feeFraction: number): BookEntry {
  const entry = anEntry({ shard, calls, feeFraction, ageMs: NOW_MS - nowMs + 500 });
  const collateral = entry.report.collateral.map((line) => {
    return { ...line, priceUpdatedAtMs: nowMs - 1000 };
  });
  return { report: { ...entry.report, collateral }, acceptedAtMs: nowMs };
}

type World = { state: CoordinatorState };

/** Base is short of 30 ETH or so and has the cheaper pool: its own trades are the first choice. */
function started(
  o: { readonly shards?: readonly TestShard[]; readonly rule?: object } = {},
): World {
  const { shards = ["base", "arbitrum"], rule = {} } = o;
  const { breakers } = aPolicy();
  const tradeRefusals: BreakersPolicy["tradeRefusals"] = { ...DEFAULT_RULE, ...rule };
  // The venue's own breaker counts the same failures: here only one of them is looked at.
  const venueFailures = { ...breakers.venueFailures, reduceOnly: null };
  const policy = aPolicy({}, { breakers: { ...breakers, venueFailures, tradeRefusals } });
  const setups = new Map(shards.map((shard) => [shard, aShardSetup(shard)]));
  return { state: led(freshState(setups, { policy })) };
}

function led(state: CoordinatorState): CoordinatorState {
  for (const shard of state.setups.keys())
    state.takeOvers.set(shard, { state: "leading", epoch: 1, leader: LEADER });
  return state;
}

/** The coordinator after a crash: all it knows is what the journal has. */
function restarted({ state }: World): World {
  const { setups, policy } = state;
  const next = led(recallState(journal, { setups, policy, leader: LEADER, shadow: false }));
  recallSafety(next, { journal, log }, nowMs);
  return { state: next };
}

const signer = {
  address: LEADER,
  signMandate: () => Promise.resolve(`0x${"11".repeat(65)}` as const),
  signEpochBump: () => Promise.reject(new Error("nothing is to be bumped")),
};
const clock = { nowMs: () => nowMs };
const queue = () => ({ isReady: () => true, send: async () => ({ sent: true }) as const });

/** One pass on fresh reports, and its jobs. */
async function pass({ state }: World): Promise<JobRecord[]> {
  nowMs += STEP_MS;
  for (const shard of state.setups.keys()) {
    const isBase = shard === "base";
    state.books.set(shard, entryAt(shard as TestShard, isBase ? -60 : 0, isBase ? 0.0005 : 0.002));
  }
  await rebalance(state, { journal, queue, signer, clock, log }, "timer");
  return [...state.jobs.values()].filter(({ times }) => times.recordedAtMs === nowMs);
}

function receiptOf(job: JobRecord, changes: Partial<JobReceipt>): JobReceipt {
  seq += 1;
  return {
    version: JOB_RECEIPT_VERSION,
    shard: job.shard,
    agent: `${job.shard}-1`,
    seq,
    jobId: job.jobId as `0x${string}`,
    outcome: "refused",
    reason: null,
    detail: "",
    transactionHash: null,
    blockNumber: null,
    blockTimestampMs: null,
    amountInRaw: "0",
    amountOutRaw: "0",
    guid: null,
    gasCostWei: "0",
    nativeFeeWei: "0",
    atMs: nowMs,
    ...changes,
  };
}

/** What the agent says of a job; then a final block proves that it is dead. */
function refuse({ state }: World, job: JobRecord, changes: Partial<JobReceipt>): void {
  const ports = { jobs: journal.jobs, log };
  const event = { type: "receipt", receipt: receiptOf(job, changes) } as const;
  const told = changeJob(state, ports, job, { event, nowMs });
  changeJob(state, ports, told, { event: { type: "not-consumed" }, nowMs });
}

/** Passes of which base refuses every job; how many were base's and how many another's in each. */
async function refusedPasses(world: World, count: number, changes: Partial<JobReceipt> = {}) {
  const found: { readonly base: number; readonly others: number }[] = [];
  for (let index = 0; index < count; index += 1) {
    const jobs = await pass(world);
    const own = jobs.filter(({ shard }) => shard === "base");
    for (const job of own) refuse(world, job, { ...REVERTED, detail: WRONG_SIZE, ...changes });
    for (const job of jobs.filter(isUndecided)) if (job.shard !== "base") drop(world, job);
    found.push({ base: own.length, others: jobs.length - own.length });
  }
  return found;
}

/** The others' trades come too late, so that the need stays what it is. */
function drop({ state }: World, job: JobRecord): void {
  const event = { type: "not-consumed" } as const;
  changeJob(state, { jobs: journal.jobs, log }, job, { event, nowMs });
}

const newest = (): DecisionRecord | undefined => journal.decisions.list(1)[0];
const tripped = () => newest()?.safety.breakers.filter(({ kind }) => kind === "tradeRefusals");
const ofBase = (passes: readonly { readonly base: number }[]) => passes.map(({ base }) => base);

test("a trade that is refused again and again is tried four times, then ever more seldom", async () => {
  const passes = await refusedPasses(started({ shards: ["base"] }), 24);
  const tried = ofBase(passes).flatMap((base, index) => (base > 0 ? [index] : []));
  // 10 s each: four in a row, then after pauses of 30, 60 and 120 s.
  expect(tried).toEqual([0, 1, 2, 3, 6, 12]);
});

test("with the breaker switched off it is tried with every pass", async () => {
  const world = started({ shards: ["base"], rule: { reduceOnly: null } });
  expect(ofBase(await refusedPasses(world, 12))).toEqual(Array.from({ length: 12 }, () => 1));
});

test("another shard's venue takes the trade meanwhile", async () => {
  const passes = await refusedPasses(started(), 6);
  const before = passes.slice(0, 4);
  expect(before.every(({ base }) => base === 1)).toBe(true);
  const [, , , , paused] = passes;
  expect(paused).toEqual({ base: 0, others: 1 });
});

test("the decision says what is paused, why, and until when", async () => {
  const world = started({ shards: ["base"] });
  await refusedPasses(world, 5);
  const until = new Date(nowMs - STEP_MS + 30_000).toISOString();
  const detail = `refused 4 times in a row, the last as simulation-reverted: ${WRONG_SIZE}; tried again from ${until}`;
  expect(newest()?.blocked).toContain(`ETH: base: buy at uniswap-v3 ${detail}`);
  expect(newest()?.underlyings).toMatchObject([{ action: "blocked" }]);
  const [found] = tripped() ?? [];
  expect(found).toMatchObject({ level: "reduce-only", value: 4, detail });
  expect(found?.scope).toMatch(/^trade:base\/0x[0-9a-f]{40}\/0x[0-9a-f]{40}\/buy$/);
  const view = operateSafety(world.state, { journal, clock, log }).safety(10);
  expect(view.breakers).toContainEqual(expect.objectContaining({ scope: found?.scope, detail }));
  expect(view.events).toMatchObject([
    { type: "breaker", kind: "tradeRefusals", to: "reduce-only" },
  ]);
});

test("a pause that goes on is no news: its decision is stored once", async () => {
  const world = started({ shards: ["base"] });
  await refusedPasses(world, 5);
  const stored = newest()?.sequence;
  await pass(world);
  expect(tripped()).toHaveLength(1);
  expect(newest()?.sequence).toBe(stored);
});

test("what is done at last ends the run, and the next refusal is the first again", async () => {
  const world = started({ shards: ["base"] });
  await refusedPasses(world, 6);
  const [job] = await pass(world);
  if (job === undefined) throw new Error("the trade was not tried again");
  const blockNumber = 120;
  const amounts = { amountInRaw: "1", amountOutRaw: "1" };
  const consumption = { blockNumber, blockTimestampMs: nowMs, ...amounts, isFinal: true };
  const event = { type: "consumed", consumption, guid: null } as const;
  changeJob(world.state, { jobs: journal.jobs, log }, job, { event, nowMs });
  expect(ofBase(await refusedPasses(world, 5))).toEqual([1, 1, 1, 1, 0]);
});

test.each([
  ["late", { outcome: "expired", reason: null }],
  ["refused as expired", { outcome: "refused", reason: "expired" }],
  ["refused for a contradiction of endpoints", { outcome: "refused", reason: "rpc-disagreement" }],
  ["done by another", { outcome: "refused", reason: "already-consumed" }],
] as const)("a trade that is %s is tried with every pass", async (_name, changes) => {
  const world = started({ shards: ["base"] });
  const passes = await refusedPasses(world, 8, { detail: "", ...changes });
  expect(ofBase(passes)).toEqual(Array.from({ length: 8 }, () => 1));
});

describe("over a restart", () => {
  test("a paused trade stays paused for as long, and its next pause is twice as long", async () => {
    const world = started({ shards: ["base"] });
    await refusedPasses(world, 5);
    const next = restarted(world);
    expect(ofBase(await refusedPasses(next, 9))).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 0]);
  });

  test("refusals that were told and not yet saved are counted again from the jobs", async () => {
    const world = started({ shards: ["base"], rule: { reduceOnly: { tripAt: 3, resetAt: 1 } } });
    await refusedPasses(world, 3);
    const next = restarted(world);
    const [before, after] = [world, next].map(({ state }) => Object.values(state.safety.refusals));
    expect(after).toEqual(before);
    expect(ofBase(await refusedPasses(next, 1))).toEqual([0]);
  });
});

test("refusals of an hour ago that are first counted at a start pause nothing", async () => {
  const world = started({ shards: ["base"] });
  await refusedPasses(world, 13);
  // As a version leaves it that did not count them.
  journal.safety.save({ ...world.state.safety, refusals: {}, breakers: {} }, []);
  nowMs += 3_600_000;
  expect(ofBase(await refusedPasses(restarted(world), 2))).toEqual([1, 0]);
});

test("refusals of more than a day ago make no new pause longer", async () => {
  const world = started({ shards: ["base"] });
  await refusedPasses(world, 13);
  nowMs += 25 * 3_600_000;
  expect(ofBase(await refusedPasses(world, 5))).toEqual([1, 1, 1, 1, 0]);
});

test.each([undefined, "base"])(
  "a person who resumes (%s) has it tried at once, and the refusals of before are not counted again at a start",
  async (shard) => {
    const world = started({ shards: ["base"] });
    await refusedPasses(world, 5);
    operateSafety(world.state, { journal, clock, log }).resume("the desk was mended", shard);
    const next = restarted(world);
    expect(ofBase(await refusedPasses(next, 5))).toEqual([1, 1, 1, 1, 0]);
  },
);

test("a person who resumes another shard changes nothing", async () => {
  const world = started();
  await refusedPasses(world, 4);
  operateSafety(world.state, { journal, clock, log }).resume("looked at", "arbitrum");
  expect(ofBase(await refusedPasses(world, 1))).toEqual([0]);
});

test("an order says that its trade is paused, and goes on with it afterwards", async () => {
  const world = started({ shards: ["base", "arbitrum"] });
  await refusedPasses(world, 4);
  const operator = operateSafety(world.state, { journal, clock, log });
  operator.orderShard("base", { kind: "flatten", target: null, reason: "leaving" });
  await pass(world);
  const [progress] = operator.safety(1).orders;
  expect(progress).toMatchObject({ shard: "base", state: "blocked" });
  expect(progress?.waitingFor[0]).toMatch(/^ETH: base: buy at uniswap-v3 refused 4 times in a row/);
});
