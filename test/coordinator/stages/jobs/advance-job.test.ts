import { describe, expect, test } from "vitest";
import {
  isInFlight,
  isUnresolvedJob,
  JOB_KINDS,
  JOB_STATES,
  type JobRecord,
  type JobState,
} from "#coordinator/records/jobs/job-record.ts";
import { advanceJob, type JobEvent } from "#coordinator/stages/jobs/advance-job.ts";
import { FatalError } from "#shared/errors.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";
import { aJobRecord, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";

const CONSUMPTION = {
  blockNumber: 130,
  blockTimestampMs: NOW_MS + 1000,
  amountInRaw: "1",
  amountOutRaw: "2",
  isFinal: false,
};
const DELIVERY = { blockNumber: 140, isFinal: false };
const RECEIPT: JobReceipt = {
  version: JOB_RECEIPT_VERSION,
  shard: "base",
  agent: "base-1",
  seq: 10,
  jobId: hash32("0b"),
  outcome: "broadcast",
  reason: null,
  detail: "",
  transactionHash: hash32("77"),
  blockNumber: null,
  blockTimestampMs: null,
  amountInRaw: "0",
  amountOutRaw: "0",
  guid: null,
  gasCostWei: "0",
  nativeFeeWei: "0",
  atMs: NOW_MS,
};

const EVENTS = {
  sent: { type: "sent" },
  broadcast: { type: "receipt", receipt: RECEIPT },
  included: {
    type: "receipt",
    receipt: { ...RECEIPT, outcome: "included", blockNumber: 130, blockTimestampMs: NOW_MS + 1000 },
  },
  consumed: { type: "consumed", consumption: CONSUMPTION, guid: hash32("61") },
  proved: { type: "proved", consumption: { ...CONSUMPTION, isFinal: true }, guid: null },
  delivered: { type: "delivered", delivery: DELIVERY },
  "consumption-lost": { type: "consumption-lost" },
  "delivery-lost": { type: "delivery-lost" },
  "book-lost": { type: "book-lost" },
  "not-consumed": { type: "not-consumed" },
  superseded: { type: "superseded" },
} as const satisfies Record<string, JobEvent>;

type EventName = keyof typeof EVENTS;
const ORDER: readonly EventName[] = [
  "sent",
  "broadcast",
  "included",
  "consumed",
  "proved",
  "delivered",
  "consumption-lost",
  "delivery-lost",
  "book-lost",
  "not-consumed",
  "superseded",
];

/** One row per state, one column per event in the order above; `!` is a contradiction, `.` no change. */
const TRANSFER_TABLE: Readonly<Record<JobState, string>> = {
  recorded: "sent sent included in-transit included . . . . expired superseded",
  sent: ". . included in-transit included . . . . expired superseded",
  included: ". . . in-transit . . . . . expired superseded",
  "in-transit": ". . . . . settled sent . included ! !",
  settled: ". . . . . . sent in-transit included ! !",
  expired: ". . . ! ! ! . . . . !",
  "refused-expired": ". . . ! ! ! . . . . !",
  superseded: ". . . ! ! ! . . . . .",
};

const CELLS = JOB_STATES.flatMap((state) => {
  const cells = TRANSFER_TABLE[state].split(" ");
  return ORDER.map((event, index) => ({ state, event, expected: cells[index] ?? "" }));
});

function aTransfer(state: JobState): JobRecord {
  return aJobRecord({
    kind: "transfer",
    target: "ethereum",
    underlying: null,
    expectedDeltaUnits: 0,
    state,
  });
}

describe("a transfer", () => {
  test.each(CELLS)("$state, $event: $expected", ({ state, event, expected }) => {
    const advance = () => advanceJob(aTransfer(state), EVENTS[event], NOW_MS).state;
    if (expected === "!") {
      expect(advance).toThrow(FatalError);
      expect(advance).toThrow("job-transition");
    } else expect(advance()).toBe(expected === "." ? state : expected);
  });
});

describe.each(JOB_KINDS.filter((kind) => kind !== "transfer"))("a %s", (kind) => {
  test("is settled when its shard's book shows it, and resolved when that block is final", () => {
    const job = advanceJob(aJobRecord({ kind }), EVENTS.consumed, NOW_MS);
    expect(job.state).toBe("settled");
    expect([isInFlight(job), isUnresolvedJob(job)]).toEqual([false, true]);
    const consumption = { ...CONSUMPTION, isFinal: true };
    expect(isUnresolvedJob({ ...job, consumption })).toBe(false);
  });

  test("is dead when the chain says that it was never consumed", () => {
    expect(advanceJob(aJobRecord({ kind }), EVENTS["not-consumed"], NOW_MS).state).toBe("expired");
  });
});

describe("a swap", () => {
  test.each(["recorded", "sent", "included"] as const)(
    "%s is settled when its book shows it",
    (state) => {
      const job = advanceJob(aJobRecord({ state }), EVENTS.consumed, NOW_MS);
      expect(job).toMatchObject({ state: "settled", consumption: CONSUMPTION });
      expect(job.times).toMatchObject({
        settledAtMs: NOW_MS,
        includedBlockTimestampMs: NOW_MS + 1000,
      });
    },
  );

  test("comes back into flight when a reorg takes its block away", () => {
    const settled = advanceJob(aJobRecord(), EVENTS.consumed, NOW_MS);
    const back = advanceJob(settled, EVENTS["consumption-lost"], NOW_MS + 1);
    expect(back).toMatchObject({ state: "sent", consumption: null });
    expect(back.times).toMatchObject({ settledAtMs: null, includedBlockTimestampMs: null });
  });
});

test("a transfer whose delivery was seen first is settled as soon as it is seen to have left", () => {
  const seen = advanceJob(aTransfer("sent"), EVENTS.delivered, NOW_MS);
  expect(seen).toMatchObject({ state: "sent", delivery: DELIVERY });
  expect(advanceJob(seen, EVENTS.consumed, NOW_MS).state).toBe("settled");
});

describe("receipts are hints", () => {
  const refusal = {
    ...RECEIPT,
    seq: 11,
    outcome: "refused",
    reason: "report-stale",
    detail: "6000 ms",
  } as const;

  test("a refusal is kept and releases nothing; the chain's word then names it", () => {
    const refused = advanceJob(aJobRecord(), { type: "receipt", receipt: refusal }, NOW_MS);
    expect(refused).toMatchObject({
      state: "sent",
      refusal: { reason: "report-stale", detail: "6000 ms" },
    });
    expect(advanceJob(refused, EVENTS["not-consumed"], NOW_MS).state).toBe("refused-expired");
  });

  test("a replay that an agent refuses does not move a settled job", () => {
    const settled = advanceJob(aJobRecord(), EVENTS.consumed, NOW_MS);
    const replayed = { ...refusal, reason: "already-consumed" } as const;
    expect(advanceJob(settled, { type: "receipt", receipt: replayed }, NOW_MS).state).toBe(
      "settled",
    );
  });

  test.each(["reverted", "expired", "refused"] as const)(
    "who lost the race and %s neither replaces the winner's receipt nor counts as a refusal",
    (outcome) => {
      const reason = "already-consumed";
      const lost = { ...RECEIPT, agent: "base-2", seq: 900, outcome, reason, detail: "" } as const;
      const won = advanceJob(aJobRecord(), EVENTS.included, NOW_MS);
      expect(advanceJob(won, { type: "receipt", receipt: lost }, NOW_MS)).toEqual(won);
      const first = advanceJob(aJobRecord(), { type: "receipt", receipt: lost }, NOW_MS);
      expect(first).toMatchObject({ state: "sent", refusal: null });
      const both = advanceJob(first, EVENTS.included, NOW_MS);
      expect(both).toMatchObject({ state: "included", receipt: { agent: RECEIPT.agent } });
    },
  );

  test("an older receipt read again changes nothing", () => {
    const newer = advanceJob(aJobRecord(), { type: "receipt", receipt: refusal }, NOW_MS);
    expect(advanceJob(newer, EVENTS.broadcast, NOW_MS)).toEqual(newer);
  });

  test("one from the agent proves that a job was sent whose sending was never confirmed", () => {
    expect(advanceJob(aJobRecord({ state: "recorded" }), EVENTS.broadcast, NOW_MS).state).toBe(
      "sent",
    );
  });

  test("the guid it names is not believed: only the chain says which message a transfer became", () => {
    const hinted = advanceJob(
      aTransfer("sent"),
      { type: "receipt", receipt: { ...RECEIPT, guid: hash32("62") } },
      NOW_MS,
    );
    expect(hinted).toMatchObject({ guid: null, receipt: { guid: hash32("62") } });
    expect(advanceJob(hinted, EVENTS.consumed, NOW_MS).guid).toBe(hash32("61"));
  });
});

test("the first sending counts, a second one does not change its time", () => {
  const first = advanceJob(
    aJobRecord({ state: "recorded", times: { ...aJobRecord().times, sentAtMs: null } }),
    EVENTS.sent,
    NOW_MS,
  );
  expect(first.times.sentAtMs).toBe(NOW_MS);
  expect(advanceJob(first, EVENTS.sent, NOW_MS + 500).times.sentAtMs).toBe(NOW_MS);
});
