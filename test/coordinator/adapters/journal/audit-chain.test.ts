import { copyFileSync, readFileSync, rmSync, truncateSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { anEntry, aPassInput, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const ENTRIES = [anEntry({ shard: "ethereum" }), anEntry({ shard: "base", calls: -60 })];
const FIRST = planPass(aPassInput(ENTRIES));
const SECOND = planPass(aPassInput(ENTRIES, { sequence: 2 }));

/** A journal with a decision, its jobs, one of them sent, and a halt. */
function written(): string {
  const file = path.join(temporaryFolder(), "journal.sqlite");
  const journal = openSqliteJournal(file);
  journal.decisions.record(FIRST.decision, FIRST.jobs);
  const [job] = FIRST.jobs;
  if (job === undefined) throw new Error("no job");
  journal.jobs.update({ ...job, state: "sent" }, "sent", NOW_MS);
  journal.halts.halt({ reason: "drill", atMs: NOW_MS });
  journal.close();
  return file;
}

function change(file: string, statement: string): () => void {
  const db = new DatabaseSync(file);
  db.exec(statement);
  db.close();
  return () => openSqliteJournal(file).close();
}

test("every decision, job, change of a job and order is a link, and a journal left alone opens again", () => {
  const file = written();
  openSqliteJournal(file).close();
  const db = new DatabaseSync(file, { readOnly: true });
  const links = db.prepare("SELECT kind, detail FROM audit ORDER BY number").all();
  db.close();
  expect(links.map(({ kind, detail }) => `${kind} ${detail}`)).toEqual([
    "decision timer",
    ...FIRST.jobs.map(() => "job recorded"),
    "job sent",
    "order halt",
  ]);
});

describe("a journal is refused, naming file and row,", () => {
  const KEPT = /journal-corrupt/;

  test.each([
    {
      name: "when a decision was altered",
      statement: "UPDATE decisions SET body = replace(body, 'outside the band', 'all was calm')",
      found: /decision 0x[0-9a-f]{64} was altered/,
    },
    {
      name: "when a job was altered",
      statement: "UPDATE jobs SET body = replace(body, '\"sent\"', '\"settled\"') WHERE number = 1",
      found: /job 0x[0-9a-f]{64} was altered/,
    },
    {
      name: "when an older state of a job was put back",
      statement: 'UPDATE jobs SET body = replace(body, \'"state":"sent"\', \'"state":"recorded"\')',
      found: /job 0x[0-9a-f]{64} was altered/,
    },
    {
      name: "when a decision was removed",
      statement: "DELETE FROM decisions",
      found: /decision 0x[0-9a-f]{64} was removed/,
    },
    {
      name: "when a job was removed",
      statement: "DELETE FROM jobs WHERE number = 1",
      found: /job 0x[0-9a-f]{64} was removed/,
    },
    {
      name: "when a halt was removed",
      statement: "DELETE FROM halts",
      found: /order 1 was removed/,
    },
    {
      name: "when a halt was turned into a resume",
      statement: "UPDATE halts SET kind = 'resume'",
      found: /order 1 was altered/,
    },
    {
      name: "when a job was slipped in",
      statement:
        "INSERT INTO jobs (job_id, state, unresolved, body) VALUES ('0x01', 'sent', 1, '{}')",
      found: /job 0x01 was altered/,
    },
    {
      name: "when a link was altered",
      statement: "UPDATE audit SET detail = 'report' WHERE number = 1",
      found: /link 1 does not follow from link 0/,
    },
    {
      name: "when a link was taken out",
      statement: "DELETE FROM audit WHERE number = 2",
      found: /link 3 does not follow from link 1/,
    },
    {
      name: "when the whole chain was taken out",
      statement: "DELETE FROM audit",
      found: /its tail is lost/,
    },
  ])("$name", ({ statement, found }) => {
    const file = written();
    const open = change(file, statement);
    expect(open).toThrow(found);
    expect(open).toThrow(KEPT);
    expect(open).toThrow(new RegExp(file.replaceAll("/", "\\/")));
  });

  test("when it is an older copy of itself", () => {
    const file = written();
    const old = `${file}.old`;
    copyFileSync(file, old);
    const journal = openSqliteJournal(file);
    journal.decisions.record(SECOND.decision, []);
    journal.close();
    copyFileSync(old, file);
    expect(() => openSqliteJournal(file)).toThrow(/its tail is lost: link \d+ was written/);
  });

  test("when a crash tore its log: SQLite alone would drop the tail without a word", () => {
    const file = written();
    const journal = openSqliteJournal(file);
    journal.decisions.record(SECOND.decision, []);
    const crashed = path.join(temporaryFolder(), "journal.sqlite");
    for (const suffix of ["", "-wal", ".mark"])
      copyFileSync(`${file}${suffix}`, `${crashed}${suffix}`);
    journal.close();
    openCopy(crashed).close();
    const wal = `${crashed}-wal`;
    truncateSync(wal, readFileSync(wal).length - 100);
    expect(() => openSqliteJournal(crashed)).toThrow(/its tail is lost/);
  });
});

/** Opens a second copy, so that the first keeps its log. */
function openCopy(file: string) {
  const copy = path.join(temporaryFolder(), "journal.sqlite");
  for (const suffix of ["", "-wal", ".mark"]) copyFileSync(`${file}${suffix}`, `${copy}${suffix}`);
  return openSqliteJournal(copy);
}

test("a journal of a version without a chain is taken over as it is, and covered from then on", () => {
  const file = written();
  rmSync(`${file}.mark`);
  const open = change(file, "DROP TABLE audit");
  open();
  expect(change(file, "UPDATE jobs SET body = '{}' WHERE number = 1")).toThrow(/was altered/);
});

test("what fails half-way leaves no link behind, and the next link follows", () => {
  const file = written();
  const journal = openSqliteJournal(file);
  expect(() => journal.decisions.record(FIRST.decision, [])).toThrow(/UNIQUE/);
  journal.decisions.record(SECOND.decision, []);
  journal.close();
  openSqliteJournal(file).close();
});
