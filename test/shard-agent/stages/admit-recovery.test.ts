import { describe, expect, test } from "vitest";
import type { RecoveryProofs } from "#shard-agent/records/recovery-proofs.ts";
import {
  ATTEMPTS_MAX,
  admitRecovery,
  authenticateRecovery,
  type RecoveryConditions,
} from "#shard-agent/stages/admit-recovery.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";
import { TRANSFER_STATES } from "#shared/wire/transfer-line.ts";
import { aRecoveryJob } from "#test/support/agent/recovery-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const JOB = aRecoveryJob();
const PROOFS: RecoveryProofs = {
  recoveryId: JOB.recoveryId,
  guid: JOB.guid,
  payloadHash: JOB.payloadHash,
  recipient: hash32("01"),
  ownToken: JOB.receiver,
  ownVault: hash32("01"),
};

describe("who asks does not matter, what is asked does:", () => {
  const cases: readonly [string, Partial<RecoveryJob>, Partial<RecoveryProofs>, string][] = [
    ["another shard", { shard: "arbitrum" }, {}, "wrong-shard"],
    ["another receiver", { receiver: address20("99") }, {}, "venue-not-allowed"],
    ["somebody else's money", {}, { recipient: hash32("99") }, "venue-not-allowed"],
    ["no plain token message", {}, { recipient: null }, "venue-not-allowed"],
    ["a guid of another path", {}, { guid: hash32("99") }, "params-mismatch"],
    ["another payload hash", {}, { payloadHash: hash32("99") }, "params-mismatch"],
    ["an id of its own making", {}, { recoveryId: hash32("99") }, "job-id-mismatch"],
  ];
  test.each(cases)("%s is refused", (_what, job, proofs, reason) => {
    const outcome = authenticateRecovery(
      { ...JOB, ...job },
      { ...PROOFS, ...proofs },
      { shard: "base" },
    );
    expect(outcome).toMatchObject({ admitted: false, reason });
  });

  test("a message to this vault is admitted", () => {
    expect(authenticateRecovery(JOB, PROOFS, { shard: "base" }).admitted).toBe(true);
  });
});

const NOW: RecoveryConditions = {
  disagreement: null,
  nowMs: 1_790_000_000_000,
  state: "failed-retryable",
  attempts: 0,
  isOneUnderWay: false,
  senderBalanceWei: 100n,
};
const SCOPE = { gasFloorWei: "100" };

describe("whether it may be sent now", () => {
  const PERMITTED = {
    "retry-receive": ["verified-executable", "failed-retryable"],
    "commit-verification": ["dvn-quorum-reached"],
  } as const;
  test.each(TRANSFER_STATES)("only a call that has its effect, in state %s", (state) => {
    for (const kind of ["retry-receive", "commit-verification"] as const) {
      const outcome = admitRecovery({ ...JOB, kind }, { ...NOW, state }, SCOPE);
      const isPermitted = (PERMITTED[kind] as readonly string[]).includes(state);
      expect(outcome.admitted).toBe(isPermitted);
      if (!outcome.admitted) expect(outcome.reason).toBe("nothing-to-recover");
    }
  });

  const cases: readonly [string, Partial<RecoveryConditions>, string][] = [
    ["RPCs contradict each other", { disagreement: "eth_call: b" }, "rpc-disagreement"],
    ["its deadline is past", { nowMs: 1_790_000_120_001 }, "expired"],
    ["its deadline is too far ahead", { nowMs: 1_789_999_519_000 }, "malformed"],
    ["too many attempts", { attempts: ATTEMPTS_MAX }, "recovery-exhausted"],
    ["another one is under way", { isOneUnderWay: true }, "nothing-to-recover"],
    ["the message cannot be looked at", { state: null }, "nothing-to-recover"],
    ["the sender runs low", { senderBalanceWei: 99n }, "gas-below-floor"],
  ];
  test.each(cases)("not when %s", (_what, change, reason) => {
    expect(admitRecovery(JOB, { ...NOW, ...change }, SCOPE)).toMatchObject({ reason });
  });
});
