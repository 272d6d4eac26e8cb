import type { BookEntry } from "#coordinator/records/book-entry.ts";
import type { ShardSetup } from "#coordinator/records/shard-setup.ts";
import { mandateWindow, windowProblem } from "#coordinator/stages/jobs/issue-jobs.ts";
import type { Policy } from "#shared/policy/policy-schema.ts";

/**
 * Shards whose reports are not stale yet, but so old that mandates resting on them would leave no shard the time for a
 * block: carried like stale ones, they do not hold back the others. The oldest go first, and only as many as it takes; none
 * where that would not help, or where some shard could execute as it is: whoever could plan with all plans with all.
 *
 * @param fresh Entries that a plan would rest on.
 */
export function laggingReports(
  fresh: readonly BookEntry[],
  o: {
    readonly setups: ReadonlyMap<string, ShardSetup>;
    readonly policy: Policy;
    readonly nowMs: number;
  },
): ReadonlySet<string> {
  const { setups, policy, nowMs } = o;
  const canExecute = (entries: readonly BookEntry[]): boolean => {
    const window = mandateWindow(entries, setups, policy, nowMs);
    return entries.some(({ report }) => {
      const setup = setups.get(report.shard);
      return setup !== undefined && windowProblem(window, setup, nowMs) === undefined;
    });
  };
  const staleAtMs = ({ report }: BookEntry): number => {
    return report.block.timestampMs + (setups.get(report.shard)?.staleAfterMs ?? 0);
  };
  const oldestLast = [...fresh].sort((one, other) => staleAtMs(other) - staleAtMs(one));
  for (let count = oldestLast.length; count > 0; count -= 1) {
    if (canExecute(oldestLast.slice(0, count)))
      return new Set(oldestLast.slice(count).map(({ report }) => report.shard));
  }
  return new Set();
}
