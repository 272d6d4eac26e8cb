import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_RACES } from "#coordinator/records/jobs/race-count.ts";
import { countRace } from "#coordinator/stages/jobs/count-race.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const LOST: JobReceipt = {
  version: JOB_RECEIPT_VERSION,
  shard: "base",
  agent: "base-2",
  seq: 1,
  jobId: hash32("01"),
  outcome: "reverted",
  reason: "already-consumed",
  detail: "",
  transactionHash: hash32("77"),
  blockNumber: 121,
  blockTimestampMs: NOW_MS,
  amountInRaw: "0",
  amountOutRaw: "0",
  guid: null,
  gasCostWei: "40",
  nativeFeeWei: "0",
  atMs: NOW_MS,
};

function countOf(receipts: readonly JobReceipt[]) {
  const { count, gasCostWei } = receipts.reduce(countRace, NO_RACES);
  return { count, gasCostWei };
}

test.each<[string, readonly Partial<JobReceipt>[], ReturnType<typeof countOf>]>([
  ["one race", [{}], { count: 1, gasCostWei: 40n }],
  ["a block that went and came back", [{}, { seq: 2 }], { count: 1, gasCostWei: 40n }],
  [
    "a cancel after the block that had it went",
    [{}, { seq: 2, outcome: "expired", gasCostWei: "21" }],
    { count: 1, gasCostWei: 21n },
  ],
  [
    "a race that is won after all",
    [{}, { seq: 2, outcome: "included", reason: null }],
    { count: 0, gasCostWei: 0n },
  ],
  [
    "the older word after the newer one",
    [{ seq: 2, outcome: "included", reason: null }, {}],
    { count: 0, gasCostWei: 0n },
  ],
  [
    "sending and refusing, which say nothing of a race",
    [
      {},
      { seq: 2, outcome: "broadcast", reason: null },
      { seq: 3, outcome: "refused", gasCostWei: "0" },
    ],
    { count: 1, gasCostWei: 40n },
  ],
  ["a failure of its own", [{ reason: null }], { count: 0, gasCostWei: 0n }],
  ["two jobs", [{}, { seq: 2, jobId: hash32("02") }], { count: 2, gasCostWei: 80n }],
])("%s is counted exactly", (_name, changes, expected) => {
  expect(countOf(changes.map((change) => ({ ...LOST, ...change })))).toEqual(expected);
});

const told = fc.record({
  job: fc.constantFrom("01", "02", "03"),
  outcome: fc.constantFrom("broadcast", "included", "reverted", "refused", "expired"),
  reason: fc.constantFrom(null, "already-consumed"),
  gasCostWei: fc.nat({ max: 1_000 }).map(String),
} as const);

test("law: the newest word of each job counts, in whatever order and however often words come", () => {
  fc.assert(
    fc.property(fc.array(told, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (all, order) => {
      const receipts = all.map(({ job, ...one }, at) => {
        return { ...LOST, ...one, jobId: hash32(job), seq: at + 1 };
      });
      const words = receipts.filter((one) => !["broadcast", "refused"].includes(one.outcome));
      const newest = new Map(words.map((one) => [one.jobId, one]));
      const lost = [...newest.values()].filter((one) => one.reason !== null);
      const counted = lost.filter((one) => one.outcome !== "included");
      const gasCostWei = counted.reduce((sum, one) => sum + BigInt(one.gasCostWei), 0n);
      const shuffled = [...receipts, ...receipts]
        .map((one) => ({ one, at: order.next().value ?? 0 }))
        .sort((left, right) => left.at - right.at)
        .map(({ one }) => one);
      expect(countOf(receipts)).toEqual({ count: counted.length, gasCostWei });
      expect(countOf(shuffled)).toEqual({ count: counted.length, gasCostWei });
    }),
  );
});

test("of more jobs than a stream keeps the sums stay, and only the newest are remembered", () => {
  const receipts = Array.from({ length: 1_500 }, (_, at) => {
    return { ...LOST, seq: at + 1, jobId: hash32(at.toString(16).padStart(4, "0")) };
  });
  const counted = receipts.reduce(countRace, NO_RACES);
  expect(counted).toMatchObject({ count: 1_500, gasCostWei: 60_000n });
  expect(counted.fates.size).toBe(1_024);
  expect(countRace(counted, { ...LOST, ...receipts.at(-1), seq: 2_000 }).count).toBe(1_500);
});
