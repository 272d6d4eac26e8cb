import { beforeEach, expect, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { fencedSender } from "#shard-agent/adapters/sending/fenced-sender.ts";
import { isNotSigned } from "#shard-agent/cycles/send-call.ts";
import { showHealth } from "#shard-agent/cycles/show-health.ts";
import { finalityWatcher, withFinality } from "#shard-agent/cycles/watch-finality.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { Sender } from "#shard-agent/ports/sender.ts";
import type { BlockHeader } from "#shard-agent/records/shard-snapshot.ts";
import type { Hex } from "#shared/units/ids.ts";
import { aPendingEntry, aSignedTransaction } from "#test/support/agent/journal-entry.ts";
import { NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const NO_ENDPOINT = { disagreement: () => null, lagging: () => [] };

let dataDir: string;
let memory: Memory;
let nowMs: number;
let finalNumber: number;
/** Hashes of the chain's blocks by number. */
let chain: Map<number, Hex>;

beforeEach(() => {
  dataDir = temporaryFolder();
  nowMs = NOW_MS;
  finalNumber = 100;
  chain = new Map([
    [50, hash32("50")],
    [60, hash32("60")],
  ]);
  begin();
  const journal = open();
  end(journal, 50, 1);
  end(journal, 60, 2);
  journal.close();
});

/** A process begins: what it remembered is gone. */
function begin(): void {
  memory = { snapshot: null, reportBlockTimestampMs: null, health: null };
  nowMs += 60_000;
}

function open(): Journal {
  return sqliteJournal({ dataDir, agent: "base-1" });
}

/** A job that is final in a block. */
function end(journal: Journal, blockNumber: number, nonce: number): void {
  const hash = hash32(nonce.toString(16).padStart(2, "0"));
  const transaction = aSignedTransaction({ hash, nonce });
  const inclusion = {
    transactionHash: hash,
    blockNumber,
    blockHash: hash32(String(blockNumber)),
    blockTimestampMs: NOW_MS,
    succeeded: true,
    gasCostWei: 1n,
  };
  journal.insert(aPendingEntry({ id: hash, state: "final", transaction, inclusion }));
}

function header(number: number): BlockHeader | null {
  const hash = chain.get(number);
  if (hash === undefined) return null;
  return { number, hash, parentHash: hash32("00"), timestampMs: NOW_MS, baseFeeWei: 1n };
}

async function look(accepted: Hex | null = null): Promise<void> {
  const journal = open();
  const reader = {
    headerAt: async (number: number) => header(number),
    finalized: async () => header(60) && { ...(header(60) as BlockHeader), number: finalNumber },
  };
  const clock = { nowMs: () => nowMs };
  const ports = { chain: reader, journal, memory, clock, log: memoryLog() };
  await finalityWatcher(ports, accepted)();
  journal.close();
}

const broken = () => memory.replacedBlock ?? null;

test("a chain that has every block in which something ended is as it should be", async () => {
  await look();
  expect(broken()).toBeNull();
});

test("a replaced block is found, by every life of the process, and stops what rests on reads", async () => {
  chain.set(60, hash32("b0"));
  for (let life = 0; life < 2; life += 1) {
    begin();
    await look();
    expect(broken()).toMatchObject({ blockNumber: 60, was: hash32("60"), found: hash32("b0") });
    const what = withFinality(NO_ENDPOINT, memory).disagreement()?.what;
    expect(what).toContain(`block 60 was final with hash ${hash32("60")}`);
  }
  const clock = { nowMs: () => nowMs };
  const journal = open();
  const ports = { memory, watch: withFinality(NO_ENDPOINT, memory), clock, journal };
  expect(showHealth(ports, { role: "share", lostRacesMaxWeiPerDay: "1" })).toMatchObject({
    acceptsJobs: false,
    reasons: expect.arrayContaining(["finality-broken"]),
    replacedBlock: { blockNumber: 60 },
  });
  journal.close();
});

test("nothing is signed then, neither anew nor at higher fees, and no signature counts as lost", async () => {
  const signed = aSignedTransaction();
  const sender = { sign: async () => signed, signAgain: async () => signed } as unknown as Sender;
  const fenced = fencedSender(sender, memory);
  const asked = [{}, {}] as unknown as Parameters<Sender["sign"]>;
  expect(await fenced.sign(...asked)).toBe(signed);
  chain.set(60, hash32("b0"));
  await look();
  for (const sign of [fenced.sign, fenced.signAgain]) {
    const error = await (sign as () => Promise<unknown>)().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "finality-broken" });
    expect(isNotSigned(error)).toBe(true);
  }
});

test("a node that is behind, or does not know the block, proves nothing; an older block of the journal does", async () => {
  chain.delete(60);
  await look();
  expect(broken()).toBeNull();
  begin();
  finalNumber = 55;
  chain.set(60, hash32("b0"));
  await look();
  expect(broken()).toBeNull();
  begin();
  chain.set(50, hash32("b1"));
  await look();
  // The final block of a chain that was restored from before the newest: found by the one below it.
  expect(broken()).toMatchObject({ blockNumber: 50 });
});

test("people accept one block in its place, and no other", async () => {
  chain.set(60, hash32("b0"));
  await look(hash32("b0"));
  expect(broken()).toBeNull();
  begin();
  await look(hash32("b1"));
  expect(broken()).toMatchObject({ found: hash32("b0") });
});
