import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { releaseJobs } from "#coordinator/cycles/jobs/change-jobs.ts";
import { recountAll } from "#coordinator/cycles/jobs/take-back.ts";
import { operateSafety } from "#coordinator/cycles/safety/operate-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { pendingEffects } from "#coordinator/records/planning/pending-effect.ts";
import { TRUSTED } from "#coordinator/records/safety/shard-trust.ts";
import { aJobRecord, anEntry, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const log = memoryLog();
const GUID = hash32("9d");
const CONSUMPTION = {
  blockNumber: 110,
  blockTimestampMs: NOW_MS,
  amountInRaw: "7",
  amountOutRaw: "7",
  isFinal: true,
};
const DELIVERY = { blockNumber: 111, isFinal: true };
const SWAP = { kind: "swap", shard: "base", state: "settled", consumption: CONSUMPTION } as const;
const TRANSFER = { ...SWAP, kind: "transfer", guid: GUID, delivery: DELIVERY } as const;

let state: CoordinatorState;
let journal: Journal & { readonly close: () => void };
let ports: Parameters<typeof recountAll>[1];

beforeEach(() => {
  journal = freshJournal();
  ports = { jobs: journal.jobs, journal, log };
  state = freshState(TWO_SETUPS);
});

type Shard = "base" | "ethereum";

/** A book of one shard at a block of its chain, all of it final. */
function book(shard: Shard, number: number, change: Partial<BookEntry["report"]> = {}): BookEntry {
  const { report, acceptedAtMs } = anEntry({ shard });
  const block = { ...report.block, number, finalizedNumber: number };
  state.finals.set(shard, { number, hash: hash32("f1"), timestampMs: NOW_MS });
  return { report: { ...report, block, ...change }, acceptedAtMs };
}

/** The shard's word is not taken, and what is planned on is its book of that block. */
function quarantine(shard: Shard, number: number): void {
  const trusted = book(shard, number);
  const why = { sinceMs: NOW_MS, kind: "chain-mismatch", detail: "a lie", trusted } as const;
  const trust = { ...state.safety.trust, [shard]: { ...TRUSTED, quarantine: why } };
  state.safety = { ...state.safety, trust };
  state.books.set(shard, trusted);
}

/** A job that is over, and that only the journal knows of. */
function over(change: Partial<JobRecord>): JobRecord {
  const job = aJobRecord(change);
  journal.jobs.update(job, "consumed", NOW_MS);
  return job;
}

const counted = () =>
  pendingEffects([...state.jobs.values()]).map((one) => [
    one.isPendingAtShard,
    one.isPendingAtTarget,
  ]);

describe("what is over and final, in a quarantine with a book of", () => {
  test.each([
    ["an older block: a swap", SWAP, "base", 109, "included", [[true, false]]],
    ["its own block: a swap", SWAP, "base", 110, "settled", []],
    ["another shard: a swap", SWAP, "ethereum", 109, "settled", []],
    ["an older block: a transfer that left", TRANSFER, "base", 109, "included", [[true, false]]],
    ["an older block: a credit", TRANSFER, "ethereum", 110, "in-transit", [[false, true]]],
    ["the block of the credit: a transfer", TRANSFER, "ethereum", 111, "settled", []],
  ] as const)("%s", (...row) => {
    const [, change, shard, number, expected, effects] = row;
    const target = change.kind === "transfer" ? "ethereum" : null;
    const { jobId } = over({ ...change, target });
    for (const one of ["base", "ethereum"] as const) state.books.set(one, book(one, 120));
    quarantine(shard, number);
    recountAll(state, ports, NOW_MS);
    expect(journal.jobs.find(jobId)?.state).toBe(expected);
    expect(counted()).toEqual(effects);
  });

  test("both shards of a transfer from before it left: it leaves, and arrives, as the books come to show it", () => {
    const { jobId } = over({ ...TRANSFER, target: "ethereum" });
    quarantine("base", 100);
    quarantine("ethereum", 100);
    recountAll(state, ports, NOW_MS);
    expect(counted()).toEqual([[true, true]]);
    state.books.set("base", book("base", 120));
    releaseJobs(state, ports, NOW_MS);
    expect(counted()).toEqual([[false, true]]);
    const line = { guid: GUID, srcEid: 30_001, amountRaw: "7", blockNumber: 111 };
    const deliveredTransfers = [{ ...line, blockHash: hash32("a0") }];
    state.books.set("ethereum", book("ethereum", 120, { deliveredTransfers }));
    releaseJobs(state, ports, NOW_MS);
    expect(counted()).toEqual([]);
    expect(journal.jobs.find(jobId)?.state).toBe("settled");
  });
});

test("a shard that is released from its quarantine has its jobs in its newest book, and not in flight beside it", () => {
  const { jobId } = over(SWAP);
  quarantine("base", 100);
  recountAll(state, ports, NOW_MS);
  expect(counted()).toEqual([[true, false]]);
  state.claims.set("base", book("base", 120));
  const operator = operateSafety(state, { journal, log, clock: { nowMs: () => NOW_MS } });
  operator.releaseShard("base", "the node was wrong");
  expect(counted()).toEqual([]);
  expect(journal.jobs.find(jobId)?.state).toBe("settled");
});

test("nothing that is over is looked at again while no shard is quarantined", () => {
  const job = over(SWAP);
  state.books.set("base", book("base", 100));
  recountAll(state, ports, NOW_MS);
  expect(journal.jobs.find(job.jobId)).toEqual(job);
});
