import type { Journal } from "#shard-agent/ports/journal.ts";
import type { Memory } from "#shard-agent/ports/memory.ts";
import type { ShardScope } from "#shard-agent/records/shard-scope.ts";
import { judgeRace, RACE_WINDOW_MS } from "#shard-agent/stages/judge-race.ts";
import { gasFeeCapWei } from "#shard-agent/stages/price-gas.ts";
import type { Clock } from "#shared/ports/clock.ts";
import type { Log } from "#shared/ports/log.ts";
import type { RebalanceJob } from "#shared/wire/rebalance-job.ts";

type RacePorts = {
  readonly journal: Pick<Journal, "lostRaces" | "unfinished">;
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: Memory;
  readonly scope: ShardScope;
};

export type RaceBudget = {
  /**
   * Reserves a job's gas cap until `leave`, which may be called once the journal has the job; null when
   * the budget has no room for one more race.
   */
  readonly enter: (job: RebalanceJob) => { readonly leave: () => void } | null;
};

/** Holds what lost races cost within 24 hours to `maxWei`, over restarts; logs once when it is spent, and once when it is free again. */
export function raceBudget(ports: RacePorts, maxWei: bigint): RaceBudget {
  /** Gas caps of jobs that are begun, by id; the journal may not have them yet. */
  const entered = new Map<string, bigint>();
  let isSpent = false;
  const underWayWei = (): bigint => {
    const caps = new Map(entered);
    for (const { id, kind, state, gasFeeCapWei: capWei } of ports.journal.unfinished()) {
      // What is in a block is won, or lost and counted.
      if (kind === "job" && state !== "included") caps.set(id, capWei);
    }
    return [...caps.values()].reduce((sum, one) => sum + one, 0n);
  };
  return {
    enter: (job) => {
      const lost = ports.journal.lostRaces(ports.clock.nowMs() - RACE_WINDOW_MS);
      const room = judgeRace({ lost, underWayWei: underWayWei(), maxWei });
      if ((room === "spent") !== isSpent) {
        isSpent = !isSpent;
        const fields = { ...lost, lostRacesMaxWeiPerDay: maxWei };
        if (isSpent) ports.log.warn("lost races have used up their budget; standing by", fields);
        else ports.log.info("lost races are within their budget again; competing", fields);
      }
      const { jobId } = job.mandate;
      // Given by the queue and seen in it: one race, and whoever entered it leaves it.
      if (entered.has(jobId)) return { leave: () => {} };
      if (room !== "open") return null;
      entered.set(jobId, gasFeeCapWei(job.params, ports.memory.snapshot, ports.scope));
      return { leave: () => entered.delete(jobId) };
    },
  };
}
