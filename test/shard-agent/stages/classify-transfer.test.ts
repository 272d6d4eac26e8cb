import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DeliveryAlert,
  NILIFIED_HASH,
  type TransferEvidence,
} from "#shard-agent/records/transfer-evidence.ts";
import { classifyTransfer } from "#shard-agent/stages/classify-transfer.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";

const EXECUTOR = address20("ee");
const PAYLOAD = hash32("aa");
const NONE = { requiredDone: 0, required: 2, optionalDone: 0, optionalThreshold: 0 };
const ALL = { ...NONE, requiredDone: 2 };
const ALERT: DeliveryAlert = {
  blockNumber: 90,
  executor: EXECUTOR,
  payloadHash: PAYLOAD,
  reason: "0x",
};

/** Sent, nothing attested: nonce 7 on a path whose first six messages arrived. */
const SENT: TransferEvidence = {
  expected: {
    guid: hash32("01"),
    srcEid: 30101,
    sender: hash32("5e"),
    nonce: "7",
    payloadHash: PAYLOAD,
  },
  guid: hash32("01"),
  delivered: null,
  burntInBlock: null,
  skippedInBlock: null,
  committedHash: null,
  inboundNonce: 6n,
  lazyInboundNonce: 6n,
  alerts: [],
  isInitializable: true,
  attestations: NONE,
};
const COMMITTED = { committedHash: PAYLOAD, inboundNonce: 7n, attestations: null } as const;

describe("how far a message has come, step by step", () => {
  const steps: readonly [string, Partial<TransferEvidence>, string][] = [
    ["its path gives another id", { guid: hash32("02") }, "unknown"],
    ["no DVN has attested", {}, "sent"],
    ["one of two DVNs has", { attestations: { ...NONE, requiredDone: 1 } }, "sent"],
    ["both have", { attestations: ALL }, "dvn-quorum-reached"],
    [
      "the optional ones are too few",
      { attestations: { ...ALL, optionalDone: 1, optionalThreshold: 2 } },
      "sent",
    ],
    [
      "the receiver has no peer",
      { attestations: ALL, isInitializable: false },
      "path-not-initializable",
    ],
    ["committed after a gap", { ...COMMITTED, inboundNonce: 5n }, "blocked-by-prior-nonce"],
    ["committed in order", COMMITTED, "verified-executable"],
    ["its delivery failed", { ...COMMITTED, alerts: [ALERT] }, "failed-retryable"],
    [
      "another payload was committed",
      { ...COMMITTED, committedHash: hash32("bb") },
      "wrong-payload",
    ],
    ["its payload was nilified", { ...COMMITTED, committedHash: NILIFIED_HASH }, "nilified"],
    ["its nonce was skipped", { skippedInBlock: 91, lazyInboundNonce: 7n }, "skipped"],
    ["it was burnt", { burntInBlock: 92, lazyInboundNonce: 8n }, "burnt"],
    [
      "it was taken out without the token telling",
      { delivered: { blockNumber: 93, isCredited: false }, lazyInboundNonce: 7n },
      "cleared-or-silent",
    ],
    ["it is gone and no event says how", { lazyInboundNonce: 7n }, "cleared-or-silent"],
    [
      "it was delivered",
      { delivered: { blockNumber: 94, isCredited: true }, lazyInboundNonce: 7n },
      "delivered",
    ],
  ];
  test.each(steps)("%s", (_what, change, state) => {
    expect(classifyTransfer({ ...SENT, ...change }, EXECUTOR).state).toBe(state);
  });
});

describe("what is reported beside the state", () => {
  test("who has attested, until it is committed", () => {
    expect(classifyTransfer(SENT, EXECUTOR).attestations).toEqual(NONE);
    expect(classifyTransfer({ ...SENT, ...COMMITTED }, EXECUTOR).attestations).toBeNull();
  });

  test("the newest alert, and the block that ended it", () => {
    const later = { ...ALERT, blockNumber: 95, reason: "0xdead" } as const;
    const failed = classifyTransfer({ ...SENT, ...COMMITTED, alerts: [ALERT, later] }, EXECUTOR);
    expect(failed.alert).toEqual({ blockNumber: 95, reason: "0xdead" });
    expect(classifyTransfer({ ...SENT, burntInBlock: 92 }, EXECUTOR).endedInBlock).toBe(92);
  });
});

describe("a forged alert", () => {
  const forged: readonly [string, Partial<DeliveryAlert>][] = [
    ["by a stranger", { executor: address20("66") }],
    ["about another payload", { payloadHash: hash32("cc") }],
  ];
  test.each(forged)("%s is passed over", (_what, change) => {
    const alerts = [{ ...ALERT, ...change }];
    expect(classifyTransfer({ ...SENT, ...COMMITTED, alerts }, EXECUTOR).state).toBe(
      "verified-executable",
    );
  });

  test("of a message that is not committed changes nothing", () => {
    expect(classifyTransfer({ ...SENT, alerts: [ALERT] }, EXECUTOR).state).toBe("sent");
  });
});

test("nothing but the token's own word is ever called delivered", () => {
  const block = fc.option(fc.integer({ min: 1, max: 1000 }), { nil: null });
  const evidence = fc.record({
    burntInBlock: block,
    skippedInBlock: block,
    committedHash: fc.constantFrom(null, PAYLOAD, NILIFIED_HASH, hash32("bb")),
    inboundNonce: fc.bigInt(0n, 20n),
    lazyInboundNonce: fc.bigInt(0n, 20n),
    alerts: fc.constantFrom([], [ALERT]),
    isInitializable: fc.boolean(),
    attestations: fc.constantFrom(null, NONE, ALL),
    delivered: fc.constantFrom(null, { blockNumber: 9, isCredited: false }),
  });
  fc.assert(
    fc.property(evidence, (change) => {
      const { state } = classifyTransfer({ ...SENT, ...change }, EXECUTOR);
      expect(state).not.toBe("delivered");
      const credited = { ...SENT, ...change, delivered: { blockNumber: 9, isCredited: true } };
      expect(classifyTransfer(credited, EXECUTOR).state).toBe("delivered");
    }),
  );
});
