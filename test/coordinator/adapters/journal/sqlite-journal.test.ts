import { spawnSync } from "node:child_process";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import type { RefusedMessage } from "#coordinator/ports/journal.ts";
import {
  aJobRecord,
  anEntry,
  aPassInput,
  NOW_MS,
} from "#test/support/coordinator/coordinator-pass.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

function journalPath(): string {
  return path.join(temporaryFolder(), "deep", "journal.sqlite");
}

const PASS = planPass(
  aPassInput([anEntry({ shard: "ethereum" }), anEntry({ shard: "base", calls: -60 })]),
);

test("a decision and its jobs are there again after reopening, whole", () => {
  const file = journalPath();
  const first = openSqliteJournal(file);
  expect(first.decisions.nextSequence()).toBe(1);
  first.decisions.record(PASS.decision, PASS.jobs);
  first.close();
  const second = openSqliteJournal(file);
  expect(second.decisions.list(10)).toEqual([PASS.decision]);
  expect(second.jobs.unresolved()).toEqual(PASS.jobs);
  expect(second.decisions.nextSequence()).toBe(2);
  expect(second.decisions.count()).toBe(1);
  second.close();
});

test("what was recorded survives kill -9 right after the call returned", () => {
  const file = journalPath();
  const program = `
    import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
    import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
    import { anEntry, aPassInput } from "#test/support/coordinator/coordinator-pass.ts";
    const pass = planPass(aPassInput([anEntry({ shard: "ethereum" }), anEntry({ shard: "base", calls: -60 })]));
    const journal = openSqliteJournal(${JSON.stringify(file)});
    journal.decisions.record(pass.decision, pass.jobs);
    process.kill(process.pid, "SIGKILL");
  `;
  const died = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", program], {
    cwd: process.cwd(),
    encoding: "utf8",
  });
  expect(died.stderr).toBe("");
  expect(died.signal).toBe("SIGKILL");
  const journal = openSqliteJournal(file);
  expect(journal.decisions.list(1)).toEqual([PASS.decision]);
  expect(journal.jobs.unresolved()).toEqual(PASS.jobs);
  journal.close();
});

test("a decision that fails half-way leaves nothing behind", () => {
  const journal = openSqliteJournal(journalPath());
  const broken = {
    ...PASS.jobs[0],
    toJSON: () => {
      throw new Error("cannot be written");
    },
  } as unknown as (typeof PASS.jobs)[number];
  expect(() => journal.decisions.record(PASS.decision, [...PASS.jobs, broken])).toThrow(
    "cannot be written",
  );
  expect(journal.decisions.count()).toBe(0);
  expect(journal.jobs.list({ limit: 10 })).toEqual([]);
  journal.decisions.record(PASS.decision, PASS.jobs);
  expect(journal.decisions.count()).toBe(1);
  journal.close();
});

test("commits are on disk: WAL with synchronous FULL", () => {
  const file = journalPath();
  const journal = openSqliteJournal(file);
  const other = new DatabaseSync(file, { readOnly: true });
  expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  other.close();
  journal.close();
});

describe("jobs", () => {
  test("keep their newest state, are listed newest first and counted by state", () => {
    const journal = openSqliteJournal(journalPath());
    const [one, two] = [aJobRecord({ jobId: hash32("01") }), aJobRecord({ jobId: hash32("02") })];
    journal.jobs.update(one, "recorded", NOW_MS);
    journal.jobs.update(two, "recorded", NOW_MS);
    journal.jobs.update({ ...one, state: "expired" }, "not-consumed", NOW_MS + 1);
    expect(journal.jobs.list({ limit: 10 }).map((job) => job.jobId)).toEqual([
      two.jobId,
      one.jobId,
    ]);
    expect(journal.jobs.list({ limit: 10, state: "expired" }).map((job) => job.jobId)).toEqual([
      one.jobId,
    ]);
    expect(journal.jobs.list({ limit: 1 })).toHaveLength(1);
    expect(journal.jobs.countByState()).toEqual({ sent: 1, expired: 1 });
    expect(journal.jobs.unresolved().map((job) => job.jobId)).toEqual([two.jobId]);
    expect(journal.jobs.find(one.jobId)?.state).toBe("expired");
    expect(journal.jobs.find(hash32("09"))).toBeUndefined();
    journal.close();
  });

  test("settled on a block that is not final are still watched; shadow jobs never are", () => {
    const journal = openSqliteJournal(journalPath());
    const consumption = {
      blockNumber: 5,
      blockTimestampMs: NOW_MS,
      amountInRaw: "1",
      amountOutRaw: "1",
      isFinal: false,
    };
    const settled = aJobRecord({ jobId: hash32("01"), state: "settled", consumption });
    journal.jobs.update(settled, "consumed", NOW_MS);
    journal.jobs.update(
      aJobRecord({ jobId: hash32("02"), shadow: true, state: "recorded" }),
      "recorded",
      NOW_MS,
    );
    expect(journal.jobs.unresolved().map((job) => job.jobId)).toEqual([settled.jobId]);
    journal.jobs.update(
      { ...settled, consumption: { ...consumption, isFinal: true } },
      "consumed",
      NOW_MS,
    );
    expect(journal.jobs.unresolved()).toEqual([]);
    journal.close();
  });
});

describe("messages", () => {
  const refused = (number: number): RefusedMessage => ({
    kind: "report",
    shard: "base",
    agent: "base-1",
    entryId: `${number}-0`,
    reason: "malformed",
    detail: "body: field is missing",
    bodyHead: new Uint8Array([1, 2, number % 256]),
    atMs: NOW_MS + number,
  });

  test("the newest book of each shard and the newest sequence of each agent are kept", () => {
    const file = journalPath();
    const first = openSqliteJournal(file);
    const old = anEntry({ shard: "base", calls: -1 });
    const other = anEntry({ shard: "ethereum" });
    const newest = { ...old, report: { ...old.report, seq: old.report.seq + 1000 } };
    first.messages.keep([old, other], []);
    first.messages.keep([newest], []);
    first.close();
    const second = openSqliteJournal(file);
    expect(second.messages.lastEntries()).toEqual([newest, other]);
    expect(second.messages.lastSeqs()).toEqual(
      new Map([
        ["base/base-1", newest.report.seq],
        ["ethereum/ethereum-1", other.report.seq],
      ]),
    );
    second.close();
  });

  test("the newest hundred refused messages are kept with why and their first bytes", () => {
    const journal = openSqliteJournal(journalPath());
    for (let number = 0; number < 130; number += 10) {
      journal.messages.keep(
        [],
        Array.from({ length: 10 }, (_, index) => refused(number + index)),
      );
    }
    const kept = journal.messages.refused(1000);
    expect(kept).toHaveLength(100);
    expect(kept[0]).toEqual(refused(129));
    expect(kept.at(-1)).toEqual(refused(30));
    journal.close();
  });
});

test("a halt is in force until a resume, also over a restart", () => {
  const file = journalPath();
  const first = openSqliteJournal(file);
  expect(first.halts.current()).toBeUndefined();
  first.halts.halt({ reason: "maintenance", atMs: 5 });
  first.close();
  const second = openSqliteJournal(file);
  expect(second.halts.current()).toEqual({ reason: "maintenance", atMs: 5 });
  second.halts.resume({ reason: "done", atMs: 6 });
  expect(second.halts.current()).toBeUndefined();
  second.close();
});

test("a file of another version, or that is no journal, is refused", () => {
  const file = journalPath();
  openSqliteJournal(file).close();
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 9");
  db.close();
  expect(() => openSqliteJournal(file)).toThrow("has version 9; must be 1");
  expect(() => openSqliteJournal(path.join(file, "journal.sqlite"))).toThrow("journal-unusable");
});
