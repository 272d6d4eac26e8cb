import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type TrackPorts, trackTransactions } from "#shard-agent/cycles/track-transactions.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import {
  anInclusion,
  TRACKED_HEAD as HEAD,
  type TrackedChain,
  trackedChain,
} from "#test/support/agent/tracked-chain.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const OLDER = aSignedTransaction({ hash: hash32("a0"), raw: "0xa0" });
const JOB = aPendingEntry({
  deadlineSeconds: HEAD.timestampMs / 1000 + 10,
  pendingSinceMs: HEAD.timestampMs,
  replaced: [OLDER],
});
const { hash } = JOB.transaction;

let chain: TrackedChain;
let journal: Journal;
let ports: TrackPorts;

beforeEach(() => {
  ({ chain, journal, ports } = trackedChain(temporaryFolder()));
  onTestFinished(journal.close);
  journal.insert(JOB);
});

function at(seconds: number) {
  return { ...HEAD, timestampMs: HEAD.timestampMs + seconds * 1000 };
}

const track = (seconds = 1) => trackTransactions(ports, at(seconds));
const state = () => journal.get(JOB.id)?.state;
const receipts = () => journal.queuedReceipts(10).map(({ receipt }) => receipt);

test("what is in a block is told of once, and ends only when the block is final", async () => {
  chain.mined.set(hash, anInclusion(hash));
  await track();
  await track();
  expect(state()).toBe("included");
  expect(receipts()).toMatchObject([{ outcome: "included", transactionHash: hash }]);
  chain.mined.set(hash, anInclusion(hash, { blockNumber: 100 }));
  await track();
  expect(state()).toBe("final");
});

test("while there is no final block, nothing ends", async () => {
  chain.hasFinalBlock = false;
  chain.mined.set(hash, anInclusion(hash, { blockNumber: 1 }));
  await track();
  expect(state()).toBe("included");
  chain.mined.clear();
  [chain.nonceAtHead, chain.nonceAtFinal] = [8, 8];
  await track(60);
  expect(state()).toBe("signed");
});

test("any transaction of an entry may be the one in a block, the one it replaced too", async () => {
  chain.mined.set(OLDER.hash, anInclusion(OLDER.hash));
  await track();
  expect(journal.get(JOB.id)).toMatchObject({
    state: "included",
    inclusion: { transactionHash: OLDER.hash },
  });
});

test("a revert is told of as one, lost where another transaction has taken the job", async () => {
  chain.isTaken = true;
  chain.mined.set(hash, anInclusion(hash, { succeeded: false, blockNumber: 100 }));
  await track();
  expect(state()).toBe("reverted");
  expect(receipts()).toMatchObject([
    { outcome: "reverted", reason: "already-consumed", gasCostWei: "5" },
  ]);
});

test("a reorganisation takes an entry back, and the same bytes go out again", async () => {
  chain.mined.set(hash, anInclusion(hash));
  await track();
  expect(chain.broadcast).toEqual([]);
  chain.mined.clear();
  await track();
  expect(journal.get(JOB.id)).toMatchObject({ state: "broadcast", inclusion: null });
  expect(chain.broadcast).toEqual([JOB.transaction.raw]);
});

test("an entry that a reorganisation put into another block is told of anew", async () => {
  chain.mined.set(hash, anInclusion(hash));
  await track();
  chain.mined.set(hash, anInclusion(hash, { blockHash: hash32("b8"), succeeded: false }));
  await track();
  expect(journal.get(JOB.id)?.inclusion).toMatchObject({ blockHash: hash32("b8") });
  expect(receipts().map((one) => one.outcome)).toEqual(["included", "reverted"]);
});

test.each([
  [10, "superseded"],
  [11, "expired"],
])(
  "a nonce that is finally used by another ends the entry: at %s s it is %s",
  async (seconds, end) => {
    [chain.nonceAtHead, chain.nonceAtFinal] = [8, 8];
    await track(seconds);
    expect(state()).toBe(end);
    expect(receipts()).toMatchObject([{ outcome: "expired", reason: null }]);
  },
);

test("an operator is told of a nonce that went to no transaction of this journal, and not of one that its own cancel took", async () => {
  const log = memoryLog();
  ports = { ...ports, log };
  const told = () => log.lines.filter(({ level }) => level === "error").length;
  chain.isTaken = true;
  await track();
  const cancelled = chain.signed[0]?.hash ?? "0x";
  chain.mined.set(cancelled, anInclusion(cancelled, { blockNumber: 100 }));
  [chain.nonceAtHead, chain.nonceAtFinal] = [8, 8];
  await track();
  expect(state()).toBe("superseded");
  expect(told()).toBe(0);
  const other = aPendingEntry({
    id: hash32("77"),
    deadlineSeconds: JOB.deadlineSeconds,
    transaction: aSignedTransaction({ nonce: 8, hash: hash32("78"), raw: "0x78" }),
  });
  journal.insert(other);
  [chain.nonceAtHead, chain.nonceAtFinal] = [9, 9];
  await track();
  expect(journal.get(other.id)?.state).toBe("superseded");
  expect(told()).toBe(1);
  expect(log.lines.find(({ level }) => level === "error")).toMatchObject({
    message:
      "a nonce went to a transaction that is not in this journal: another process sends with this key",
    fields: { id: other.id, nonce: 8 },
  });
});

test("a job that another transaction brought is a lost race, with what its cancel cost", async () => {
  chain.isTaken = true;
  await track();
  const cancelled = chain.signed[0]?.hash ?? "0x";
  chain.mined.set(cancelled, anInclusion(cancelled, { blockNumber: 100 }));
  [chain.nonceAtHead, chain.nonceAtFinal] = [8, 8];
  await track();
  await track();
  expect(receipts()).toMatchObject([
    { outcome: "expired", reason: "already-consumed", gasCostWei: "5" },
  ]);
});

test("a nonce that only a block that is not final has used is waited for", async () => {
  chain.nonceAtHead = 8;
  await track(60);
  expect(state()).toBe("broadcast");
  expect([chain.broadcast, chain.signed]).toEqual([[], []]);
});

test("a job that nobody signed is given up a minute after its deadline", async () => {
  const nowSeconds = ports.clock.nowMs() / 1000;
  const unsigned = { ...JOB, transaction: null, replaced: [], state: "received" } as const;
  const young = hash32("02");
  journal.insert({ ...unsigned, id: young, deadlineSeconds: nowSeconds - 59 });
  const old = hash32("03");
  journal.insert({ ...unsigned, id: old, state: "checked", deadlineSeconds: nowSeconds - 60 });
  await track();
  expect(journal.get(young)?.state).toBe("received");
  expect(journal.get(old)).toMatchObject({ state: "expired", refusal: { reason: "expired" } });
  expect(receipts()).toMatchObject([{ jobId: old, outcome: "expired" }]);
});
