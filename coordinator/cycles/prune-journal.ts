import type { CoordinatorState } from "#coordinator/cycles/coordinator-state.ts";
import type { JournalPruner } from "#coordinator/ports/journal.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { DAY_MS } from "#shared/units/time.ts";

/** Drops what is over and older than the policy keeps, but for what the ledger of losses still counts with. */
export async function pruneOldRows(
  state: CoordinatorState,
  {
    journal,
    clock,
    log,
  }: { readonly journal: JournalPruner; readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const nowMs = clock.nowMs();
  const beforeMs = nowMs - state.policy.journal.keepDays * DAY_MS;
  const keepJobIds = [...Object.keys(state.safety.ledger.transfers), ...state.jobs.keys()];
  const dropped = journal.prune({ beforeMs, nowMs, keepJobIds });
  if (Object.values(dropped).some((count) => count > 0))
    log.info("old rows of the journal were dropped", { ...dropped, beforeMs });
}
