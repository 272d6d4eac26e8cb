import {
  type CoordinatorState,
  newCoordinatorState,
  type StateOptions,
} from "#coordinator/cycles/coordinator-state.ts";
import type { Journal } from "#coordinator/ports/journal.ts";

/** What a former run left: books as they last were (stale until reported anew), jobs, transfers, an ordered halt. */
export function recallState(journal: Journal, begin: StateOptions): CoordinatorState {
  const state = newCoordinatorState(begin);
  for (const entry of journal.messages.lastEntries()) {
    if (!begin.setups.has(entry.report.shard)) continue;
    state.books.set(entry.report.shard, entry);
    state.reportedNet.take(entry.report);
  }
  for (const [key, seq] of journal.messages.lastSeqs()) state.lastSeqs.set(key, seq);
  for (const job of journal.jobs.unresolved()) state.jobs.set(job.jobId, job);
  for (const record of journal.transfers.open()) state.transfers.set(record.guid, record);
  state.manualHalt = journal.halts.current();
  return state;
}
