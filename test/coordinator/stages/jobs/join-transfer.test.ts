import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  noteArrival,
  noteCredit,
  noteMissing,
  noteSent,
} from "#coordinator/stages/jobs/join-transfer.ts";
import { TRANSFER_STATES } from "#shared/wire/transfer-line.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import {
  anArrivalLine,
  aSentLine,
  aTransferRecord,
} from "#test/support/coordinator/transfer-record.ts";

const NOW_MS = 1_790_000_005_000;
const AT_SOURCE = {
  shard: "base",
  blockNumber: 120,
  finalizedNumber: 112,
  finalNumber: 112,
  nowMs: NOW_MS,
};
const AT_TARGET = {
  shard: "ethereum",
  blockNumber: 50,
  finalizedNumber: 42,
  finalNumber: 42,
  nowMs: NOW_MS,
};

describe("what the source tells", () => {
  test("makes a record, which is final once its block is", () => {
    const first = noteSent(undefined, aSentLine(), "ethereum", AT_SOURCE);
    expect(first).toEqual(aTransferRecord({ progressAtMs: NOW_MS }));
    const later = noteSent(first, aSentLine(), "ethereum", {
      ...AT_SOURCE,
      finalizedNumber: 117,
      finalNumber: 117,
    });
    expect(later.sentBlock.isFinal).toBe(true);
  });

  test("changes nothing that the target has seen", () => {
    const known = aTransferRecord({ state: "failed-retryable", observedBlock: 49 });
    expect(noteSent(known, aSentLine(), "ethereum", AT_SOURCE)).toEqual(known);
  });

  test("is another message when the same guid carries another payload", () => {
    const known = aTransferRecord({ state: "failed-retryable", observedBlock: 49 });
    const line = aSentLine({ payloadHash: hash32("bb"), message: "0x01" });
    const anew = noteSent(known, line, "ethereum", AT_SOURCE);
    expect(anew).toMatchObject({ payloadHash: hash32("bb"), state: "sent", observedBlock: null });
  });
});

describe("a message that its source does not list any more", () => {
  test("is unknown, and sent again when it comes back", () => {
    const gone = noteMissing(aTransferRecord(), AT_SOURCE, undefined);
    expect(gone.state).toBe("unknown");
    expect(noteSent(gone, aSentLine(), "ethereum", AT_SOURCE).state).toBe("sent");
  });

  test("is closed once the reports would not list it anyhow", () => {
    const gone = noteMissing(aTransferRecord(), AT_SOURCE, undefined);
    const later = { ...AT_SOURCE, blockNumber: 300, finalizedNumber: 292, finalNumber: 292 };
    expect(noteMissing(gone, later, undefined).isClosed).toBe(true);
  });

  test("is closed although its target goes on looking for it, and sees nothing", () => {
    const gone = noteMissing(aTransferRecord(), AT_SOURCE, undefined);
    const looked = noteArrival(gone, anArrivalLine({ state: "sent" }), AT_TARGET);
    expect(looked.state).toBe("unknown");
    expect(noteSent(looked, aSentLine(), "ethereum", AT_SOURCE).state).toBe("sent");
    const later = { ...AT_SOURCE, blockNumber: 300, finalizedNumber: 292 };
    expect(noteMissing(looked, later, undefined).isClosed).toBe(true);
  });

  test.each([
    [
      "its block is final",
      { sentBlock: { number: 117, timestampMs: 0, isFinal: true } },
      AT_SOURCE,
    ],
    ["the report is of an older block", {}, { ...AT_SOURCE, blockNumber: 116 }],
    [
      "reports have moved past it",
      {},
      { ...AT_SOURCE, blockNumber: 300, finalizedNumber: 292, finalNumber: 292 },
    ],
  ])("is kept as it was when %s", (_what, change, at) => {
    const known = aTransferRecord(change);
    expect(noteMissing(known, at, undefined)).toEqual(known);
  });
});

describe("a message that was missed for longer than reports list", () => {
  const later = { ...AT_SOURCE, blockNumber: 300, finalizedNumber: 292, finalNumber: 292 };
  const consumption = {
    blockNumber: 117,
    blockTimestampMs: null,
    amountInRaw: "5000",
    amountOutRaw: "0",
    isFinal: true,
  };
  const { guid } = aTransferRecord();

  test.each([
    ["expired", { state: "expired", guid, consumption: null }],
    ["was refused and expired", { state: "refused-expired", guid, consumption: null }],
    ["was superseded", { state: "superseded", guid, consumption: null }],
    ["sent another one", { state: "in-transit", guid: hash32("0d"), consumption }],
  ] as const)("is closed when its job %s", (_what, job) => {
    const gone = noteMissing(aTransferRecord({ observedBlock: 49 }), later, job);
    expect(gone).toMatchObject({ state: "unknown", isClosed: true, observedBlock: null });
  });

  test.each([
    ["may still take effect", { state: "sent", guid, consumption: null }],
    ["has taken effect", { state: "in-transit", guid, consumption }],
    [
      "took effect in a block that is not final",
      { state: "in-transit", guid: hash32("0d"), consumption: { ...consumption, isFinal: false } },
    ],
  ] as const)("is followed when its job %s", (_what, job) => {
    expect(noteMissing(aTransferRecord(), later, job)).toEqual(aTransferRecord());
  });

  test("is followed when its target has seen something of it", () => {
    const job = { state: "expired", guid, consumption: null } as const;
    const seen = aTransferRecord({ state: "dvn-quorum-reached", observedBlock: 49 });
    expect(noteMissing(seen, later, job)).toEqual(seen);
    const attestations = { requiredDone: 1, required: 2, optionalDone: 0, optionalThreshold: 0 };
    expect(noteMissing(aTransferRecord({ attestations }), later, job).isClosed).toBe(false);
  });

  test("is followed anew when the same message leaves after all", () => {
    const gone = noteMissing(aTransferRecord(), AT_SOURCE, undefined);
    const closed = noteMissing(gone, later, undefined);
    const line = aSentLine({ jobId: hash32("2b"), blockNumber: 301 });
    const back = noteSent(closed, line, "ethereum", { ...later, blockNumber: 301 });
    expect(back).toMatchObject({ state: "sent", isClosed: false, jobId: hash32("2b") });
  });
});

describe("what the target tells", () => {
  test("is taken over, and only a change is progress", () => {
    const line = anArrivalLine({ state: "dvn-quorum-reached" });
    const first = noteArrival(aTransferRecord(), line, AT_TARGET);
    expect(first).toMatchObject({ state: "dvn-quorum-reached", progressAtMs: NOW_MS });
    const again = noteArrival(first, line, { ...AT_TARGET, blockNumber: 51, nowMs: NOW_MS + 9 });
    expect(again).toMatchObject({ progressAtMs: NOW_MS, observedBlock: 51 });
  });

  test("another attestation is progress", () => {
    const attestations = { requiredDone: 1, required: 2, optionalDone: 0, optionalThreshold: 0 };
    const next = noteArrival(aTransferRecord(), anArrivalLine({ attestations }), AT_TARGET);
    expect(next.progressAtMs).toBe(NOW_MS);
  });

  test.each([
    ["another shard", {}, {}, { shard: "base" }],
    ["another payload", { payloadHash: hash32("bb") }, {}, {}],
    ["an older block than was seen", {}, { observedBlock: 51 }, {}],
    ["a record that is closed", {}, { isClosed: true }, {}],
  ])("changes nothing when it is of %s", (_what, line, change, at) => {
    const known = aTransferRecord(change);
    const arrival = anArrivalLine({ state: "delivered", endedInBlock: 40, ...line });
    expect(noteArrival(known, arrival, { ...AT_TARGET, ...at })).toEqual(known);
  });

  test("a delivery closes the record in a final block, and comes back after a reorganisation before", () => {
    const line = anArrivalLine({ state: "delivered", endedInBlock: 45 });
    const seen = noteArrival(aTransferRecord(), line, AT_TARGET);
    expect(seen).toMatchObject({ state: "delivered", isClosed: false });
    const back = noteArrival(seen, anArrivalLine({ state: "verified-executable" }), {
      ...AT_TARGET,
      blockNumber: 51,
    });
    expect(back.state).toBe("verified-executable");
    expect(
      noteArrival(seen, line, { ...AT_TARGET, finalizedNumber: 45, finalNumber: 45 }).isClosed,
    ).toBe(true);
  });

  test("a credit in its book is delivery, also without a tracker", () => {
    expect(noteCredit(aTransferRecord(), 40, AT_TARGET)).toMatchObject({
      state: "delivered",
      isClosed: true,
    });
    expect(noteCredit(aTransferRecord(), 40, AT_SOURCE).state).toBe("sent");
  });
});

test("nothing but a final delivery ever closes what has left for good", () => {
  const acknowledged = fc.constantFrom(null, { reason: "seen", atMs: 1 });
  fc.assert(
    fc.property(
      fc.constantFrom(...TRANSFER_STATES),
      fc.option(fc.integer({ min: 1, max: 60 }), { nil: null }),
      acknowledged,
      (state, endedInBlock, seen) => {
        const known = aTransferRecord({ acknowledged: seen });
        const next = noteArrival(known, anArrivalLine({ state, endedInBlock }), AT_TARGET);
        const isFinal = endedInBlock !== null && endedInBlock <= AT_TARGET.finalizedNumber;
        expect(next.isClosed).toBe(isFinal && state === "delivered");
      },
    ),
  );
});
