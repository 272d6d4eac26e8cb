import type { ChainReader } from "#shard-agent/ports/chain.ts";
import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import { DAY_MS } from "#shared/units/time.ts";

const EVERY_MS = 3_600_000;

export type PrunePorts = {
  readonly journal: Journal;
  readonly chain: Pick<ChainReader, "finalized">;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Drops what ended so long ago, by the time of the newest final block or by the clock, whichever is earlier: every hour, and
 * at every call as long as there is more.
 *
 * @returns To be called at every head. @throws {RetryableError} When the chain did not answer.
 */
export function journalPruner(
  ports: PrunePorts,
  o: { readonly keepDays: number; readonly pruneEveryMs?: number },
): () => Promise<void> {
  let nextAtMs = 0;
  return async () => {
    const nowMs = ports.clock.nowMs();
    if (nowMs < nextAtMs) return;
    const finalized = await ports.chain.finalized();
    if (finalized === null) return;
    // By the earlier of both: a lie about the time, or a clock that is ahead, would refuse jobs to come.
    const atMs = Math.min(finalized.timestampMs, nowMs);
    const untilSeconds = Math.floor((atMs - o.keepDays * DAY_MS) / 1000);
    const { isMore, ...dropped } = ports.journal.prune({ untilSeconds, nowMs });
    if (!isMore) nextAtMs = nowMs + (o.pruneEveryMs ?? EVERY_MS);
    if (dropped.links > 0)
      ports.log.info("old entries of the journal were dropped", { ...dropped, untilSeconds });
  };
}
