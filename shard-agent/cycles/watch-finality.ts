import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ReadWatch } from "#shard-agent/ports/read-watch.ts";
import { describeReplaced } from "#shard-agent/records/replaced-block.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { Hex } from "#shared/units/ids.ts";

export type FinalityPorts = {
  readonly chain: Pick<ChainReader, "headerAt" | "finalized">;
  readonly journal: Pick<Journal, "endedIn">;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly log: Log;
};

const LOOK_EVERY_MS = 10_000;

/**
 * Looks now and then whether the newest final block in which something of the journal ended is still in the chain. If
 * another one is in its place, twice, the chain was restored from an older state or reorganised deeper than finality: what
 * the journal holds for done may not be, and nothing is signed any more. The journal outlives the process, so each start
 * finds the same. A node that is behind proves nothing.
 *
 * @param accepted Hash of a block that people have accepted in the place of a final one.
 */
export function finalityWatcher(
  { chain, journal, memory, clock, log }: FinalityPorts,
  accepted: Hex | null,
): () => Promise<void> {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const atMs = clock.nowMs();
    if (memory.replacedBlock != null || Math.abs(atMs - lookedAtMs) < LOOK_EVERY_MS) return;
    const finalized = await chain.finalized();
    const ended = finalized === null ? undefined : journal.endedIn(finalized.number);
    if (ended !== undefined) {
      const { id: entryId, blockNumber, blockHash: was } = ended;
      const found = (await chain.headerAt(blockNumber))?.hash ?? was;
      const isReplaced = found !== was && found !== accepted;
      if (isReplaced && (await chain.headerAt(blockNumber))?.hash === found) {
        memory.replacedBlock = { entryId, blockNumber, was, found, atMs };
        log.error("a final block was replaced: nothing is signed until people have compared", {
          ...memory.replacedBlock,
        });
      }
    }
    lookedAtMs = atMs;
  };
}

/** A replaced final block counts as a contradiction of the endpoints that no minute ends: whatever rests on reads stops. */
export function withFinality(watch: ReadWatch, memory: Memory): ReadWatch {
  return {
    ...watch,
    disagreement: () => {
      const replaced = memory.replacedBlock ?? null;
      if (replaced === null) return watch.disagreement();
      return { endpoints: [], what: describeReplaced(replaced), atMs: replaced.atMs };
    },
  };
}
