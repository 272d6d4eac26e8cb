import { beforeEach, expect, test } from "vitest";
import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import { remember } from "#coordinator/cycles/jobs/change-jobs.ts";
import { keepSafety, recallSafety } from "#coordinator/cycles/safety/keep-safety.ts";
import type { Journal } from "#coordinator/ports/journal.ts";
import type { JobRecord } from "#coordinator/records/jobs/job-record.ts";
import { NEW_SAFETY, safetyMemorySchema } from "#coordinator/records/safety/safety-memory.ts";
import { aJobRecord, NOW_MS } from "#test/support/coordinator/coordinator-pass.ts";
import {
  freshJournal,
  freshState,
  ONE_SETUP,
} from "#test/support/coordinator/fresh-coordinator.ts";
import { hash32 } from "#test/support/coordinator/shard-report.ts";
import { memoryLog } from "#test/support/runner/memory-log.ts";

const log = memoryLog();
let journal: Journal & { readonly close: () => void };

beforeEach(() => {
  journal = freshJournal();
});

function started(): CoordinatorState {
  const state = freshState(ONE_SETUP);
  state.manualHalt = journal.halts.current();
  recallSafety(state, { journal, log }, NOW_MS);
  return state;
}

test("a memory that cannot be read halts over restarts, although the next one can be read", () => {
  const { load } = journal.safety;
  const unreadable = () => ({ readable: false, reason: "breakers: expected record" }) as const;
  journal = { ...journal, safety: { ...journal.safety, load: unreadable } };
  const state = started();
  expect(state.manualHalt?.reason).toContain("cannot be read");
  keepSafety(state, { journal, log }, { change: {}, events: [], nowMs: NOW_MS });
  journal = { ...journal, safety: { ...journal.safety, load } };
  expect(started().manualHalt?.reason).toContain("cannot be read");
});

test("a memory of before refusals were counted is read, with none", () => {
  const { refusals, ...before } = NEW_SAFETY;
  expect(safetyMemorySchema.parse(before)).toEqual({ ...before, refusals });
});

test("a late receipt of an old failure makes it neither new nor the newest", () => {
  const state = started();
  const over = (id: string, end: JobRecord["state"], settledAtMs: number): JobRecord => {
    const job = aJobRecord({ jobId: hash32(id), state: end });
    return { ...job, times: { ...job.times, settledAtMs } };
  };
  const [failure, success] = [over("a1", "expired", NOW_MS), over("a2", "settled", NOW_MS + 1000)];
  const note = (job: JobRecord, nowMs: number): void =>
    remember(state, { jobs: journal.jobs, log }, job, { event: "receipt", nowMs });
  note(success, NOW_MS + 1000);
  note(failure, NOW_MS + 3_600_000);
  note(failure, NOW_MS + 7_200_000);
  expect(state.outcomes.map(({ jobId, atMs }) => [jobId, atMs])).toEqual([
    [failure.jobId, NOW_MS],
    [success.jobId, NOW_MS + 1000],
  ]);
});
