import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
import type { JournalEntry } from "#shard-agent/records/journal-entry.ts";
import { aLostRace, loseRace } from "#test/support/agent/lost-race.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

function anEntry(change: Partial<JournalEntry> = {}): JournalEntry {
  return {
    id: hash32("01"),
    kind: "job",
    state: "received",
    payload: "{}",
    deadlineSeconds: 1_790_000_000,
    transaction: null,
    replaced: [],
    pendingSinceMs: 0,
    gasFeeCapWei: 10n ** 16n,
    inclusion: null,
    nativeFeeWei: 12_345_678_901_234_567_890n,
    refusal: null,
    updatedAtMs: 1,
    ...change,
  };
}

function aTransaction(nonce: number) {
  return {
    hash: hash32(nonce.toString(16).padStart(2, "0")),
    raw: "0xf00d",
    nonce,
    gasLimit: 150_000n,
    callHash: hash32("ca"),
    maxFeePerGasWei: 9_000_000_000_000_000_000n,
    maxPriorityFeePerGasWei: 1n,
  } as const;
}

test("what was written is there, amounts exact, when the journal is opened again", () => {
  const dataDir = temporaryFolder();
  const first = sqliteJournal({ dataDir, agent: "base-1" });
  const entry = anEntry();
  const inclusion = {
    transactionHash: hash32("aa"),
    blockNumber: 7,
    blockHash: hash32("b7"),
    blockTimestampMs: 7_000,
    succeeded: true,
    gasCostWei: 10n ** 20n,
  };
  first.insert(entry);
  const included = anEntry({ state: "included", transaction: aTransaction(4), inclusion });
  first.replace(included, "received");
  first.saveSeq("report:base:base-1", 100);
  first.queueReceipt({ jobId: entry.id } as never);
  first.close();
  const second = sqliteJournal({ dataDir, agent: "base-1" });
  expect(second.get(entry.id)).toEqual(included);
  expect(second.lastSeq("report:base:base-1")).toBe(100);
  expect(second.queuedReceipts(10)).toEqual([{ id: 1, receipt: { jobId: entry.id } }]);
  second.close();
});

test("every write survives a process that is killed in the middle of writing", async () => {
  const dataDir = temporaryFolder();
  const script = `
    import { sqliteJournal } from "#shard-agent/adapters/journal/sqlite-journal.ts";
    const journal = sqliteJournal({ dataDir: ${JSON.stringify(dataDir)}, agent: "base-1" });
    const base = ${JSON.stringify({ ...anEntry(), nativeFeeWei: "0", gasFeeCapWei: "0" })};
    for (let i = 0; ; i += 1) {
      journal.insert({ ...base, id: "job-" + i, nativeFeeWei: 0n });
      process.stdout.write(i + "\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let confirmed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    confirmed += text;
    if (confirmed.split("\n").length > 40) child.kill("SIGKILL");
  });
  await once(child, "close");
  const last = confirmed.split("\n").filter(Boolean).length - 1;
  expect(last).toBeGreaterThan(30);
  const journal = sqliteJournal({ dataDir, agent: "base-1" });
  for (let i = 0; i <= last; i += 1) expect(journal.get(`job-${i}`)?.state).toBe("received");
  expect(journal.isWritable()).toBe(true);
  journal.close();
});

test("a second process is refused while the first has the journal", () => {
  const dataDir = temporaryFolder();
  const first = sqliteJournal({ dataDir, agent: "base-1" });
  expect(() => sqliteJournal({ dataDir, agent: "base-1" })).toThrow(/journal-locked/);
  first.close();
});

test("a journal of a newer program is refused", () => {
  const dataDir = temporaryFolder();
  const database = new DatabaseSync(join(dataDir, "base-1.sqlite"));
  database.exec("PRAGMA user_version = 99");
  database.close();
  expect(() => sqliteJournal({ dataDir, agent: "base-1" })).toThrow(
    /found version 99; this program writes 4/,
  );
});

test("an id is taken once, and an entry only changes from the state it is in", () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  journal.insert(anEntry());
  expect(() => journal.insert(anEntry())).toThrow(/journal-duplicate/);
  expect(() => journal.replace(anEntry({ state: "signed" }), "checked")).toThrow(
    /journal-conflict/,
  );
  expect(journal.get(hash32("01"))?.state).toBe("received");
  journal.close();
});

test("the next nonce is above every open one, and open entries come in the order of their nonces", () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  expect(journal.nextNonce()).toBe(0);
  journal.insert(anEntry({ id: "c", state: "received" }));
  journal.insert(anEntry({ id: "b", state: "broadcast", transaction: aTransaction(8) }));
  journal.insert(anEntry({ id: "a", state: "included", transaction: aTransaction(7) }));
  journal.insert(anEntry({ id: "d", state: "final", transaction: aTransaction(90) }));
  expect(journal.nextNonce()).toBe(9);
  expect(journal.unfinished().map((entry) => entry.id)).toEqual(["a", "b", "c"]);
  journal.close();
});

test("a prefix finds its own entries only, newest first, and a sequence never goes back", () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  for (const id of ["settle:1:1", "settle:1:2", "settle:11:1"]) journal.insert(anEntry({ id }));
  expect(journal.withPrefix("settle:1:").map((entry) => entry.id)).toEqual([
    "settle:1:2",
    "settle:1:1",
  ]);
  journal.saveSeq("s", 10);
  journal.saveSeq("s", 9);
  expect(journal.lastSeq("s")).toBe(10);
  expect(journal.lastSeq("other")).toBe(0);
  journal.close();
});

test("whatever was refused under a prefix takes no place among what was done under it", () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  journal.insert(anEntry({ id: "recover:1:0", state: "reverted" }));
  for (let at = 1; at <= 64; at += 1)
    journal.insert(anEntry({ id: `recover:1:${at}`, state: "refused" }));
  expect(journal.withPrefix("recover:1:").map((entry) => entry.id)).toEqual(["recover:1:0"]);
  journal.close();
});

test("lost races and their gas are there when the journal is opened again, each until it is older than asked for", () => {
  const dataDir = temporaryFolder();
  const first = sqliteJournal({ dataDir, agent: "base-1" });
  loseRace(first, { jobId: hash32("01"), gasCostWei: String(10n ** 20n), atMs: 1_000 });
  loseRace(first, { jobId: hash32("02"), gasCostWei: "7", atMs: 2_000 });
  first.close();
  const second = sqliteJournal({ dataDir, agent: "base-1" });
  expect(second.lostRaces(999)).toEqual({ count: 2, gasCostWei: 10n ** 20n + 7n });
  expect(second.lostRaces(1_000)).toEqual({ count: 1, gasCostWei: 7n });
  expect(second.lostRaces(2_000)).toEqual({ count: 0, gasCostWei: 0n });
  second.close();
});

test("the newest receipt of a job says whether its race is lost, and only one of a race is counted", () => {
  const journal = sqliteJournal({ dataDir: temporaryFolder(), agent: "base-1" });
  const jobId = hash32("01");
  loseRace(journal, { jobId, gasCostWei: "7", atMs: 1_000 });
  const entry = anEntry({ state: "reverted" });
  const tell = (change: Parameters<typeof aLostRace>[0]) =>
    journal.replace(entry, "reverted", aLostRace({ jobId, ...change }));
  tell({ outcome: "expired", gasCostWei: "9", atMs: 2_000 });
  expect(journal.lostRaces(0)).toEqual({ count: 1, gasCostWei: 9n });
  tell({ outcome: "included", reason: null });
  expect(journal.lostRaces(0).count).toBe(0);
  tell({ reason: null });
  tell({ outcome: "refused" });
  expect(journal.lostRaces(0).count).toBe(0);
  journal.close();
});

test("a journal of the version without lost races is taken over with all it holds", () => {
  const dataDir = temporaryFolder();
  const first = sqliteJournal({ dataDir, agent: "base-1" });
  first.insert(anEntry());
  first.close();
  const database = new DatabaseSync(join(dataDir, "base-1.sqlite"));
  database.exec("DROP TABLE lost_races; DROP TABLE pruned; PRAGMA user_version = 2");
  database.close();
  for (let start = 0; start < 2; start += 1) {
    const journal = sqliteJournal({ dataDir, agent: "base-1" });
    expect(journal.get(hash32("01"))).toEqual(anEntry());
    expect(journal.lostRaces(0)).toEqual({ count: 0, gasCostWei: 0n });
    journal.close();
  }
});
