import { describe, expect, test } from "vitest";
import type { BookEntry } from "#coordinator/records/book-entry.ts";
import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { advanceJob } from "#coordinator/stages/jobs/advance-job.ts";
import { releaseInFlight } from "#coordinator/stages/jobs/release-in-flight.ts";
import { JOB_RECEIPT_VERSION } from "#shared/wire/job-receipt.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import {
  aJobRecord,
  anEntry,
  NOW_MS,
  type TestShard,
} from "#test/support/coordinator/coordinator-pass.ts";
import { aConsumedJob, hash32 } from "#test/support/coordinator/shard-report.ts";

const GUID = hash32("61");
const SWAP = aJobRecord();
const TRANSFER = aJobRecord({
  kind: "transfer",
  target: "ethereum",
  underlying: null,
  expectedDeltaUnits: 0,
});

/** A book at block 120 whose last final block is 112. */
function book(
  shard: TestShard,
  change: Partial<ShardReport> = {},
  block: Partial<ShardReport["block"]> = {},
): BookEntry {
  const entry = anEntry({ shard, change });
  return { ...entry, report: { ...entry.report, block: { ...entry.report.block, ...block } } };
}

function consumedAt(blockNumber: number, guid: typeof GUID | null = null): Partial<ShardReport> {
  return { consumedJobs: [aConsumedJob({ jobId: SWAP.jobId, blockNumber, guid })] };
}

function deliveredAt(blockNumber: number): Partial<ShardReport> {
  return {
    deliveredTransfers: [
      { guid: GUID, srcEid: 30_184, amountRaw: "5", blockNumber, blockHash: hash32("b0") },
    ],
  };
}

/** The chains are as final as the books say, where nothing else is said. */
function release(
  job: JobRecord,
  source: BookEntry | undefined,
  target?: BookEntry,
  finals = { sourceFinal: 1_000_000, targetFinal: 1_000_000 },
) {
  const released = releaseInFlight(job, { source, target, ...finals }, NOW_MS);
  return { ...released, types: released.events.map((event) => event.type) };
}

describe("a swap", () => {
  test("stays in flight while no book lists it", () => {
    expect(release(SWAP, book("base")).types).toEqual([]);
    expect(release(SWAP, undefined).types).toEqual([]);
  });

  test("leaves flight when its shard's book lists it, once", () => {
    const first = release(SWAP, book("base", consumedAt(119)));
    expect(first.job).toMatchObject({
      state: "settled",
      consumption: { blockNumber: 119, isFinal: false },
    });
    expect(release(first.job, book("base", consumedAt(119))).types).toEqual([]);
    expect(isUnresolvedJob(first.job)).toBe(true);
  });

  test("is resolved for good when its block is final", () => {
    const { job } = release(SWAP, book("base", consumedAt(119)));
    const final = release(
      job,
      book("base", consumedAt(119), { number: 127, finalizedNumber: 119 }),
    );
    expect(final.job).toMatchObject({ state: "settled", consumption: { isFinal: true } });
    expect(isUnresolvedJob(final.job)).toBe(false);
  });

  test("comes back into flight when a newer book no longer lists it, and leaves again at another block", () => {
    const { job } = release(SWAP, book("base", consumedAt(119)));
    const lost = release(job, book("base", {}, { number: 121 }));
    expect(lost).toMatchObject({ types: ["consumption-lost"], job: { state: "sent" } });
    expect(release(lost.job, book("base", consumedAt(122), { number: 122 })).job).toMatchObject({
      state: "settled",
      consumption: { blockNumber: 122 },
    });
  });

  test("that a final block proved is released by the first book of that block or later", () => {
    const consumption = {
      blockNumber: 90,
      blockTimestampMs: null,
      amountInRaw: "5",
      amountOutRaw: "6",
      isFinal: true,
    };
    const proved = { ...SWAP, state: "included", consumption } as const;
    expect(release(proved, book("base", {}, { number: 89 })).types).toEqual([]);
    expect(release(proved, book("base", {}, { number: 90 })).job.state).toBe("settled");
  });

  test("planned in shadow mode is never released", () => {
    expect(release({ ...SWAP, shadow: true }, book("base", consumedAt(119))).types).toEqual([]);
  });
});

describe("a transfer", () => {
  test("is in transit once its source's book lists it, settled once its target's book lists the guid", () => {
    const left = release(TRANSFER, book("base", consumedAt(119, GUID)), book("ethereum"));
    expect(left.job).toMatchObject({ state: "in-transit", guid: GUID });
    const arrived = release(
      left.job,
      book("base", consumedAt(119, GUID)),
      book("ethereum", deliveredAt(118)),
    );
    expect(arrived.job).toMatchObject({
      state: "settled",
      delivery: { blockNumber: 118, isFinal: false },
    });
  });

  test("whose target reported first is settled when its source's book follows", () => {
    const target = book("ethereum", deliveredAt(118));
    expect(release(TRANSFER, book("base"), target).types).toEqual([]);
    expect(release(TRANSFER, book("base", consumedAt(119, GUID)), target)).toMatchObject({
      types: ["consumed", "delivered"],
      job: { state: "settled" },
    });
  });

  test("stays in flight when a receipt names the guid of an older transfer that has arrived", () => {
    const lie = {
      version: JOB_RECEIPT_VERSION,
      shard: "base",
      agent: "base-1",
      seq: 1,
      jobId: TRANSFER.jobId,
      outcome: "included",
      reason: null,
      detail: "",
      transactionHash: hash32("77"),
      blockNumber: 118,
      blockTimestampMs: NOW_MS,
      amountInRaw: "5",
      amountOutRaw: "5",
      guid: GUID,
      gasCostWei: "0",
      nativeFeeWei: "0",
      atMs: NOW_MS,
    } as const;
    const target = book("ethereum", deliveredAt(60));
    const lied = advanceJob(TRANSFER, { type: "receipt", receipt: lie }, NOW_MS);
    const told = release(lied, book("base"), target);
    expect(told.types).toEqual([]);
    const left = release(told.job, book("base", consumedAt(119, hash32("62"))), target);
    expect(left.job).toMatchObject({ state: "in-transit", guid: hash32("62"), delivery: null });
  });

  test.each([
    [121, []],
    [120, ["delivered"]],
    [119, ["delivered"]],
    [3, ["delivered"]],
  ])(
    "whose chain has shown it arriving in block %i is over in a book of block 120: %j",
    (arrivedInBlock, types) => {
      const known = { ...TRANSFER, state: "in-transit", guid: GUID, arrivedInBlock } as const;
      expect(release(known, book("base"), book("ethereum")).types).toEqual(types);
    },
  );

  test("to which a reorg has given another message has not arrived with the first one's", () => {
    const left = release(TRANSFER, book("base", consumedAt(118, GUID))).job;
    const arrived = advanceJob(left, { type: "arrived", blockNumber: 40 }, NOW_MS);
    const moved = release(arrived, book("base", consumedAt(119, hash32("62"))), book("ethereum"));
    expect(moved.job).toMatchObject({ state: "in-transit", arrivedInBlock: null, delivery: null });
  });

  test("is back in transit when a reorg takes the delivery away", () => {
    const settled = release(
      TRANSFER,
      book("base", consumedAt(111, GUID)),
      book("ethereum", deliveredAt(118)),
    );
    expect(settled.job.state).toBe("settled");
    const lost = release(
      settled.job,
      book("base", consumedAt(111, GUID)),
      book("ethereum", {}, { number: 121 }),
    );
    expect(lost).toMatchObject({ types: ["delivery-lost"], job: { state: "in-transit" } });
  });

  test("that is not listed any more because its block is out of the reports' window stays where it is", () => {
    const consumption = {
      blockNumber: 40,
      blockTimestampMs: null,
      amountInRaw: "5",
      amountOutRaw: "6",
      isFinal: false,
    };
    const old = { ...TRANSFER, state: "in-transit", guid: GUID, consumption } as const;
    expect(release(old, book("base"), book("ethereum")).types).toEqual([]);
  });
});

test("a job that was proved dead and is then listed breaks an invariant", () => {
  expect(() => release({ ...SWAP, state: "expired" }, book("base", consumedAt(119)))).toThrow(
    "job-transition",
  );
});

test("nothing is final by a report's word alone: only up to what we have seen final ourselves", () => {
  const listed = book("base", {
    consumedJobs: [aConsumedJob({ jobId: TRANSFER.jobId, blockNumber: 110, guid: GUID })],
  });
  const credited = book("ethereum", deliveredAt(110));
  const finals = (sourceFinal: number, targetFinal: number) => {
    const { job } = release(TRANSFER, listed, credited, { sourceFinal, targetFinal });
    return [job.state, job.consumption?.isFinal, job.delivery?.isFinal, isUnresolvedJob(job)];
  };
  expect(finals(109, 109)).toEqual(["settled", false, false, true]);
  expect(finals(110, 109)).toEqual(["settled", true, false, true]);
  expect(finals(109, 110)).toEqual(["settled", false, true, true]);
  expect(finals(110, 110)).toEqual(["settled", true, true, false]);
});
