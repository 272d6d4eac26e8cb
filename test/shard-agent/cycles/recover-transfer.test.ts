import { beforeEach, expect, onTestFinished, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { type RecoverPorts, standInForRecovery } from "#shard-agent/cycles/recover-transfer.ts";
import { type PreparedCall, SigningCeilingError } from "#shard-agent/ports/sender.ts";
import type { TransferEvidence } from "#shard-agent/records/transfer-evidence.ts";
import { aScope } from "#test/support/agent/agent-snapshot.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { aRecoveryJob } from "#test/support/agent/recovery-job.ts";
import { address20, hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const JOB = aRecoveryJob();
const NOW_MS = JOB.issuedAtMs + 1_000;
const HEAD = {
  number: 120,
  hash: hash32("b1"),
  parentHash: hash32("b0"),
  timestampMs: NOW_MS,
  baseFeeWei: 1_000_000_000n,
};
const READY: PreparedCall = {
  reverts: false,
  gasLimit: 150_000n,
  baseFeeWei: 1_000_000_000n,
  headTimestampMs: NOW_MS,
};

let committedHash: TransferEvidence["committedHash"];
let prepared: PreparedCall;
let waited: number[];
let sent: number;
let ports: Parameters<typeof standInForRecovery>[0];

beforeEach(() => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  onTestFinished(journal.close);
  committedHash = JOB.payloadHash;
  prepared = READY;
  waited = [];
  sent = 0;
  const scope = { ...aScope(), shard: JOB.shard };
  const { guid, srcEid, sender, nonce, payloadHash } = JOB;
  const evidence = async (): Promise<TransferEvidence[]> => [
    {
      expected: { guid, srcEid, sender, nonce, payloadHash },
      guid,
      delivered: null,
      burntInBlock: null,
      skippedInBlock: null,
      committedHash,
      inboundNonce: 7n,
      lazyInboundNonce: committedHash === null ? 7n : 6n,
      alerts: [],
      isInitializable: true,
      attestations: null,
    },
  ];
  const base: RecoverPorts = {
    journal,
    clock: { nowMs: () => NOW_MS },
    log: memoryLog(),
    chain: { head: async () => HEAD },
    vault: { senderBalanceWei: async () => 10n ** 20n },
    memory: {},
    watch: { disagreement: () => null } as unknown as RecoverPorts["watch"],
    transfers: { executor: address20("ee"), sent: async () => [], evidence },
    recoveryDesk: {
      prove: (job) => ({
        recoveryId: job.recoveryId,
        guid: job.guid,
        payloadHash: job.payloadHash,
        recipient: hash32("01"),
        ownToken: job.receiver,
        ownVault: hash32("01"),
      }),
      encode: () => ({ to: address20("ef"), data: "0x01", valueWei: 0n }),
    },
    sender: {
      address: address20("5a"),
      prepare: async () => prepared,
      sign: async () => aSignedTransaction(),
      signAgain: async () => aSignedTransaction(),
      broadcast: async () => {
        sent += 1;
        return { outcome: "submitted", isNew: true, detail: "" };
      },
    },
    transactions: { nonceAt: async () => 7 } as unknown as RecoverPorts["transactions"],
    lane: { run: (task) => task() },
    scope,
  };
  ports = {
    ...base,
    pause: async (ms) => {
      waited.push(ms);
      return true;
    },
  };
});

const see = () => standInForRecovery(ports, { data: JOB }, 3_000);

test("a recovery that nobody has made after the wait is taken over, once", async () => {
  expect(await see()).toMatchObject({ outcome: "broadcast" });
  expect(waited).toEqual([3_000]);
  expect(await see()).toBeUndefined();
  expect(sent).toBe(1);
});

test.each([
  ["signed", aSignedTransaction(), undefined],
  ["given up unsigned", null, "broadcast"],
] as const)(
  "as many attempts as are allowed, each %s, end them or not",
  async (_, transaction, outcome) => {
    const payload = JSON.stringify(JOB);
    for (let at = 0; at < 12; at += 1) {
      const id = `recover:${JOB.guid}:${at}`;
      const signed = transaction && { ...transaction, hash: hash32(String(10 + at)), nonce: at };
      const entry = {
        id,
        kind: "recovery",
        state: "expired",
        payload,
        transaction: signed,
      } as const;
      ports.journal.insert({ ...aPendingEntry(), ...entry });
    }
    expect((await see())?.outcome).toBe(outcome);
  },
);

test("a recovery beyond a ceiling is refused, and costs no attempt", async () => {
  const sign = async () => {
    throw new SigningCeilingError("9 wei within 24 hours", NOW_MS + 1);
  };
  ports = { ...ports, sender: { ...ports.sender, sign } };
  expect(await see()).toMatchObject({ outcome: "refused", reason: "signing-ceiling" });
  expect(ports.journal.unfinished()).toEqual([]);
  expect(ports.journal.withPrefix("recover:")).toEqual([]);
});

test.each([
  [
    "the message has gone meanwhile",
    () => {
      committedHash = null;
    },
  ],
  [
    "another agent's call waits for its block",
    () => {
      prepared = { reverts: true, detail: "gone" };
    },
  ],
  [
    "the process is told to stop while it waits",
    () => {
      ports = { ...ports, pause: async () => false };
    },
  ],
])("nothing is sent or said when %s", async (_, happens) => {
  happens();
  expect(await see()).toBeUndefined();
  expect(sent).toBe(0);
  expect(ports.journal.queuedReceipts(10)).toEqual([]);
});

test("a recovery with an id of its own making is left to whoever has taken it", async () => {
  const forged = { ...JOB, shard: "elsewhere" };
  expect(await standInForRecovery(ports, { data: forged }, 3_000)).toBeUndefined();
  expect(await standInForRecovery(ports, { data: { what: 1 } }, 3_000)).toBeUndefined();
  expect(waited).toEqual([]);
});
