import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { roundWaitMs } from "#coordinator/cycles/messages/await-round.ts";
import { ingestReceipts } from "#coordinator/cycles/messages/ingest-receipts.ts";
import { ingestReports } from "#coordinator/cycles/messages/ingest-reports.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { StreamMessage } from "#coordinator/ports/stream-inbox.ts";
import { orderRecovery } from "#coordinator/stages/jobs/issue-recovery.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";
import { encodeMessage } from "#shared/wire/msgpack/msgpack-codec.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import { publicKeyHex, reporterPrivateKey, signBytes } from "#shared/wire/signed-bytes.ts";
import {
  aJobRecord,
  anEntry,
  aShardSetup,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { freshJournal, freshState } from "#test/support/coordinator/fresh-coordinator.ts";
import { aConsumedJob, hash32 } from "#test/support/coordinator/shard-report.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const KEY = reporterPrivateKey("11".repeat(32));
const GOOD = anEntry({ shard: "base" }).report;

let state: CoordinatorState;
let journal: Journal;
let log: ReturnType<typeof memoryLog>;

beforeEach(() => {
  const agents = (shard: string) => [{ id: `${shard}-1`, reporterPublicKey: publicKeyHex(KEY) }];
  const setups = new Map(
    (["ethereum", "base"] as const).map((shard) => [
      shard,
      aShardSetup(shard, { agents: agents(shard) }),
    ]),
  );
  state = freshState(setups);
  const final = { number: 1_000_000, hash: hash32("f1"), timestampMs: NOW_MS };
  for (const shard of setups.keys()) state.finals.set(shard, final);
  journal = freshJournal();
  log = memoryLog();
});

function message(
  content: ShardReport | JobReceipt,
  changes: Partial<StreamMessage> = {},
): StreamMessage {
  const body = encodeMessage(content);
  return {
    shard: content.shard,
    agent: content.agent,
    entryId: `${content.seq}-0`,
    body,
    signature: signBytes(body, KEY),
    ...changes,
  };
}

function ports(messages: readonly StreamMessage[]) {
  return { inbox: { next: async () => messages }, journal, clock: { nowMs: () => NOW_MS }, log };
}

test("a batch of bad messages is refused one by one, and the good ones in between count", async () => {
  const second = { ...GOOD, seq: GOOD.seq + 2 };
  const batch = [
    { ...message(GOOD), body: Buffer.from("garbage") },
    message(GOOD),
    message(GOOD),
    { ...message({ ...GOOD, seq: GOOD.seq + 1 }), signature: Buffer.alloc(64) },
    message(second),
    message({ ...GOOD, seq: NOW_MS + 999_999 }),
  ];
  expect(await ingestReports(state, ports(batch))).toEqual(new Set(["base"]));
  expect(state.books.get("base")?.report).toEqual(second);
  const count = state.reports.get("base");
  expect(count?.accepted).toBe(2);
  expect(Object.fromEntries(count?.refused ?? [])).toEqual({
    forged: 2,
    "duplicate-or-out-of-order": 1,
    "sequence-ahead": 1,
  });
  expect(journal.messages.refused(10).map((one) => one.reason)).toEqual([
    "sequence-ahead",
    "forged",
    "duplicate-or-out-of-order",
    "forged",
  ]);
  expect(journal.messages.lastEntries().map((entry) => entry.report.seq)).toEqual([second.seq]);
  expect(log.lines.filter((line) => line.message === "report refused")).toHaveLength(4);
});

test("an empty batch changes nothing", async () => {
  expect(await ingestReports(state, ports([]))).toEqual(new Set());
  expect(journal.messages.refused(10)).toEqual([]);
});

test("reports that could not be journalled do not count", async () => {
  const broken = {
    ...journal,
    messages: {
      ...journal.messages,
      keep: () => {
        throw new Error("disk full");
      },
    },
  };
  await expect(
    ingestReports(state, { ...ports([message(GOOD)]), journal: broken }),
  ).rejects.toThrow("disk full");
  expect(state.books.size).toBe(0);
  expect(state.lastSeqs.size).toBe(0);
});

test("an accepted report that lists a job releases it, in memory and in the journal", async () => {
  const job = aJobRecord();
  journal.jobs.update(job, "recorded", NOW_MS);
  state.jobs.set(job.jobId, job);
  const line = aConsumedJob({ jobId: job.jobId, blockNumber: 100 });
  await ingestReports(state, ports([message({ ...GOOD, consumedJobs: [line] })]));
  expect(journal.jobs.find(job.jobId)).toMatchObject({
    state: "settled",
    consumption: { blockNumber: 100, isFinal: true },
  });
  expect(state.jobs.size).toBe(0);
});

test("a job the chain proved dead that is listed after all halts everything", async () => {
  const job = aJobRecord({ state: "expired" });
  state.jobs.set(job.jobId, job);
  const line = aConsumedJob({ jobId: job.jobId, blockNumber: 119 });
  await ingestReports(state, ports([message({ ...GOOD, consumedJobs: [line] })]));
  expect(state.brokenInvariant).toContain("consumed while expired cannot be");
  expect(log.lines.at(-1)).toMatchObject({
    level: "error",
    message: "an invariant is broken; halted",
  });
});

describe("a pass waits for the round", () => {
  test("until every shard that is not stale has reported, but not long", () => {
    state.books.set("base", anEntry({ shard: "base" }));
    state.books.set("ethereum", anEntry({ shard: "ethereum" }));
    expect(roundWaitMs(state, new Set(["base"]), NOW_MS)).toBe(200);
    expect(roundWaitMs(state, new Set(["base", "ethereum"]), NOW_MS)).toBe(0);
  });

  test("not for a shard that is stale", () => {
    state.books.set("base", anEntry({ shard: "base" }));
    state.books.set("ethereum", anEntry({ shard: "ethereum", ageMs: 5001 }));
    expect(roundWaitMs(state, new Set(["base"]), NOW_MS)).toBe(0);
  });
});

describe("receipts", () => {
  const RECEIPT: JobReceipt = {
    version: JOB_RECEIPT_VERSION,
    shard: "base",
    agent: "base-1",
    seq: 10,
    jobId: aJobRecord().jobId,
    outcome: "included",
    reason: null,
    detail: "",
    transactionHash: hash32("77"),
    blockNumber: 121,
    blockTimestampMs: NOW_MS + 500,
    amountInRaw: "5",
    amountOutRaw: "6",
    guid: null,
    gasCostWei: "9",
    nativeFeeWei: "0",
    atMs: NOW_MS + 600,
  };

  test("tell how far a job is and never release it", async () => {
    const job = aJobRecord();
    state.jobs.set(job.jobId, job);
    await ingestReceipts(state, ports([message(RECEIPT)]));
    expect(state.jobs.get(job.jobId)).toMatchObject({ state: "included", receipt: RECEIPT });
    expect(Object.fromEntries(state.receipts)).toEqual({ included: 1 });
  });

  test("of lost races are counted by agent with what they cost, each job once however often it is told of", async () => {
    const jobs = [RECEIPT.jobId, hash32("a1"), hash32("a2"), hash32("a3")] as const;
    for (const jobId of jobs) state.jobs.set(jobId, aJobRecord({ jobId }));
    const lost = { ...RECEIPT, reason: "already-consumed", gasCostWei: "40000" } as const;
    await ingestReceipts(
      state,
      ports([
        message({ ...lost, seq: 11, outcome: "reverted" }),
        message({ ...lost, seq: 12, jobId: jobs[1], outcome: "expired", gasCostWei: "21000" }),
        message({ ...lost, seq: 13, jobId: jobs[2], outcome: "refused", gasCostWei: "0" }),
        message({ ...RECEIPT, seq: 14, jobId: jobs[3], outcome: "reverted", gasCostWei: "70000" }),
        message({ ...lost, seq: 15, outcome: "reverted" }),
      ]),
    );
    expect(state.lostRaces.get("base-1")).toMatchObject({ count: 2, gasCostWei: 61_000n });
  });

  test("of a job that left memory long ago find it in the journal", async () => {
    journal.jobs.update(aJobRecord({ state: "expired" }), "not-consumed", NOW_MS);
    await ingestReceipts(state, ports([message({ ...RECEIPT, outcome: "expired" })]));
    expect(journal.jobs.find(RECEIPT.jobId)).toMatchObject({
      state: "expired",
      receipt: { outcome: "expired" },
    });
  });

  test("of a recovery find it after its message has arrived and nothing follows it any more", async () => {
    const nowMs = NOW_MS;
    const reason = "no progress";
    const record = aTransferRecord({ state: "delivered", isClosed: true });
    const order = { kind: "retry-receive", orderedBy: "policy", reason, nowMs } as const;
    const ordered = orderRecovery(record, order);
    journal.transfers.update(ordered);
    journal.transfers.update({ ...aTransferRecord(), guid: hash32("77") });
    const jobId = ordered.recoveries[0]?.recoveryId ?? "0x";
    const place = { shard: "ethereum", agent: "ethereum-1", jobId } as const;
    const lost = { ...RECEIPT, ...place, outcome: "reverted", gasCostWei: "30136" } as const;
    await ingestReceipts(state, ports([message(lost)]));
    expect(journal.messages.refused(1)).toEqual([]);
    expect(journal.transfers.find(record.guid)).toMatchObject({
      isClosed: true,
      recoveries: [{ recoveryId: jobId, outcome: "reverted", gasCostWei: "30136" }],
    });
    expect(state.transfers.size).toBe(0);
  });

  test.each([
    {
      name: "of no job we know",
      sent: () => message({ ...RECEIPT, jobId: hash32("99") }),
      reason: "unknown-job",
    },
    {
      name: "of another shard's job",
      sent: () => message({ ...RECEIPT, shard: "ethereum", agent: "ethereum-1" }),
      reason: "wrong-shard",
    },
    {
      name: "with a forged signature",
      sent: () => message(RECEIPT, { signature: Buffer.alloc(64) }),
      reason: "forged",
    },
    {
      name: "with another sequence",
      sent: () => message(RECEIPT, { entryId: "11-0" }),
      reason: "sequence-mismatch",
    },
    {
      name: "that is no receipt",
      sent: () => message({ ...GOOD, version: 1 }),
      reason: "malformed",
    },
    {
      name: "of a later version",
      sent: () => message({ ...RECEIPT, version: 2 } as unknown as JobReceipt),
      reason: "unsupported-version",
    },
    {
      name: "from an unknown agent",
      sent: () => message(RECEIPT, { agent: "base-7" }),
      reason: "unknown-agent",
    },
  ])("$name are refused and kept", async ({ sent, reason }) => {
    state.jobs.set(RECEIPT.jobId, aJobRecord());
    await ingestReceipts(state, ports([sent()]));
    expect(state.jobs.get(RECEIPT.jobId)?.state).toBe("sent");
    expect(state.receipts.get(reason)).toBe(1);
    expect(journal.messages.refused(1)[0]).toMatchObject({ kind: "receipt", reason });
  });
});
