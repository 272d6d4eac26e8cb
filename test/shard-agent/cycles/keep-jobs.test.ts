import { beforeEach, expect, onTestFinished, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import { jobKeeper, type KeeperTerms } from "#shard-agent/cycles/keep-jobs.ts";
import { showHealth } from "#shard-agent/cycles/show-health.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import { aScope } from "#test/support/agent/agent-snapshot.ts";
import { aPendingEntry } from "#test/support/agent/journal-entry.ts";
import { loseRace } from "#test/support/agent/lost-race.ts";
import { aRebalanceJob } from "#test/support/agent/rebalance-job.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const JOB = aRebalanceJob();
const ENTRY = { id: "j-1", data: JOB };
const DAY_MS = 24 * 3600 * 1000;
const LOST_AT_MS = JOB.mandate.deadlineSeconds * 1000 - DAY_MS;
const MAX_WEI = 1_000n;
/** What a job may cost in these tests, where no prices are known. */
const CAP_WEI = BigInt(aScope().gasFees.maxGasFeeWei);
const HELD = { isHeld: () => true, renew: async () => true };
const MEMORY: Memory = { snapshot: null, reportBlockTimestampMs: null, health: null };

type Ports = Parameters<typeof jobKeeper>[0];

let dataDir: string;
let nowMs: number;
let waited: number[];
let looked: number;
let log: ReturnType<typeof memoryLog>;

beforeEach(() => {
  dataDir = temporaryFolder();
  nowMs = LOST_AT_MS + 1_000;
  waited = [];
  looked = 0;
  log = memoryLog();
});

function openJournal(): Journal {
  const journal = sqliteJournal({ dataDir, agent: "base-1" });
  onTestFinished(journal.close);
  return journal;
}

/** Only what is asked before a job is begun: the vault has every job already, and no job is authentic. */
function keeperOf(journal: Journal, change: Partial<KeeperTerms> = {}) {
  const ports = {
    journal,
    log,
    clock: { nowMs: () => nowMs },
    memory: MEMORY,
    scope: aScope(),
    chain: { head: async () => ({ hash: hash32("b1") }) },
    vault: {
      state: async () => {
        looked += 1;
        return { consumed: true };
      },
    },
    verifier: { prove: async () => ({}) },
    pause: async (ms: number) => {
      waited.push(ms);
      return true;
    },
  } as unknown as Ports;
  return jobKeeper(ports, {
    role: "compete",
    standbyMs: 3_000,
    lostRacesMaxWeiPerDay: String(MAX_WEI),
    onDone: () => {},
    ...change,
  });
}

const lose = (journal: Journal, wei: bigint, name = "a1") =>
  loseRace(journal, { jobId: hash32(name), gasCostWei: String(wei), atMs: LOST_AT_MS });

test("one that competes waits for nobody while lost races are below their budget", async () => {
  const journal = openJournal();
  lose(journal, MAX_WEI - 1n);
  await keeperOf(journal).see(ENTRY);
  expect(waited).toEqual([]);
  expect(looked).toBe(1);
});

test("once they reach it, it stands by, says so once, and still does after a restart", async () => {
  const first = sqliteJournal({ dataDir, agent: "base-1" });
  lose(first, MAX_WEI - 1n);
  lose(first, 1n, "a2");
  const keeper = keeperOf(first);
  await keeper.see(ENTRY);
  await keeper.see({ ...ENTRY, id: "j-2" });
  expect(waited).toEqual([3_000, 3_000]);
  expect(log.lines.filter(({ level }) => level === "warn")).toEqual([
    expect.objectContaining({
      message: "lost races have used up their budget; standing by",
      fields: { count: 2, gasCostWei: MAX_WEI, lostRacesMaxWeiPerDay: MAX_WEI },
    }),
  ]);
  first.close();
  await keeperOf(openJournal()).see(ENTRY);
  expect(waited).toEqual([3_000, 3_000, 3_000]);
});

test("it competes again when the races are 24 hours old, and says so", async () => {
  const journal = openJournal();
  lose(journal, MAX_WEI);
  const keeper = keeperOf(journal);
  nowMs = LOST_AT_MS + DAY_MS - 1;
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000]);
  nowMs += 1;
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000]);
  expect(log.lines.map((line) => line.message)).toContain(
    "lost races are within their budget again; competing",
  );
});

test("a race is begun only where all under way could be lost, and they leave room when they are over", async () => {
  const journal = openJournal();
  const keeper = keeperOf(journal, { lostRacesMaxWeiPerDay: String(CAP_WEI) });
  const other = { ...JOB, mandate: { ...JOB.mandate, jobId: hash32("77") } };
  await Promise.all([keeper.see(ENTRY), keeper.see({ id: "j-2", data: other })]);
  expect(waited).toEqual([3_000]);
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000]);
  const open = aPendingEntry({ gasFeeCapWei: CAP_WEI });
  journal.insert(open);
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000, 3_000]);
  journal.replace({ ...open, state: "included" }, "broadcast");
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000, 3_000]);
  expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
});

test.each([
  { role: "compete", expected: [1_500] },
  { role: "share", expected: [] },
] as const)(
  "what the queue gives an agent that lost too much and is to $role waits $expected ms",
  async ({ role, expected }) => {
    const journal = openJournal();
    lose(journal, MAX_WEI);
    const authentic = keeperOf(journal, { role }).take(ENTRY, HELD);
    expect(await authentic).toMatchObject({ outcome: "refused" });
    expect(waited).toEqual(expected);
  },
);

test("a stand-by waits as ever, whatever it lost", async () => {
  const journal = openJournal();
  const keeper = keeperOf(journal, { role: "standby" });
  await keeper.see(ENTRY);
  lose(journal, MAX_WEI);
  await keeper.see(ENTRY);
  expect(waited).toEqual([3_000, 3_000]);
  expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
});

test.each([
  ["compete", MAX_WEI - 1n, "compete"],
  ["compete", MAX_WEI, "standby"],
  ["share", MAX_WEI, "share"],
  ["standby", MAX_WEI, "standby"],
] as const)("health tells that an agent to %s which lost %d wei is to %s", (role, wei, now) => {
  const journal = openJournal();
  lose(journal, wei);
  const watch = { disagreement: () => null, lagging: () => [] };
  const ports = { journal, memory: MEMORY, watch, clock: { nowMs: () => nowMs } };
  expect(showHealth(ports, { role, lostRacesMaxWeiPerDay: String(MAX_WEI) })).toMatchObject({
    races: { role: now, lost: 1, lostWei: String(wei), maxWei: String(MAX_WEI) },
  });
});
