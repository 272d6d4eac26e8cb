import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { assessWorld } from "#coordinator/cycles/planning/assess-world.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { joinTransfers } from "#coordinator/cycles/transfers/join-transfers.ts";
import { operateTransfers } from "#coordinator/cycles/transfers/operate-transfers.ts";
import {
  noteRecoveryReceipt,
  type RecoverPorts,
  recoverTransfers,
} from "#coordinator/cycles/transfers/recover-transfers.ts";
import type { SendOutcome } from "#coordinator/ports/job-queue.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { RetryableError } from "#shared/errors.ts";
import { JOB_RECEIPT_VERSION, type JobReceipt } from "#shared/wire/job-receipt.ts";
import type { RecoveryJob } from "#shared/wire/recovery-job.ts";
import type { ShardReport } from "#shared/wire/shard-report.ts";
import type { ExpectedTransfer } from "#shared/wire/transfer-line.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import {
  aJobRecord,
  anEntry,
  aPassInput,
  aPolicy,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import {
  anArrivalLine,
  aSentLine,
  aTransferRecord,
} from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const GUID = hash32("9d");
const JOB_ID = hash32("1b");
const STARTS = { state: "failed-retryable", alert: { blockNumber: 9, reason: "0x" } } as const;

let state: CoordinatorState;
let journal: Journal;
let log: ReturnType<typeof memoryLog>;
let ports: RecoverPorts;
let nowMs: number;
let base: ReturnType<typeof scriptedChain>;
let queued: RecoveryJob[];
let published: Map<string, readonly ExpectedTransfer[]>;
let answer: () => Promise<SendOutcome>;

beforeEach(() => {
  const transfers = { recoverAfterMs: 10_000, stuckAfterMs: 60_000, recoveriesMax: 2 };
  const policy = aPolicy();
  state = freshState(TWO_SETUPS, {
    policy: { ...policy, transfers: { ...policy.transfers, ...transfers } },
  });
  const final = { number: 1_000_000, hash: hash32("f1"), timestampMs: NOW_MS };
  for (const shard of TWO_SETUPS.keys()) state.finals.set(shard, final);
  journal = freshJournal();
  log = memoryLog();
  nowMs = NOW_MS;
  queued = [];
  published = new Map();
  answer = async () => ({ sent: true });
  base = scriptedChain();
  const queue = {
    isReady: () => true,
    recover: async (job: RecoveryJob) => {
      // Written down first, whatever becomes of the sending.
      expect(journal.transfers.find(job.guid)?.recoveries.at(-1)?.recoveryId).toBe(job.recoveryId);
      queued.push(job);
      return answer();
    },
  };
  ports = {
    journal,
    queue: () => queue,
    chains: new Map([["base", base.chain]]),
    watchList: { publish: async (shard, list) => void published.set(shard, list) },
    clock: { nowMs: () => nowMs },
    log,
    lookbackBlocks: 64,
  };
  const job = aJobRecord({ kind: "transfer", target: "ethereum", state: "in-transit", guid: GUID });
  state.jobs.set(JOB_ID, { ...job, jobId: JOB_ID });
});

function report(shard: "base" | "ethereum", change: Partial<ShardReport>): void {
  const entry = anEntry({ shard });
  const srcEid = state.setups.get("base")?.endpointId ?? 0;
  const dstEid = state.setups.get("ethereum")?.endpointId ?? 0;
  const transfers = (change.transfers ?? []).map((line) =>
    line.side === "source" ? { ...line, srcEid, dstEid } : line,
  );
  const block = { ...entry.report.block, number: 120, finalizedNumber: 116, ...change.block };
  const next = { ...entry, report: { ...entry.report, ...change, block, transfers } };
  state.books.set(shard, next);
  joinTransfers(state, ports as never, [next], nowMs);
}

function failed(): void {
  report("base", { transfers: [aSentLine()] });
  report("ethereum", { transfers: [anArrivalLine(STARTS)] });
}

const record = (): TransferRecord | undefined => state.transfers.get(GUID);

describe("joining", () => {
  test("makes one record of both sides, on disk too, and tells the target what to expect", async () => {
    failed();
    expect(record()).toMatchObject({
      shard: "base",
      target: "ethereum",
      state: "failed-retryable",
    });
    expect(journal.transfers.open()).toHaveLength(1);
    await recoverTransfers(state, ports);
    expect(published.get("ethereum")).toMatchObject([{ guid: GUID, nonce: "7" }]);
    expect(published.get("base")).toEqual([]);
  });

  test("follows nothing that none of our mandates sent", () => {
    report("base", { transfers: [aSentLine({ jobId: hash32("77") })] });
    report("base", { transfers: [aSentLine({ guid: hash32("78") })] });
    report("ethereum", { transfers: [aSentLine()] });
    expect(state.transfers.size).toBe(0);
  });

  test("forgets it once a final report shows the credit, and remembers it on disk", () => {
    failed();
    const credit = { guid: GUID, srcEid: 1, amountRaw: "5000", blockHash: hash32("b0") };
    report("ethereum", { deliveredTransfers: [{ ...credit, blockNumber: 100 }] });
    expect(state.transfers.size).toBe(0);
    expect(journal.transfers.find(GUID)).toMatchObject({ state: "delivered", isClosed: true });
  });

  test("forgets one whose job is proved to have ended undone while no report was heard", () => {
    report("base", { transfers: [aSentLine()] });
    const block = { ...anEntry({ shard: "base" }).report.block, number: 300, finalizedNumber: 292 };
    report("base", { block });
    expect(record()).toMatchObject({ state: "sent" });
    const job = aJobRecord({ kind: "transfer", state: "expired", guid: GUID });
    state.jobs.delete(JOB_ID);
    journal.jobs.update({ ...job, jobId: JOB_ID }, "not-consumed", nowMs);
    report("base", { block });
    expect(record()).toBeUndefined();
    expect(journal.transfers.open()).toEqual([]);
  });
});

describe("a message that no report told of", () => {
  const consumption = {
    blockNumber: 117,
    blockTimestampMs: NOW_MS,
    amountInRaw: "5000",
    amountOutRaw: "5000",
    isFinal: true,
  };
  beforeEach(() => {
    const job = state.jobs.get(JOB_ID);
    if (job !== undefined) state.jobs.set(JOB_ID, { ...job, consumption });
    const srcEid = state.setups.get("base")?.endpointId ?? 0;
    base.script.sent = [aSentLine({ srcEid })];
  });

  test("is read from its source's chain once it has been in transit for a while", async () => {
    await recoverTransfers(state, ports);
    expect(record()).toBeUndefined();
    nowMs += 30_000;
    await recoverTransfers(state, ports);
    expect(record()).toMatchObject({ state: "sent", sentBlock: { number: 117, isFinal: true } });
  });

  test("is read from there also when a message with its guid was taken back before", async () => {
    journal.transfers.update(aTransferRecord({ guid: GUID, state: "unknown", isClosed: true }));
    nowMs += 30_000;
    await recoverTransfers(state, ports);
    expect(record()).toMatchObject({ state: "sent", isClosed: false });
  });

  test("is looked for again later when the chain does not answer, and nothing else waits for it", async () => {
    base.script.isReachable = false;
    nowMs += 30_000;
    await recoverTransfers(state, ports);
    expect(published.size).toBe(2);
    base.script.isReachable = true;
    nowMs += 29_999;
    await recoverTransfers(state, ports);
    expect(record()).toBeUndefined();
    nowMs += 1;
    await recoverTransfers(state, ports);
    expect(record()).toBeDefined();
  });
});

describe("a recovery", () => {
  test("waits its time, is written down, sent once, and not again while it is under way", async () => {
    failed();
    await recoverTransfers(state, ports);
    expect(queued).toEqual([]);
    nowMs += 10_000;
    await recoverTransfers(state, ports);
    await recoverTransfers(state, ports);
    nowMs += 60_000;
    await recoverTransfers(state, ports);
    expect(queued).toMatchObject([{ kind: "retry-receive", shard: "ethereum", attempt: 1 }]);
  });

  test("that could not be sent goes out again under its id", async () => {
    failed();
    nowMs += 10_000;
    answer = async () => {
      throw new RetryableError("queue-add-unknown", "no answer");
    };
    await expect(recoverTransfers(state, ports)).rejects.toThrow("queue-add-unknown");
    answer = async () => ({ sent: true });
    await recoverTransfers(state, ports);
    expect(queued.map((job) => job.recoveryId)).toEqual([
      queued[0]?.recoveryId,
      queued[0]?.recoveryId,
    ]);
    expect(record()?.recoveries).toHaveLength(1);
  });

  test("whose number another coordinator has used goes out under the next that is free", async () => {
    failed();
    nowMs += 10_000;
    answer = async () => (queued.length < 3 ? { sent: false, reason: "edited" } : { sent: true });
    for (let tick = 0; tick < 5; tick += 1) await recoverTransfers(state, ports);
    expect(queued.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(new Set(queued.map(({ recoveryId }) => recoveryId)).size).toBe(3);
    expect(record()?.recoveries).toMatchObject([{ attempt: 3, sentAtMs: nowMs }]);
    nowMs += 300_000;
    await recoverTransfers(state, ports);
    expect(queued.at(-1)?.attempt).toBe(4);
  });

  test("that somebody edits whatever its number uses up few numbers", async () => {
    failed();
    nowMs += 10_000;
    answer = async () => ({ sent: false, reason: "edited" });
    for (let tick = 0; tick < 100; tick += 1) await recoverTransfers(state, ports);
    expect(Math.max(...queued.map(({ attempt }) => attempt))).toBeLessThanOrEqual(33);
    expect(record()?.recoveries).toHaveLength(1);
  });

  test("is not ordered in a halt, nor in shadow", async () => {
    failed();
    nowMs += 10_000;
    state.manualHalt = { reason: "looking", atMs: nowMs };
    await recoverTransfers(state, ports);
    state.manualHalt = undefined;
    await recoverTransfers({ ...state, shadow: true }, ports);
    expect(queued).toEqual([]);
  });

  test("tells what became of it, and never moves the message's state", async () => {
    failed();
    nowMs += 10_000;
    await recoverTransfers(state, ports);
    const jobId = queued[0]?.recoveryId ?? "0x";
    noteRecoveryReceipt(state, ports, aReceipt({ jobId, outcome: "included" }));
    expect(record()).toMatchObject({
      state: "failed-retryable",
      recoveries: [{ outcome: "included", gasCostWei: "77" }],
    });
  });
});

describe("an operator", () => {
  test("may order one at any time, also in a halt, but not two at once", async () => {
    failed();
    state.manualHalt = { reason: "looking", atMs: nowMs };
    const desk = operateTransfers(state, { journal, clock: ports.clock, log });
    expect(desk.recoverTransfer(GUID, "now please")).toEqual({
      ordered: true,
      what: "retry-receive",
    });
    expect(desk.recoverTransfer(GUID, "now please")).toMatchObject({ problem: "not-recoverable" });
    expect(desk.recoverTransfer(hash32("00"), "what")).toMatchObject({ problem: "not-found" });
    await recoverTransfers(state, ports);
    expect(queued).toHaveLength(1);
    expect(desk.transfers({ limit: 5 })).toMatchObject([{ guid: GUID, nextStep: "retry-receive" }]);
  });

  test("is told loudly of what is lost, and acknowledges only that", () => {
    failed();
    const desk = operateTransfers(state, { journal, clock: ports.clock, log });
    expect(desk.acknowledgeTransfer(GUID, "why not")).toMatchObject({ problem: "not-recoverable" });
    report("ethereum", { transfers: [anArrivalLine({ state: "burnt", endedInBlock: 100 })] });
    expect(log.lines.some((line) => line.level === "error")).toBe(true);
    expect(desk.acknowledgeTransfer(GUID, "governance burnt it")).toMatchObject({ ordered: true });
    expect(record()).toMatchObject({ acknowledged: { reason: "governance burnt it" } });
  });
});

describe("what is lost", () => {
  const message = { guid: GUID, shard: "base", target: "ethereum", state: "burnt" } as const;
  const held = { ...message, heldProof: { state: "burnt", atMs: NOW_MS } } as const;
  const job = () => {
    const record = state.jobs.get(JOB_ID);
    if (record === undefined) throw new Error("a job expected");
    return { ...record, amountUsd: 50_000 };
  };

  test("does not count as arriving, acknowledged or not", () => {
    const entries = [anEntry({ shard: "ethereum" }), anEntry({ shard: "base" })];
    const collateral = (heldTransfers: object[]) =>
      assessWorld({
        ...aPassInput(entries, { jobs: [job()] }),
        heldTransfers: heldTransfers as never,
      }).view.capital.get("ethereum")?.collateralUsd ?? 0;
    const counted = collateral([]);
    for (const acknowledged of [null, { reason: "seen", atMs: 1 }])
      expect(counted - collateral([{ ...held, acknowledged }])).toBeCloseTo(50_000);
  });

  test("holds both of its shards to reducing until a person has seen it", () => {
    const entries = [anEntry({ shard: "ethereum" }), anEntry({ shard: "base" })];
    const modes = (acknowledged: TransferRecord["acknowledged"]) => {
      const input = { ...aPassInput(entries), heldTransfers: [{ ...held, acknowledged }] };
      return [...planPass(input).view.statuses.values()].map(({ mode, reasons }) => [
        mode,
        reasons,
      ]);
    };
    const reason = `transfer ${GUID} from base to ethereum is burnt`;
    expect(modes(null)).toEqual([
      ["reduce-only", [reason]],
      ["reduce-only", [reason]],
    ]);
    expect(modes({ reason: "seen", atMs: 1 })).toEqual([
      ["run", []],
      ["run", []],
    ]);
  });
});

function aReceipt(change: Partial<JobReceipt>): JobReceipt {
  return {
    version: JOB_RECEIPT_VERSION,
    shard: "ethereum",
    agent: "ethereum-1",
    seq: 1,
    jobId: hash32("00"),
    outcome: "broadcast",
    reason: null,
    detail: "",
    transactionHash: hash32("0a"),
    blockNumber: 121,
    blockTimestampMs: NOW_MS,
    amountInRaw: "0",
    amountOutRaw: "0",
    guid: null,
    gasCostWei: "77",
    nativeFeeWei: "0",
    atMs: NOW_MS,
    ...change,
  };
}
