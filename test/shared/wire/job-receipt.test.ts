import { expect, test } from "vitest";
import { jobReceiptSchema, REFUSAL_REASONS } from "#shared/wire/job-receipt.ts";
import { receiptStreamKey, reportStreamKey } from "#shared/wire/stream-keys.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const receipt = {
  version: 1,
  shard: "base",
  agent: "base-1",
  seq: 1_790_000_000_001,
  jobId: hash32("0a"),
  outcome: "refused",
  reason: "expired",
  detail: "deadline 1790000005; now 1790000009",
  transactionHash: null,
  blockNumber: null,
  blockTimestampMs: null,
  amountInRaw: "0",
  amountOutRaw: "0",
  guid: null,
  gasCostWei: "0",
  nativeFeeWei: "0",
  atMs: 1_790_000_009_000,
} as const;

test.each(REFUSAL_REASONS)("a receipt may give the reason %s", (reason) => {
  expect(jobReceiptSchema.parse({ ...receipt, reason })).toEqual({ ...receipt, reason });
});

test.each([
  { outcome: "done" },
  { reason: "because" },
  { version: 0 },
  { detail: "x".repeat(2001) },
  { gasCostWei: "-1" },
  { transactionHash: "0x" },
])("a receipt with %o is refused", (change) => {
  expect(jobReceiptSchema.safeParse({ ...receipt, ...change }).success).toBe(false);
});

test("reports and receipts travel on a stream per shard and agent", () => {
  expect(reportStreamKey("base", "base-1")).toBe("report:base:base-1");
  expect(receiptStreamKey("base", "base-1")).toBe("receipt:base:base-1");
});
