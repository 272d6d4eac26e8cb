import type { Journal } from "#shard-agent/ports/journal.ts";
import type { JournalState } from "#shard-agent/records/journal-entry.ts";
import type { FaultKind, Faults } from "#test/simulation/engine/faults.ts";
import type { SimProcess } from "#test/simulation/engine/process.ts";

const CRASH_OF: Partial<Record<JournalState, FaultKind>> = {
  received: "agent-crash-received",
  checked: "agent-crash-checked",
  signed: "agent-crash-signed",
  broadcast: "agent-crash-broadcast",
  included: "agent-crash-included",
  final: "agent-crash-final",
};
const CRASH_CHANCE = 0.06;

/**
 * A journal that only a living process can use, and around whose writes that process may be killed:
 * just before, when the entry is not there after a restart, or just after, when it is.
 */
export function crashingJournal(
  disk: Journal,
  process: SimProcess,
  o: { readonly faults: Faults; readonly onCrash: () => void; readonly isWritable: () => boolean },
): Journal {
  const crash = (state: JournalState): void => {
    const kind = CRASH_OF[state];
    if (kind === undefined || !o.faults.roll(kind, CRASH_CHANCE)) return;
    o.faults.bit(kind);
    process.kill();
    o.onCrash();
    process.requireAlive();
  };
  const write = (state: JournalState, run: () => void): void => {
    process.requireAlive();
    crash(state);
    run();
    crash(state);
  };
  const alive = <Args extends unknown[], Result>(run: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      process.requireAlive();
      return run(...args);
    };
  };
  return {
    ...disk,
    get: alive(disk.get),
    insert: (entry) => write(entry.state, () => disk.insert(entry)),
    replace: (entry, from, receipt) => write(entry.state, () => disk.replace(entry, from, receipt)),
    lostRaces: alive(disk.lostRaces),
    signedCosts: alive(disk.signedCosts),
    unfinished: alive(disk.unfinished),
    withPrefix: alive(disk.withPrefix),
    nextNonce: alive(disk.nextNonce),
    saveSeq: alive(disk.saveSeq),
    queueReceipt: alive(disk.queueReceipt),
    queuedReceipts: alive(disk.queuedReceipts),
    dropReceipt: alive(disk.dropReceipt),
    prune: alive(disk.prune),
    prunedUntilSeconds: alive(disk.prunedUntilSeconds),
    isWritable: () => disk.isWritable() && o.isWritable(),
  };
}
