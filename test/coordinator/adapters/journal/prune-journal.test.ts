import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openSqliteJournal } from "#coordinator/adapters/journal/sqlite-journal.ts";
import { planPass } from "#coordinator/cycles/planning/plan-pass.ts";
import { isUnresolvedJob, type JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { NEW_SAFETY, type SafetyEvent } from "#coordinator/records/safety/safety-memory.ts";
import { anEntry, aPassInput, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import { aTransferRecord } from "#test/support/coordinator/transfer-record.ts";
import { temporaryFolder } from "#test/support/runner/temporary-folder.ts";

const DAY_MS = 86_400_000;
const ENTRIES = [anEntry({ shard: "ethereum" }), anEntry({ shard: "base", calls: -60 })];
const EVENT: SafetyEvent = {
  type: "order",
  atMs: NOW_MS,
  shard: "base",
  order: "release",
  target: null,
  reason: "over",
};

/** One decision with its jobs, so many days ago; its jobs are over where `isOver`. */
type Past = { readonly daysAgo: number; readonly isOver: boolean; readonly halts: boolean };

function open() {
  const file = path.join(temporaryFolder(), "journal.sqlite");
  return { file, journal: openSqliteJournal(file) };
}

function write(
  journal: ReturnType<typeof openSqliteJournal>,
  pasts: readonly Past[],
): readonly JobRecord[] {
  return pasts
    .toSorted((one, other) => other.daysAgo - one.daysAgo)
    .flatMap(({ daysAgo, isOver, halts }, index) => {
      const atMs = NOW_MS - daysAgo * DAY_MS;
      const { decision, jobs } = planPass(aPassInput(ENTRIES, { sequence: index + 1 }));
      const dated = jobs.map((job): JobRecord => {
        const times = { ...job.times, recordedAtMs: atMs, settledAtMs: isOver ? atMs : null };
        return { ...job, times, state: isOver ? "expired" : "sent" };
      });
      journal.decisions.record({ ...decision, atMs }, dated);
      for (const job of dated) journal.jobs.update(job, "sent", atMs);
      if (halts) {
        journal.halts.halt({ reason: `drill ${index}`, atMs });
        journal.halts.resume({ reason: `over ${index}`, atMs });
      }
      journal.safety.save(NEW_SAFETY, [{ ...EVENT, atMs }]);
      return dated;
    });
}

const prune = (
  journal: ReturnType<typeof openSqliteJournal>,
  keepDays: number,
  keep: string[] = [],
) => journal.prune({ beforeMs: NOW_MS - keepDays * DAY_MS, nowMs: NOW_MS, keepJobIds: keep });

const pasts = fc.array(
  fc.record({ daysAgo: fc.nat(200), isOver: fc.boolean(), halts: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
);

test("a journal verifies after pruning as before, whatever is in it, and nothing in flight or young is gone", () => {
  fc.assert(
    fc.property(pasts, fc.integer({ min: 1, max: 150 }), (written, keepDays) => {
      const { file, journal } = open();
      const jobs = write(journal, written);
      const before = journal.decisions.count();
      const outcome = prune(journal, keepDays);
      prune(journal, keepDays);
      journal.close();
      const again = openSqliteJournal(file);
      for (const job of jobs) {
        const isYoung = (job.times.settledAtMs ?? 0) >= NOW_MS - keepDays * DAY_MS;
        if (isUnresolvedJob(job) || isYoung) {
          expect(again.jobs.find(job.jobId)).toEqual(job);
          expect(again.decisions.find(job.planId ?? "")).toBeDefined();
        }
      }
      expect(again.jobs.unresolved()).toHaveLength(jobs.filter(isUnresolvedJob).length);
      expect(again.decisions.count()).toBe(before - outcome.decisions);
      expect(again.decisions.nextSequence()).toBe(written.length + 1);
      // It goes on as before.
      again.halts.halt({ reason: "after", atMs: NOW_MS });
      again.close();
      openSqliteJournal(file).close();
    }),
    { numRuns: 12 },
  );
});

const OLD: readonly Past[] = [
  { daysAgo: 120, isOver: true, halts: true },
  { daysAgo: 100, isOver: false, halts: true },
  { daysAgo: 1, isOver: true, halts: false },
];

test("what is over and old is dropped with its links, and what an order names is kept", () => {
  const { journal } = open();
  const [first, ...rest] = write(journal, OLD);
  if (first === undefined) throw new Error("no job");
  const kept = prune(journal, 90, [first.jobId]);
  expect(journal.jobs.find(first.jobId)).toBeDefined();
  expect(kept.links).toBeGreaterThan(0);
  expect(journal.decisions.find(first.planId ?? "")).toBeDefined();
  // What stayed was linked anew: it is dropped as long after that.
  const laterMs = NOW_MS + 100 * DAY_MS;
  journal.prune({ beforeMs: laterMs - 90 * DAY_MS, nowMs: laterMs, keepJobIds: [] });
  expect(journal.jobs.find(first.jobId)).toBeUndefined();
  expect(journal.decisions.find(first.planId ?? "")).toBeUndefined();
  for (const job of rest.filter(isUnresolvedJob)) expect(journal.jobs.find(job.jobId)).toEqual(job);
  journal.close();
});

test("a message that is not closed stays however old it is, and the newest safety events do", () => {
  const { journal } = open();
  write(journal, OLD);
  const atMs = NOW_MS - 200 * DAY_MS;
  const open1 = aTransferRecord({ progressAtMs: atMs });
  journal.transfers.update(open1);
  journal.transfers.update({ ...open1, guid: `0x${"77".repeat(32)}`, isClosed: true });
  expect(prune(journal, 90)).toMatchObject({ transfers: 1, safetyEvents: 0 });
  expect(journal.transfers.open()).toHaveLength(1);
  journal.safety.save(
    NEW_SAFETY,
    Array.from({ length: 500 }, () => ({ ...EVENT, atMs })),
  );
  expect(prune(journal, 90).safetyEvents).toBeGreaterThan(200);
  // The newest two hundred, and the one that is young.
  expect(journal.safety.events(1000)).toHaveLength(201);
  journal.close();
});

describe("a pruned journal is refused", () => {
  test.each([
    [
      "when its checkpoint was altered",
      "UPDATE audit_checkpoint SET chain = '00'",
      /link \d+ does not follow/,
    ],
    [
      "when its checkpoint was moved",
      "UPDATE audit_checkpoint SET number = number + 1",
      /does not follow/,
    ],
    ["when its checkpoint was removed", "DELETE FROM audit_checkpoint", /does not follow/],
    [
      "when a job that stayed was altered",
      "UPDATE jobs SET body = replace(body, 'sent', 'gone')",
      /was altered/,
    ],
    ["when a decision that stayed was removed", "DELETE FROM decisions", /was removed/],
    [
      "when its tail was lost",
      "DELETE FROM audit WHERE number = (SELECT MAX(number) FROM audit)",
      /journal-corrupt/,
    ],
  ])("%s", (_, statement, found) => {
    const { file, journal } = open();
    write(journal, OLD);
    prune(journal, 90);
    journal.close();
    const db = new DatabaseSync(file);
    db.exec(statement);
    db.close();
    expect(() => openSqliteJournal(file).close()).toThrow(found);
  });
});
