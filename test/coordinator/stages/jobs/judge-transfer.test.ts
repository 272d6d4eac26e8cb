import { describe, expect, test } from "vitest";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { orderRecovery, recoveryJobOf } from "#coordinator/stages/jobs/issue-recovery.ts";
import { isUnderWay, judgeTransfer } from "#coordinator/stages/jobs/judge-transfer.ts";
import { DEFAULT_POLICY } from "#shared/policy/default-policy.ts";
import { recoveryIdOf, recoveryJobSchema } from "#shared/wire/recovery-job.ts";
import { TRANSFER_STATES } from "#shared/wire/transfer-line.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";

const POLICY = {
  ...DEFAULT_POLICY.transfers,
  stuckAfterMs: 60_000,
  recoverAfterMs: 10_000,
  recoveriesMax: 2,
};
const START_MS = 1_790_000_000_000;

function ordered(record: TransferRecord, nowMs: number, by: "policy" | "operator" = "policy") {
  const order = { kind: "retry-receive", orderedBy: by, reason: "test", nowMs } as const;
  return orderRecovery(record, order);
}

function ended(record: TransferRecord, outcome: "refused" | "reverted" | "expired" | "included") {
  const recoveries = record.recoveries.map((one) => ({ ...one, outcome }));
  return { ...record, recoveries };
}

describe("what would help", () => {
  const DUE = {
    "dvn-quorum-reached": "commit-verification",
    "verified-executable": "retry-receive",
    "failed-retryable": "retry-receive",
  } as Readonly<Record<string, string>>;
  test.each(TRANSFER_STATES)("in state %s", (state) => {
    const record = aTransferRecord({ state });
    const judged = judgeTransfer(record, POLICY, START_MS + 60_000);
    expect(judged.due).toBe(DUE[state] ?? null);
    expect(judged.isStuck).toBe(state !== "delivered");
    expect(judgeTransfer(record, POLICY, START_MS + 9_999)).toMatchObject({
      due: null,
      isStuck: false,
    });
  });

  test("nothing, once it is closed", () => {
    const record = aTransferRecord({ state: "failed-retryable", isClosed: true });
    const judged = judgeTransfer(record, POLICY, START_MS + 1e9);
    expect(judged).toMatchObject({ due: null, isStuck: false });
  });
});

describe("calls are ordered", () => {
  const failed = aTransferRecord({ state: "failed-retryable" });
  const due = (record: TransferRecord, afterMs: number) =>
    judgeTransfer(record, POLICY, START_MS + afterMs).due;

  test("not while one is under way, and each time twice as late", () => {
    const once = ordered(failed, START_MS + 10_000);
    expect(due(once, 100_000)).toBeNull();
    const refused = ended(once, "refused");
    expect(due(refused, 10_000 + 19_999)).toBeNull();
    expect(due(refused, 10_000 + 20_000)).toBe("retry-receive");
  });

  test("as early as the first again once the message has moved on, yet no oftener in all", () => {
    const committed = orderRecovery(aTransferRecord({ state: "dvn-quorum-reached" }), {
      kind: "commit-verification",
      orderedBy: "policy",
      reason: "test",
      nowMs: START_MS + 10_000,
    });
    const once = ended({ ...committed, state: "verified-executable" }, "included");
    const moved = { ...once, progressAtMs: START_MS + 30_000 };
    expect(due(moved, 30_000 + 9_999)).toBeNull();
    expect(due(moved, 30_000 + 10_000)).toBe("retry-receive");
    const twice = ended(ordered(moved, START_MS + 40_000), "reverted");
    expect(due({ ...twice, progressAtMs: START_MS + 50_000 }, 1e8)).toBeNull();
  });

  test("as often as the policy allows, an operator's not counted", () => {
    const twice = ended(ordered(ended(ordered(failed, START_MS), "refused"), START_MS), "reverted");
    expect(due(twice, 1e8)).toBeNull();
    const byHand = ended(
      ordered(ended(ordered(failed, START_MS, "operator"), "refused"), START_MS),
      "expired",
    );
    expect(due(byHand, 1e8)).toBe("retry-receive");
  });

  test("beyond that as long as they are refused, which costs nothing, and each time twice as late", () => {
    let record = failed;
    let lastMs = 0;
    for (let times = 0; times < 6; times += 1) {
      const waitMs = 10_000 * 2 ** times;
      expect(due(record, lastMs + waitMs - 1)).toBeNull();
      expect(due(record, lastMs + waitMs)).toBe("retry-receive");
      lastMs += waitMs;
      record = ended(ordered(record, START_MS + lastMs), "refused");
    }
    const never = judgeTransfer(failed, { ...POLICY, recoveriesMax: 0 }, START_MS + 1e8);
    expect(never.due).toBeNull();
  });

  test("at once for the next step when the one before was of another kind", () => {
    const committed = orderRecovery(aTransferRecord({ state: "dvn-quorum-reached" }), {
      kind: "commit-verification",
      orderedBy: "operator",
      reason: "test",
      nowMs: START_MS,
    });
    const included = ended({ ...committed, state: "verified-executable" }, "included");
    expect(isUnderWay(included, START_MS + 1)).toBe(false);
    expect(isUnderWay({ ...included, state: "dvn-quorum-reached" }, START_MS + 1)).toBe(true);
  });

  test("anew after its deadline, when nothing was heard of it", () => {
    const silent = ordered(failed, START_MS);
    expect(isUnderWay(silent, START_MS + 120_000)).toBe(true);
    expect(isUnderWay(silent, START_MS + 120_001)).toBe(false);
  });
});

test("a recovery is the wire's, with an id that follows from message, kind and attempt", () => {
  const record = ordered(ordered(aTransferRecord(), START_MS), START_MS);
  const [first, second] = record.recoveries;
  if (first === undefined || second === undefined) throw new Error("two recoveries expected");
  const job = recoveryJobSchema.parse(recoveryJobOf(record, second));
  expect(job).toMatchObject({ shard: "ethereum", attempt: 2, kind: "retry-receive" });
  expect(job.recoveryId).toBe(recoveryIdOf(job));
  expect(first.recoveryId).not.toBe(second.recoveryId);
  expect(recoveryJobOf({ ...record, target: null }, second)).toBeUndefined();
});
