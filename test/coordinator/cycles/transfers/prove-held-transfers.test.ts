import { beforeEach, describe, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { auditShard } from "#coordinator/cycles/safety/audit-shard.ts";
import { proveHeldTransfers } from "#coordinator/cycles/transfers/prove-held-transfers.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { MessageFate } from "#coordinator/records/jobs/message-fate.ts";
import { holdOf, isHeld, type TransferRecord } from "#coordinator/records/jobs/transfer-record.ts";
import { proveHeld } from "#coordinator/stages/audit/prove-held.ts";
import { STANDARD_GRID } from "#shared/risk/scenarios/standard-grid.ts";
import { scriptedChain } from "#test/support/chain/scripted-chain.ts";
import { auditOf } from "#test/support/coordinator/chain-audit.ts";
import { anEntry, aShardSetup, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  TWO_SETUPS,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { aSentLine, aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const NIL = hash32("ff");
const OTHER = hash32("bb");
const WAITS: MessageFate = { committedHash: hash32("aa"), isPast: false, isCredited: false };
const GONE: MessageFate = { committedHash: null, isPast: true, isCredited: false };
const KEEPS_OTHER: MessageFate = { ...WAITS, committedHash: OTHER };
const GUID = aTransferRecord().guid;

describe.each<[TransferRecord["state"], MessageFate, MessageFate[]]>([
  ["burnt", GONE, [WAITS, { ...GONE, isCredited: true }, { ...GONE, isPast: false }]],
  ["skipped", GONE, [WAITS, KEEPS_OTHER, { ...GONE, isCredited: true }]],
  ["cleared-or-silent", GONE, [WAITS, { ...GONE, isCredited: true }]],
  ["nilified", { ...WAITS, committedHash: NIL }, [WAITS, GONE, KEEPS_OTHER]],
  ["wrong-payload", KEEPS_OTHER, [WAITS, GONE, { ...WAITS, committedHash: NIL }]],
])("a message that its target calls %s", (state, fate, others) => {
  const record = aTransferRecord({ state, observedBlock: 50 });

  test("is that when both chains show it", () => {
    expect(proveHeld(record, aSentLine(), fate)).toEqual({ verdict: "proved" });
  });

  test("is not when the target's chain shows anything else: its target lies", () => {
    for (const other of others) {
      expect(proveHeld(record, aSentLine(), other)).toMatchObject({
        verdict: "refuted",
        liar: "ethereum",
      });
    }
  });

  test.each([
    ["payload", { payloadHash: OTHER }],
    ["nonce", { nonce: "8" }],
    ["sender", { sender: OTHER }],
    ["target", { dstEid: 7 }],
  ] as const)(
    "is not when its source told of another %s than it sent: its source lies",
    (_, change) => {
      const verdict = proveHeld(record, aSentLine(change), fate);
      expect(verdict).toMatchObject({ verdict: "refuted", liar: "base" });
      expect(proveHeld(record, undefined, fate)).toMatchObject({ liar: "base" });
    },
  );
});

let state: CoordinatorState;
let journal: Journal;
let chains: Map<string, ReturnType<typeof scriptedChain>>;
let nowMs: number;
const log = memoryLog();

beforeEach(() => {
  state = freshState(TWO_SETUPS);
  journal = freshJournal();
  chains = new Map([...TWO_SETUPS.keys()].map((shard) => [shard, scriptedChain()]));
  nowMs = NOW_MS;
  const final = { number: 118, hash: hash32("f1"), timestampMs: nowMs };
  for (const shard of TWO_SETUPS.keys()) state.finals.set(shard, final);
});

const script = (shard: string) => {
  const found = chains.get(shard);
  if (found === undefined) throw new Error(`a chain of ${shard} expected`);
  return found.script;
};
const record = () => state.transfers.get(GUID);

function says(stateOf: TransferRecord["state"], observedBlock: number): void {
  const change = { state: stateOf, observedBlock, heldProof: record()?.heldProof ?? null };
  state.transfers.set(GUID, aTransferRecord(change));
}

async function ask(): Promise<void> {
  const ports = {
    journal,
    chains: new Map([...chains].map(([shard, { chain }]) => [shard, chain])),
    clock: { nowMs: () => nowMs },
    log,
    lookbackBlocks: 64,
  };
  await proveHeldTransfers(state, ports);
  nowMs += 10_000;
}

async function audit(shard: "ethereum" | "base"): Promise<void> {
  const { report, acceptedAtMs } = anEntry({ shard });
  const entry = { report: { ...report, scenarioPnlUsd: STANDARD_GRID.map(() => 0) }, acceptedAtMs };
  state.claims.set(shard, entry);
  const setup = aShardSetup(shard);
  script(shard).audits.set(report.block.hash, (asked) => auditOf(report, setup, asked));
  const ports = {
    journal,
    jobs: journal.jobs,
    chains: new Map([...chains].map(([one, { chain }]) => [one, chain])),
    clock: { nowMs: () => nowMs },
    log,
    lookbackBlocks: 64,
  };
  await auditShard(state, ports, shard);
}

const holds = (shard: string) => holdOf([...state.transfers.values()], shard);

test("what both chains show holds both shards", async () => {
  says("burnt", 110);
  script("base").sent = [aSentLine()];
  script("ethereum").fates.set(GUID, GONE);
  await ask();
  expect(record()).toMatchObject({ heldProof: { state: "burnt" } });
  expect([holds("base"), holds("ethereum")]).toEqual([
    `transfer ${GUID} from base to ethereum is burnt`,
    `transfer ${GUID} from base to ethereum is burnt`,
  ]);
});

test("a target that lies holds nobody but itself, counts nothing as lost, and is quarantined alone", async () => {
  says("burnt", 110);
  script("base").sent = [aSentLine()];
  script("ethereum").fates.set(GUID, WAITS);
  await ask();
  expect(holds("base")).toBeUndefined();
  expect(holds("ethereum")).toContain("by its target's word");
  const held = record();
  expect(held && isHeld(held)).toBe(false);
  // The same block again may be the same replaced block: only a later one counts against it.
  await ask();
  expect(state.lies.size).toBe(0);
  says("burnt", 111);
  await ask();
  await audit("ethereum");
  await audit("base");
  expect(state.safety.trust["ethereum"]?.quarantine?.kind).toBe("chain-mismatch");
  expect(state.safety.trust["ethereum"]?.evidence.at(-1)).toMatchObject({
    said: expect.stringContaining("burnt"),
    found: expect.stringContaining("waiting to be delivered"),
  });
  expect(state.safety.trust["base"]?.quarantine ?? null).toBeNull();
});

test("a source that told of another payload than it sent is the liar, however honest its target", async () => {
  says("wrong-payload", 110);
  script("base").sent = [aSentLine({ payloadHash: OTHER })];
  script("ethereum").fates.set(GUID, KEEPS_OTHER);
  await ask();
  says("wrong-payload", 111);
  await ask();
  expect([...state.lies.keys()]).toEqual(["base"]);
  expect(holds("base")).toBeUndefined();
});

test("a source whose block may still be replaced is not held to it", async () => {
  const final = { number: 100, hash: hash32("f1"), timestampMs: nowMs };
  state.finals.set("base", final);
  script("ethereum").fates.set(GUID, KEEPS_OTHER);
  for (const block of [110, 111, 112]) {
    says("wrong-payload", block);
    await ask();
  }
  expect(state.lies.size).toBe(0);
});

test("a chain that does not answer proves and disproves nothing", async () => {
  script("ethereum").isReachable = false;
  script("base").sent = [aSentLine()];
  for (const block of [110, 111, 112]) {
    says("burnt", block);
    await ask();
  }
  expect(record()?.heldProof).toBeNull();
  expect(state.lies.size).toBe(0);
  expect(holds("base")).toBeUndefined();
});
